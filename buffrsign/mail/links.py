"""The links that letters carry."""

from urllib.parse import quote


def signing_url(base: str, *, document_id: str, recipient_id: str) -> str:
    """Where one signer signs one document, as in `https://sign.example.com/doc_7/anna%40example.com`."""
    return "/".join([base.rstrip("/"), quote(document_id, safe=""), quote(recipient_id, safe="")])
