"""The fields of a document: those of its form, and on pages without any, those that its words and lines ask for."""

import time
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby

import pypdfium2

from buffrsign.documents.border import attempt, reads_pdf
from buffrsign.documents.fields.content import content_if_asking, content_of
from buffrsign.documents.fields.field import MAX_FIELDS, Field, Fields, FieldType, Rect
from buffrsign.documents.fields.foot import initials_of
from buffrsign.documents.fields.geometry import Page
from buffrsign.documents.fields.grounds import Found, Ground
from buffrsign.documents.fields.owners import owners_of
from buffrsign.documents.fields.page_rules import distinct, fields_on
from buffrsign.documents.fields.upright import Upright, upright
from buffrsign.documents.fields.vocabulary import kind_of
from buffrsign.documents.fields.widgets import Widget, widgets_of
from buffrsign.documents.ladder import read_structure
from buffrsign.documents.pdfium import has_form, page_count, shown

MAX_PAGES = 300
"""Pages whose text is looked at: the last ones, where people sign."""

MAX_PIECES = 20_000
"""Phrases and blanks of a document that are looked at: some 200 full pages' worth of them."""

MAX_FOUND = 2000

CPU_MS = 1400
"""Of the 2 s that a reader has: what was found until then is better than nothing."""


@reads_pdf
def find_fields(data: bytes, *, cpu_ms: int = CPU_MS) -> Fields:
    """Where somebody signs, and what else is to be written.

    A page is looked at closely only if its text or its lines have something that could be a field or its label: that
    takes some 10 ms a page, and 1 to 2 ms any other. After `cpu_ms` of processor time no further page is looked at.
    """
    until_s = time.process_time() + cpu_ms / 1000
    with shown(data) as file:
        search = _Search(file.document, page_count(file.document))
        if has_form(file.document):
            _, widgets = read_structure(file, widgets_of, strict_first=False)
            search.add_widgets(widgets or [])
        search.read_pages(until_s=until_s)
        return search.result()


@dataclass
class _Search:
    document: pypdfium2.PdfDocument
    page_count: int
    found: list[Found] = field(default_factory=list)
    pages: dict[int, Page] = field(default_factory=dict)
    pages_skipped: int = 0

    def add_widgets(self, widgets: Iterable[Widget]) -> None:
        """Take a form's fields, with the labels beside them where their names say nothing."""
        for number, on_page in groupby(widgets, key=lambda widget: widget.page):
            read = attempt(partial(self._page_of_widgets, number))
            if read is not None:
                seen, self.pages[number] = read
                self.found += [_of_widget(widget, seen.box(*widget.rect), self.pages[number]) for widget in on_page]

    def read_pages(self, *, until_s: float) -> None:
        """Look for fields on every page that has none yet, from the end, as long as the bounds allow.

        `until_s` is in processor time of this process. The other bounds come first in all but the strangest files.
        """
        waiting = [number for number in range(self.page_count, 0, -1) if number not in self.pages]
        pieces = 0
        for looked_at, number in enumerate(waiting):
            is_full = looked_at >= MAX_PAGES or pieces >= MAX_PIECES or len(self.found) >= MAX_FOUND
            if is_full or time.process_time() >= until_s:
                self.pages_skipped = len(waiting) - looked_at
                return
            content = attempt(partial(self._page_that_asks, number))
            if content is not None:
                pieces += sum(len(line.pieces) for line in content.lines)
                self.pages[number] = content
                self.found += fields_on(content)

    def _page_of_widgets(self, number: int) -> tuple[Upright, Page]:
        with closing(self.document[number - 1]) as page:
            return upright(page), content_of(page, number)

    def _page_that_asks(self, number: int) -> Page | None:
        with closing(self.document[number - 1]) as page:
            return content_if_asking(page, number)

    def result(self) -> Fields:
        """What was found, in reading order, each with its party."""
        ordered = list(self._in_order())
        of, owners = owners_of(ordered, self.pages)
        return Fields(
            fields=tuple(_field(each, of.get(each)) for each in ordered[:MAX_FIELDS]),
            owners=owners,
            total=len(ordered),
            pages=self.page_count,
            pages_read=len(self.pages),
            pages_skipped=self.pages_skipped,
        )

    def _in_order(self) -> Iterator[Found]:
        pages = [self.pages[number] for number in sorted(self.pages)]
        by_page = sorted([*self.found, *initials_of(pages)], key=lambda each: each.page)
        for _, on_page in groupby(by_page, key=lambda each: each.page):
            yield from sorted(distinct(on_page), key=lambda each: (-round(each.rect[1] / 8), each.rect[0]))


def _field(found: Found, owner: int | None) -> Field:
    x0, y0, x1, y1 = (round(edge, 1) for edge in found.rect)
    ground = found.ground
    return Field(found.type, found.page, (x0, y0, x1, y1), owner, found.filled, ground.confidence, ground.reason)


def _of_widget(widget: Widget, rect: Rect, page: Page) -> Found:
    if widget.form_type == "/Sig":
        return Found(FieldType.SIGNATURE, widget.page, rect, Ground.SIGNATURE_WIDGET, widget.filled)
    if widget.kind is not None:
        return Found(widget.kind, widget.page, rect, Ground.NAMED_WIDGET, widget.filled)
    kind = _kind_beside(rect, page)
    ground = Ground.WIDGET if kind is None else Ground.LABELLED_WIDGET
    return Found(kind or FieldType.TEXT, widget.page, rect, ground, widget.filled)


def _kind_beside(rect: Rect, page: Page) -> FieldType | None:
    """What the nearest phrase at the left of a widget, on its height, says."""
    x0, y0, _, y1 = rect
    beside = [phrase for phrase in page.phrases() if y0 - 4 <= phrase.y <= y1 and phrase.x1 <= x0 + 4]
    return kind_of(max(beside, key=lambda phrase: phrase.x1).text) if beside else None
