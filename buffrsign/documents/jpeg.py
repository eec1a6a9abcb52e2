"""A JPEG's own data, without what else its file carries."""

_START, _END = 0xD8, 0xD9
_RESTARTS = range(0xD0, 0xD8)
_STUFFING = 0x00
_SCAN = 0xDA
_ADOBE = 0xEE  # says how its colours are stored, and nothing of whoever made it
_APPLICATIONS = range(0xE0, 0xF0)
_COMMENT = 0xFE


def without_metadata(data: bytes) -> bytes:
    """The same picture: its first frame up to its end, without application data but Adobe's, and without comments.

    Raises:
        ValueError: it does not begin as a JPEG, or ends too early.
    """
    kept = [b"\xff\xd8"]
    at = 2
    while True:
        at, marker = _next_marker(data, at)
        if marker == _END:
            return b"".join([*kept, b"\xff\xd9"])
        end = at + int.from_bytes(data[at : at + 2])
        if marker == _SCAN:
            end = _end_of_scan(data, end)
        if (marker not in _APPLICATIONS and marker != _COMMENT) or marker == _ADOBE:
            kept.append(data[at - 2 : end])
        at = end


def _next_marker(data: bytes, at: int) -> tuple[int, int]:
    """The marker here, and where what belongs to it begins; it may be padded (ITU-T T.81, B.1.1.2)."""
    if data[at : at + 1] != b"\xff":
        raise ValueError(f"no marker at byte {at}")
    while data[at : at + 1] == b"\xff":
        at += 1
    if at >= len(data):
        raise ValueError("the picture has no end")
    return at + 1, data[at]


def _end_of_scan(data: bytes, at: int) -> int:
    """Where the next marker is that does not belong to the scan's data."""
    while (at := data.find(b"\xff", at)) >= 0 and at + 1 < len(data):
        if data[at + 1] not in _RESTARTS and data[at + 1] != _STUFFING:
            return at
        at += 2
    raise ValueError("the scan has no end")
