"""How the facts come onto A4 pages: as many as they need, each with its number and the document it belongs to."""

from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime

from fpdf import FPDF
from fpdf.enums import TableBordersLayout, TextEmphasis, XPos, YPos
from fpdf.fonts import FontFace, TTFFont

from buffrsign.documents.certificate.characters import FONT, shown
from buffrsign.documents.certificate.facts import Facts
from buffrsign.documents.certificate.words import Words, words_of

_FACE = "DejaVuSans"
_MARGIN_MM = 20
_BODY_PT, _SMALL_PT, _TITLE_PT, _HEADING_PT = 9, 7.5, 18, 11
_LINE = 1.35
_INK, _FAINT = 20, 110  # shades of grey, of 255
_BAND = (236, 238, 241)


def certificate(facts: Facts) -> bytes:
    """The page or pages as a PDF; the same facts give the same bytes. Long lists go on over as many pages as they need.

    Raises:
        KeyError: something happened for which there is no word in `words.py`.
    """
    words = words_of(facts.locale)
    with closing(_Pages(words, facts)) as pages:
        pages.add_page()
        pages.write_title()
        pages.write_facts(
            (words.document, shown(facts.title)),
            (words.document_id, shown(facts.document_id)),
            (words.digest, facts.sha256),
            (words.completed_at, f"{_moment(facts.completed_at)} UTC"),
        )
        pages.write_list(
            words.signatories,
            (words.name, words.role, words.signed_at),
            [
                (each.name, each.role, _moment(each.signed_at) if each.signed_at else words.not_signed)
                for each in facts.signatories
            ],
            widths=(70, 60, 40),
        )
        pages.write_list(
            words.happenings,
            (words.when, words.what, words.who, words.entry),
            [(_moment(each.at), words.happened[each.what], each.who, each.entry) for each in facts.happenings],
            widths=(34, 41, 41, 54),
        )
        pages.write_notes()
        return bytes(pages.output())


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


class _Pages(FPDF):
    """A document under construction; `footer` is called by fpdf2 at the end of each page."""

    def __init__(self, words: Words, facts: Facts) -> None:
        super().__init__(format="A4")
        self._words = words
        self._about = shown(facts.document_id)
        self.set_margin(_MARGIN_MM)
        self.set_auto_page_break(auto=True, margin=_MARGIN_MM)
        self.add_font(_FACE, fname=FONT)
        self.set_creation_date(facts.completed_at.astimezone(UTC))
        self.set_title(f"{words.title}: {shown(facts.title)}")
        self.set_lang(facts.locale)

    def close(self) -> None:
        """Close the font's file, which fpdf2 leaves open."""
        for font in self.fonts.values():
            if isinstance(font, TTFFont):
                font.close()

    def footer(self) -> None:
        """The document's id on the left, the page's number on the right."""
        self.set_y(-_MARGIN_MM + 5)
        self._write_in(_SMALL_PT, _FAINT)
        number = self._words.page.format(page=self.page_no(), pages="{nb}")
        self.cell(w=self.epw / 2, text=self._about)
        self.cell(w=self.epw / 2, text=f"{self._words.title}, {number}", align="R")

    def write_title(self) -> None:
        """The name of the page, over a thin line."""
        self._write_in(_TITLE_PT, _INK)
        self.multi_cell(w=0, text=self._words.title, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.set_draw_color(_FAINT)
        self.line(self.l_margin, self.get_y() + 2, self.w - self.r_margin, self.get_y() + 2)
        self.ln(6)

    def write_facts(self, *rows: tuple[str, str]) -> None:
        """What is said of the document, one line each."""
        for name, value in rows:
            self._write_in(_SMALL_PT, _FAINT)
            self.cell(w=32, h=5, text=name)
            self._write_in(_BODY_PT, _INK)
            self.multi_cell(w=0, h=5, text=value, align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)

    def write_list(
        self, heading: str, columns: Sequence[str], rows: Sequence[Sequence[str]], *, widths: tuple[int, ...]
    ) -> None:
        """A list of people or events; its column heads come again on each page."""
        self._heading(heading)
        self._write_in(_SMALL_PT, _INK)
        if not rows:
            self.multi_cell(w=0, text=self._words.nothing_recorded, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
            return
        plain = FontFace(emphasis=TextEmphasis.NONE, fill_color=_BAND)
        with self.table(
            col_widths=widths,
            borders_layout=TableBordersLayout.HORIZONTAL_LINES,
            headings_style=plain,
            line_height=_SMALL_PT * _LINE * 0.3528,
            padding=1,
            text_align="LEFT",
        ) as table:
            for row in (columns, *rows):
                table.row([shown(cell) for cell in row])

    def write_notes(self) -> None:
        """What the page means, and what it does not."""
        self._heading(self._words.notes)
        for sentence in self._words.sentences:
            self._write_in(_SMALL_PT, _INK)
            self.multi_cell(w=0, h=4, text=sentence, align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
            self.ln(1)

    def _heading(self, text: str) -> None:
        self.ln(6)
        self._write_in(_HEADING_PT, _INK)
        self.multi_cell(w=0, text=text, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.ln(1.5)

    def _write_in(self, size_pt: float, grey: int) -> None:
        self.set_font(_FACE, size=size_pt)
        self.set_text_color(grey)
