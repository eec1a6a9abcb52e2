"""Keys in a setting: a list of ids and keys. The first one is used and all are known, so that they can be replaced."""

import base64
import binascii

from buffrsign.core.errors import Permanent

KEYS_FORM = "`id:key,id:key…`, each key 32 bytes in base64"
_FROM_URL_ALPHABET = str.maketrans("-_", "+/")


class KeysRefused(Permanent):
    """The keys are not spelt as they must be, or cannot be used here. The message holds no key."""


def read_keys(text: str, *, what: str) -> dict[str, bytes]:
    """The keys of `id:base64key,id2:base64key`, in their order. `what` they are is said in errors, which hold no key.

    Raises:
        KeysRefused: it is spelt otherwise, or two keys have one id.
    """
    keys: dict[str, bytes] = {}
    for number, part in enumerate(text.split(","), start=1):
        key_id, colon, encoded = part.strip().partition(":")
        if not colon:
            raise KeysRefused(f"{what} number {number} has no id; expected {KEYS_FORM}")
        if key_id in keys:
            raise KeysRefused(f"{what} number {number} has the id of one before it")
        try:
            # The alphabet of URLs is taken, too; anything else is refused, and not skipped.
            keys[key_id] = base64.b64decode(encoded.translate(_FROM_URL_ALPHABET), validate=True)
        except (binascii.Error, ValueError) as error:
            raise KeysRefused(f"{what} number {number} is no base64; expected {KEYS_FORM}") from error
    return keys
