"""The demo's own document: a two-page service agreement between two invented companies, the same bytes every time.

python -m workers.sample_agreement agreement.pdf
"""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from fpdf import FPDF
from fpdf.enums import Align, XPos, YPos
from fpdf.recorder import FPDFRecorder

TITLE = "Service Agreement"
MADE_ON = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)


class Party(NamedTuple):
    """One of the two companies, and who signs for it."""

    role: str
    name: str
    address: str
    signatory: str
    office: str


PARTIES = (
    Party(
        "Client",
        "Kokerboom Quartz Freight (Proprietary) Limited",
        "18 Tern Street, Walvis Bay",
        "Tuyakula Amweelo",
        "Managing Director",
    ),
    Party(
        "Provider",
        "Sandgrouse Data Works (Proprietary) Limited",
        "7 Camelthorn Avenue, Windhoek",
        "Petrus Strauss",
        "Director",
    ),
)

TERMS = (
    (
        "Services",
        "The Provider shall digitise the Client's consignment records for the depots at Walvis Bay, Tsumeb and Katima "
        "Mulilo, and shall keep the resulting register available to the Client on every business day.",
        "The Provider shall complete each depot within six weeks of receiving its records, shall return the paper "
        "records in the order in which they were received, and shall correct at its own cost any error that the Client "
        "reports within ninety days of delivery.",
    ),
    (
        "Term",
        "This agreement starts on 1 December 2026 and runs for twelve months. Either party may end it earlier by "
        "giving the other sixty days' notice in writing. Work done up to the end of the notice remains payable.",
    ),
    (
        "Fees and payment",
        "The Client shall pay the fees below, in Namibia dollars and exclusive of value-added tax, within thirty days "
        "of receiving an invoice. The Provider may suspend the Services while an undisputed invoice is more than "
        "thirty days late.",
    ),
)

FEES = (
    ("Item", "When payable", "Amount (N$)"),
    ("Set-up and training", "On signature", "48,500.00"),
    ("Digitising, each of three depots", "On completion of the depot", "126,000.00"),
    ("Keeping the register", "Monthly, in arrear", "9,750.00"),
)

CONDITIONS = (
    (
        "Confidentiality",
        "Each party shall keep the other's business and personal information confidential, shall use it only to "
        "perform this agreement, and shall return or delete it when this agreement ends.",
    ),
    (
        "Liability",
        "Neither party is liable to the other for loss of profit. The liability of either party under this agreement "
        "is limited to the fees paid or payable in the twelve months before the claim arose, except for loss caused "
        "wilfully or by gross negligence.",
    ),
    (
        "Electronic dealing",
        "The parties agree to deal with each other by data messages and to sign this agreement, and any amendment to "
        "it, by electronic signature. This clause records their agreement for the purposes of sections 17(2) and 20(2) "
        "of the Electronic Transactions Act, 2019 (Act 4 of 2019).",
        "Each party shall receive a complete copy of the signed agreement in a form that it can keep and use for later "
        "reference. A data message reaches a party when it can be retrieved at the address which that party has given.",
    ),
    (
        "Governing law",
        "The law of the Republic of Namibia governs this agreement. The parties submit to the jurisdiction of the High "
        "Court of Namibia.",
    ),
    (
        "General",
        "This document is the whole agreement between the parties. An amendment binds them only when both have signed "
        "it. A party that does not insist on a right at once does not give it up.",
    ),
)

_MARGIN_MM = 22
_LINE_MM = 5.3
_COLUMN_MM = 78
_GUTTER_MM = 10
_FEE_COLUMNS_MM = (66, 64, 36)
_INK = (28, 32, 38)
_PALE = (110, 116, 124)


