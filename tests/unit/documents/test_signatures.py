import pytest

from buffrsign.documents import Inspected, inspect
from buffrsign.documents.signatures import Coverage, Signature
from tests.support import described

DETACHED = "ETSI.CAdES.detached"


def signatures(data: bytes) -> tuple[Signature, ...]:
    found = inspect(data)
    assert isinstance(found, Inspected)
    assert found.structure is not None
    return found.structure.signatures


def test_a_signature_of_all_but_itself_covers_the_whole_file():
    assert signatures(described.signed()) == (Signature(DETACHED, False, Coverage.WHOLE_FILE, 0),)


def test_a_signature_that_others_follow_covers_an_earlier_revision():
    [signature] = signatures(described.signed(after=b"%more\n"))

    assert (signature.covers, signature.bytes_after) == (Coverage.EARLIER_REVISION, 6)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(described.signed(gap=1), id="leaves out more than itself"),
        pytest.param(described.signed()[:-3], id="cut off"),
        pytest.param(described.signed().replace(b"[0000000000", b"[0000000001"), id="begins late"),
        pytest.param(described.signed().replace(b"[0000000000", b"[(00000000)"), id="no numbers"),
        pytest.param(described.signed().replace(b"/ByteRange", b"/Nothing__"), id="no range"),
        pytest.param(described.signed().replace(b"/Contents", b"/Contents (x) /Cont"), id="another's contents"),
    ],
)
def test_a_signature_whose_range_is_not_right_is_broken(data):
    [signature] = signatures(data)

    assert signature.covers is Coverage.BROKEN


def test_an_earlier_revision_ends_where_a_revision_ends():
    data = described.signed(after=b"%more\n")
    inside = data.replace(b"%%EOF\n%more\n", b"%%EOL\n%more\n%%EOF\n")

    [signature] = signatures(inside)

    assert signature.covers is Coverage.BROKEN


def test_a_document_time_stamp_is_told_from_a_signature():
    [signature] = signatures(described.signed().replace(b"/Type /Sig /Sub", b"/Type /DocTimeStamp /Sub"))

    assert signature.is_timestamp
