import msgspec
import pytest

from buffrsign.compliance import Evidence
from buffrsign.compliance.rule import Condition

KNOWN = Evidence({"pdf.parse_ok": True, "claims.accreditation": [], "tx.signed_at": None})
TRUE, FALSE, UNKNOWN = {"is_true": "pdf.parse_ok"}, {"is_false": "pdf.parse_ok"}, {"is_true": "pdf.render_ok"}


@pytest.mark.parametrize(
    ("condition", "held"),
    [
        (TRUE, True),
        (FALSE, False),
        (UNKNOWN, None),
        ({"is_empty": "claims.accreditation"}, True),
        ({"is_not_empty": "claims.accreditation"}, False),
        ({"is_present": "tx.signed_at"}, False),
        ({"is_absent": "tx.signed_at"}, True),
        ({"is_absent": "accred.record"}, None),
        ({"before_commencement_of": "ch5"}, True),
        ({"before_commencement_of": "core"}, False),
        ({"all": [TRUE, UNKNOWN]}, None),
        ({"all": [FALSE, UNKNOWN]}, False),
        ({"any": [TRUE, UNKNOWN]}, True),
        ({"any": [FALSE, UNKNOWN]}, None),
        ({"any": [FALSE, {"all": [TRUE, TRUE]}]}, True),
        ({"any": [FALSE, FALSE]}, False),
    ],
)
def test_a_condition_is_undecided_only_where_the_missing_key_would_decide(condition, held):
    parsed = msgspec.convert(condition, Condition)

    assert parsed.holds(KNOWN, not_in_force=frozenset({"ch5"})) is held