class _Agreement(FPDF):
    def footer(self) -> None:
        """Where each party initials, and which page this is."""
        self.set_y(-18)
        self.set_font("Helvetica", size=8)
        self.set_text_color(*_PALE)
        self.cell(0, 4, "Initials:  Client ________    Provider ________")
        self.set_x(_MARGIN_MM)
        self.cell(0, 4, f"Page {self.page_no()}", align=Align.R, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.cell(0, 4, "Specimen. The parties and their representatives are invented.")
        self.set_text_color(*_INK)


def make_sample_agreement() -> bytes:
    """The agreement as a PDF, uncompressed so that its SHA-256 does not depend on the machine's zlib."""
    agreement = _blank_agreement()
    _write_title(agreement)
    _write_parties(agreement)
    _write_clauses(agreement, TERMS, first=1)
    _write_fees(agreement)
    _write_clauses(agreement, CONDITIONS, first=1 + len(TERMS))
    _write_signatures(agreement)
    return bytes(agreement.output())


def _blank_agreement() -> FPDF:
    agreement = _Agreement(format="A4")
    agreement.set_compression(False)
    agreement.set_creation_date(MADE_ON)
    agreement.set_producer("BuffrSign")
    agreement.set_title(f"{TITLE} (specimen)")
    agreement.set_lang("en-NA")
    agreement.set_margins(_MARGIN_MM, 20, _MARGIN_MM)
    agreement.set_auto_page_break(True, margin=26)
    agreement.set_text_color(*_INK)
    agreement.add_page()
    return agreement


def _write_title(agreement: FPDF) -> None:
    agreement.set_font("Helvetica", "B", 20)
    agreement.cell(0, 10, TITLE, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    agreement.set_font("Helvetica", size=10)
    agreement.cell(0, 6, "for the digitising of consignment records", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    agreement.ln(2)
    agreement.set_draw_color(*_INK)
    agreement.line(_MARGIN_MM, agreement.get_y(), agreement.w - _MARGIN_MM, agreement.get_y())
    agreement.ln(5)


def _write_parties(agreement: FPDF) -> None:
    _write_paragraph(agreement, "This agreement is made between:")
    for party, ending in zip(PARTIES, ("; and", "."), strict=True):
        _write_paragraph(
            agreement,
            f"**{party.name}**, of {party.address}, represented by {party.signatory}, {party.office} "
            f"(**the {party.role}**){ending}",
            indent=8,
        )


def _write_clauses(agreement: FPDF, clauses: tuple[tuple[str, ...], ...], *, first: int) -> None:
    for number, (heading, *paragraphs) in enumerate(clauses, start=first):
        with agreement.unbreakable() as clause:
            clause.ln(1.5)
            clause.set_font("Helvetica", "B", 10.5)
            clause.cell(0, 6, f"{number}.  {heading}", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
            for part, paragraph in enumerate(paragraphs, start=1):
                _write_paragraph(clause, paragraph, indent=8, label=f"{number}.{part}")


def _write_paragraph(agreement: FPDF | FPDFRecorder, text: str, *, indent: float = 0, label: str = "") -> None:
    agreement.set_font("Times", size=11)
    if label:
        agreement.cell(indent, _LINE_MM, label)
    agreement.set_x(_MARGIN_MM + indent)
    agreement.multi_cell(0, _LINE_MM, text, align=Align.J, markdown=True, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    agreement.ln(1.2)


def _write_fees(agreement: FPDF) -> None:
    agreement.ln(1)
    agreement.set_draw_color(*_PALE)
    agreement.set_fill_color(238, 240, 243)
    for row, cells in enumerate(FEES):
        agreement.set_font("Helvetica", "B" if row == 0 else "", 9)
        for cell, width, align in zip(cells, _FEE_COLUMNS_MM, (Align.L, Align.L, Align.R), strict=True):
            agreement.cell(width, 7, cell, border="TB", align=align, fill=row == 0)
        agreement.ln()
    agreement.ln(3)


def _write_signatures(agreement: FPDF) -> None:
    agreement.ln(8)
    top = agreement.get_y()
    for column, party in enumerate(PARTIES):
        agreement.set_xy(_MARGIN_MM + column * (_COLUMN_MM + _GUTTER_MM), top)
        _write_signature_block(agreement, party)


def _write_signature_block(agreement: FPDF, party: Party) -> None:
    agreement.set_font("Helvetica", "B", 10)
    _write_line(agreement, f"For the {party.role}", height=6)
    agreement.set_font("Helvetica", size=9)
    _write_line(agreement, party.name, height=5)
    _write_line(agreement, "Signed at ______________________ on this", height=15)
    _write_line(agreement, "______ day of __________________ 20____", height=7)
    _write_line(agreement, "", height=14)
    _write_line(agreement, "________________________________________", height=4)
    _write_line(agreement, f"{party.signatory}, {party.office}", height=6)
    _write_line(agreement, "who warrants that they are authorised to sign", height=4)
    _write_line(agreement, "As witnesses:", height=18)
    _write_line(agreement, "1. ______________________________________", height=8)
    _write_line(agreement, "2. ______________________________________", height=16)


def _write_line(agreement: FPDF, text: str, *, height: float) -> None:
    agreement.cell(_COLUMN_MM, height, text, new_x=XPos.LEFT, new_y=YPos.NEXT)


if __name__ == "__main__":
    Path(sys.argv[1]).write_bytes(make_sample_agreement())
