"""Letters: a job from `jobs/email.py` becomes the words its recipient reads, as text and as HTML.

A letter is a pair of templates named after its kind, `templates/<locale>/<kind>.txt` and `.html`; all language is in
them, also how a date is said. The text's first line is the subject. A locale without the pair falls back to its
language, then to English.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

import msgspec
from jinja2 import FileSystemLoader, StrictUndefined, Template, select_autoescape
from jinja2.sandbox import SandboxedEnvironment

from buffrsign.jobs.email import Letter
from buffrsign.jobs.fields import Recipient
from buffrsign.mail.message import one_line

FALLBACK_LOCALE = "en"
NAMIBIAN_TIME = timezone(timedelta(hours=2))
"""Namibia keeps UTC+02:00 all year since 2017 (IANA Africa/Windhoek), so no time zone database is needed to say it."""

_TEMPLATES = Path(__file__).with_name("templates")


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


class Letters:
    """Writes letters in the name of one product, from one address."""

    def __init__(
        self,
        from_address: str,
        *,
        product: str = "BuffrSign",
        reply_to: str | None = None,
        templates: Path = _TEMPLATES,
    ) -> None:
        self._from_address = from_address
        self._product = product
        self._reply_to = reply_to
        self._environment = SandboxedEnvironment(
            loader=FileSystemLoader(templates),
            autoescape=select_autoescape(["html"]),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )

    def render(self, job: Letter) -> RenderedLetter:
        """Write the letter that a job asks for. The same job always yields the same letter and Message-ID.

        Raises:
            jinja2.TemplateError: a template is missing, or says a word that the job does not have.
        """
        words = {**_words(job), "product": self._product}
        subject, text = _subject_and_text(self._template(job, "txt").render(words))
        sender = words.get("sender_name")
        return RenderedLetter(
            message_id=f"<{job.job_id.lower()}@{self._from_address.rpartition('@')[2]}>",
            from_address=self._from_address,
            from_name=f"{sender} via {self._product}" if sender else self._product,
            reply_to=self._reply_to,
            to=job.recipient,
            subject=subject,
            text=text,
            html=self._template(job, "html").render({**words, "subject": subject}),
        )

    def _template(self, job: Letter, part: str) -> Template:
        locale = job.recipient.locale
        name = f"{job.kind.rpartition('.')[2]}.{part}"
        folders = (locale, locale.partition("-")[0], FALLBACK_LOCALE)
        return self._environment.select_template([f"{folder}/{name}" for folder in folders])


def _words(job: Letter) -> dict[str, object]:
    """What a template may say: the job's own fields, and the recipient's name instead of the recipient."""
    fields = msgspec.structs.asdict(job)
    recipient = fields.pop("recipient")
    return {**{name: _sayable(name, value) for name, value in fields.items()}, "name": one_line(recipient.name)}


def _sayable(name: str, value: object) -> object:
    if isinstance(value, datetime):
        return value.astimezone(NAMIBIAN_TIME)
    if isinstance(value, str) and name != "message":
        return one_line(value)
    return value


def _subject_and_text(rendered: str) -> tuple[str, str]:
    first_line, _, text = rendered.partition("\n")
    return one_line(first_line.removeprefix("Subject:")), text.lstrip("\n")
