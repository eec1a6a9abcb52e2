"""How a protected document is protected."""

from io import BytesIO

import msgspec
import pikepdf
from pikepdf.models import EncryptionMethod


class Encryption(msgspec.Struct, frozen=True):
    """The cipher of its streams, `RC4-128` or `AES-256` for example, `none` where they have none.

    `revision` is that of the rules by which the key is made (ISO 32000-2, 7.6.4).
    """

    method: str
    revision: int


_NAMES_ITS_CIPHERS = 4  # before that version of the dictionary there was only one
_CIPHERS = {
    EncryptionMethod.rc4: "RC4",
    EncryptionMethod.aes: "AES",
    EncryptionMethod.aesv3: "AES",
}


def encryption_of(data: bytes) -> Encryption | None:
    """What a file that opens without a password says of its protection; None where qpdf does not call it protected.

    Raises:
        pikepdf.PikepdfError: qpdf cannot open it.
    """
    with pikepdf.open(BytesIO(data), suppress_warnings=True) as document:
        if not document.is_encrypted:
            return None
        stated = document.encryption
        cipher = "RC4" if stated.V < _NAMES_ITS_CIPHERS else _CIPHERS.get(stated.stream_method)
        return Encryption(f"{cipher}-{stated.bits}" if cipher else "none", stated.R)
