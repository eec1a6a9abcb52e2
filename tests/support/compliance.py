"""Small things that tests of the compliance checks share."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

import buffrsign.compliance
from buffrsign.compliance import AccreditationRecord, Evidence
from buffrsign.compliance.policy import PACKAGED

RULES = Path(buffrsign.compliance.__file__).parent / "rules" / PACKAGED
CHECKED = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
RECORD = AccreditationRecord(
    holder="Ministry",
    accredited_class="certification service",
    checked_by="user_3",
    checked_at=CHECKED,
    source="register",
)
READY: dict[str, object] = {
    "pdf.parse_ok": True,
    "pdf.encrypted": False,
    "pdf.render_ok": True,
    "pdf.text_extractable": True,
    "pdf.sha256": "ab" * 32,
    "ret.readback_ok_at": CHECKED,
    "claims.accreditation": [],
    "accred.record": None,
    "tx.signed_at": None,
}


def evidence(*without: str, **changed: Any) -> Evidence:
    """Evidence of a good document; `pdf__render_ok=False` changes a key, "pdf.render_ok" leaves it out."""
    values = READY | {key.replace("__", "."): value for key, value in changed.items()}
    return Evidence({key: value for key, value in values.items() if key not in without})


def rules() -> dict[str, Any]:
    """The packaged rules as plain data, to be changed by a test."""
    loaded: dict[str, Any] = yaml.load(RULES.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    return loaded
