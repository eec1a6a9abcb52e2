"""Where documents may be sent: to a store, or a language model, that speaks TLS or is this machine."""

from ipaddress import ip_address
from urllib.parse import urlsplit

EXPECTED_ENDPOINT = "an https:// address without path; on loopback also http://"


EXPECTED_MODEL_URL = "an https:// address such as https://models.example.com/v1; on loopback also http://"


class EndpointRefused(ValueError):
    """The address has another form, or would carry documents in clear. The message never repeats it."""


def require_endpoint(url: str, *, allow_plain: bool) -> None:
    """Whether this is where documents may go.

    Raises:
        EndpointRefused: it is no such address; or it is http:// and neither on loopback nor allowed.
    """
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError as error:
        raise EndpointRefused("it cannot be read") from error
    if parts.scheme not in {"http", "https"} or not host or parts.path not in {"", "/"}:
        raise EndpointRefused("it has another form")
    if parts.username is not None or parts.query or parts.fragment:
        raise EndpointRefused("keys and options have settings of their own")
    if parts.scheme == "http" and not allow_plain and not _is_loopback(host):
        raise EndpointRefused("documents would travel in clear; use https://, or set BUFFRSIGN_ALLOW_PLAIN_S3=1")


def require_model_url(url: str) -> None:
    """Whether this is where the text of documents may go, to a language model.

    Raises:
        EndpointRefused: it is no such address; or it is http:// and not on loopback.
    """
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError as error:
        raise EndpointRefused("it cannot be read") from error
    if parts.scheme not in {"http", "https"} or not host or parts.query or parts.fragment:
        raise EndpointRefused("it has another form")
    if parts.username is not None:
        raise EndpointRefused("the key has a setting of its own")
    if parts.scheme == "http" and not _is_loopback(host):
        raise EndpointRefused("documents would travel in clear; use https://")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
