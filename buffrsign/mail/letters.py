"""Letters: a job from `jobs/email.py` becomes the words its recipient reads, as text and as HTML.

What a letter says comes from four places, each of which knows one thing: `outlines.py` which sentences it has,
`templates/locales/` the sentences, `words.py` the words in them, and `templates/letter.*` how it looks. The customer's
own wording, where there is one, takes the place of the subject and of the opening.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from buffrsign.core.clock import Clock, utc_now
from buffrsign.jobs.email import Letter
from buffrsign.jobs.fields import Recipient
from buffrsign.mail.catalogue import LOCALES, Catalogue, Catalogues
from buffrsign.mail.enclosures import Enclosed
from buffrsign.mail.message import one_line
from buffrsign.mail.outlines import GREETING, LINK_HINT, OUTLINES, Button, Outline, Say, Show, name_of
from buffrsign.mail.stationery import Piece, Sheet, stationery
from buffrsign.mail.wording import OwnWords, WordingRefused, own_words
from buffrsign.mail.words import Words, words_of


@dataclass(frozen=True)
class RenderedLetter:
    """One letter, ready to be handed over. The names and the subject are single lines without control characters."""

    message_id: str
    from_address: str
    from_name: str
    reply_to: str | None
    to: Recipient
    subject: str
    text: str
    html: str
    preheader: str = ""
    language: str = "en"


class Letters:
    """Writes letters in the name of one product, from one address."""

    def __init__(
        self,
        from_address: str,
        *,
        product: str = "BuffrSign",
        reply_to: str | None = None,
        clock: Clock = utc_now,
        locales: Path = LOCALES,
    ) -> None:
        """`reply_to` is for letters whose sender is not known; `locales` is the folder of the catalogues."""
        self._from_address = from_address
        self._product = product
        self._reply_to = reply_to
        self._clock = clock
        self._catalogues = Catalogues(locales)

    def render(self, job: Letter, enclosed: Enclosed | None = None) -> RenderedLetter:
        """Write the letter that a job asks for, which comes with the file that is `enclosed`.

        The same job always yields the same Message-ID, and on the same day the same letter: days that remain are
        counted when it is written.

        Raises:
            WordingRefused: the customer's own wording cannot be written.
            LinkRefused: a URL is neither http nor https.
            CatalogueRefused, SentenceBroken: the catalogue of the recipient's language does not fit.
        """
        catalogue, words = self._words(job, enclosed=enclosed)
        own = own_words(getattr(job, "wording", None), words)
        sheet = _Writer(name_of(job.kind), catalogue, words).sheet(OUTLINES[job.kind], own, product=self._product)
        layouts = stationery()
        sender = words.get("sender_name")
        return RenderedLetter(
            message_id=f"<{job.job_id.lower()}@{self._from_address.rpartition('@')[2]}>",
            from_address=self._from_address,
            from_name=f"{sender} via {self._product}" if sender else self._product,
            reply_to=getattr(job, "sender_email", None) or self._reply_to,
            to=job.recipient,
            subject=sheet.subject,
            text=layouts.as_text(sheet),
            html=layouts.as_html(sheet),
            preheader=sheet.preheader,
            language=catalogue.locale,
        )

    def require_writable(self, job: Letter) -> None:
        """Refuse a wording that this letter could not be written with, without writing it.

        Raises:
            WordingRefused: as `render`; it names the letter.
        """
        _catalogue, words = self._words(job, enclosed=None)
        try:
            own_words(getattr(job, "wording", None), words)
        except WordingRefused as refused:
            raise WordingRefused(refused.part, refused.reason, letter=name_of(job.kind)) from refused

    def _words(self, job: Letter, *, enclosed: Enclosed | None) -> tuple[Catalogue, Words]:
        catalogue = self._catalogues.of(job.recipient.locale)
        words = words_of(job, product=self._product, catalogue=catalogue, now=self._clock(), enclosed=enclosed)
        return catalogue, words


@dataclass(frozen=True)
class _Writer:
    """Fills one letter's outline with its sentences and words."""

    letter: str
    catalogue: Catalogue
    words: Words

    def sheet(self, outline: Outline, own: OwnWords, *, product: str) -> Sheet:
        return Sheet(
            language=self.catalogue.locale,
            subject=own.subject or one_line(self._say(outline.subject)),
            preheader=self._say(outline.preheader),
            product=product,
            greeting=self._say(GREETING),
            link_hint=self._say(LINK_HINT),
            pieces=[*self._opening(outline, own), *self._body(outline)],
            footer=[self._say(sentence) for sentence in outline.footer if self._is_said(sentence)],
        )

    def _opening(self, outline: Outline, own: OwnWords) -> Iterator[Piece]:
        if own.paragraphs:
            return (("own", lines, None) for lines in own.paragraphs)
        return (("say", self._say(sentence), None) for sentence in outline.opening)

    def _body(self, outline: Outline) -> Iterator[Piece]:
        for block in outline.body:
            match block:
                case Say():
                    if self._is_said(block):
                        yield "say", self._say(block), None
                case Show(look, word):
                    if self.words[word]:
                        yield look, self.words[word], None
                case Button(url, label):
                    if self.words[url]:
                        yield "button", self._say(label), self.words[url]

    def _is_said(self, sentence: Say) -> bool:
        return sentence.when is None or bool(self.words[sentence.when])

    def _say(self, sentence: Say) -> str:
        return self.catalogue.say(sentence, self.letter, self.words)
