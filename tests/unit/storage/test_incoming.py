from io import BytesIO

import pytest

from buffrsign.storage import BlobTooLarge, Incoming, digest_of, receive
from tests.support.many_bytes import ManyBytes, many_bytes


class Counted(BytesIO):
    """It knows how much of it was read."""

    taken = 0

    def read(self, size: int | None = -1, /) -> bytes:
        piece = super().read(size)
        self.taken += len(piece)
        return piece


@pytest.mark.parametrize("size", [0, 1, 1024 * 1024, 2_500_000])
def test_a_stream_is_counted_named_and_may_be_read_again_and_again(size):
    with receive(ManyBytes(size), at_most_bytes=size) as incoming:
        pieces = [list(incoming.chunks()) for _ in range(2)]

    assert (incoming.size_bytes, incoming.sha256) == (size, digest_of(many_bytes(size)))
    assert [b"".join(each) for each in pieces] == [many_bytes(size)] * 2


def test_bytes_in_memory_are_incoming_like_a_stream():
    with receive(BytesIO(b"abc"), at_most_bytes=3) as streamed:
        incoming = Incoming.of(b"abc")

        assert (incoming.sha256, incoming.size_bytes) == (streamed.sha256, streamed.size_bytes)
        assert list(incoming.chunks(2)) == list(streamed.chunks(2)) == [b"ab", b"c"]


def test_a_stream_that_goes_on_too_long_is_refused_and_not_read_on():
    source = Counted(many_bytes(9_000_000))

    with (
        pytest.raises(BlobTooLarge, match="the upload has more than 2000000 bytes"),
        receive(source, at_most_bytes=2_000_000),
    ):
        pass

    assert source.taken <= 3 * 1024 * 1024
