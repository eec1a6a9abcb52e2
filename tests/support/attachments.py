"""Completion letters that come with a stored document, and what of it arrived at a mail server."""

import email
import email.policy
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import msgspec

from buffrsign.core.ids import new_ulid
from buffrsign.core.sql import Database
from buffrsign.jobs.email import DocumentCompletedEmail
from buffrsign.mail.delivery import Mailer, SmtpServer
from buffrsign.mail.downloads import DownloadLinks
from buffrsign.mail.enclosing import Enclosures
from buffrsign.mail.letters import Letters
from buffrsign.mail.links import LinkKeys
from buffrsign.mail.post_office import PostOffice
from buffrsign.mail.record import DeliveryRecord
from buffrsign.mail.suppression import SuppressionList
from buffrsign.storage import Catalog, LocalBlobs, take_in
from config.completed_files import CompletedFiles
from tests.support.mail import COMPLETED, NOW
from tests.support.smtp import ScriptedSmtp, as_it_was_sent

BASE = "https://app.example.com/download"
LINKS = DownloadLinks(BASE, keys=LinkKeys({"k1": b"k" * 32}), lifetime=timedelta(days=30))
DOCUMENT = "doc_7"


def pdf_of(size_bytes: int) -> bytes:
    """Bytes that begin as a PDF; nothing here looks further."""
    return b"%PDF-1.7\n".ljust(size_bytes, b"x")


@dataclass(frozen=True)
class Desk:
    """A database with its record, its catalog and blobs."""

    database: Database
    record: DeliveryRecord
    catalog: Catalog
    blobs: LocalBlobs
    folder: Path

    def letter_with(self, content: bytes, *, retain_until: datetime | None = None) -> DocumentCompletedEmail:
        """The completion letter of a document that is stored."""
        version = take_in(
            content,
            document_id=DOCUMENT,
            title="Lease",
            retain_until=retain_until,
            catalog=self.catalog,
            blobs=self.blobs,
        )
        return msgspec.structs.replace(COMPLETED, job_id=new_ulid(), document_url=None, sha256=version.sha256)

    @contextmanager
    def office(self, *servers: SmtpServer, links: DownloadLinks | None = LINKS) -> Iterator[PostOffice]:
        """A post office that brings letters to these servers."""
        with Mailer(*servers, ehlo_name="worker.example") as mailer:
            yield PostOffice(
                Letters("no-reply@buffrsign.example", clock=lambda: NOW),
                mailer=mailer,
                record=self.record,
                suppressions=SuppressionList(self.database, clock=lambda: NOW),
                clock=lambda: NOW,
                enclosures=Enclosures(CompletedFiles(self.catalog, self.blobs), links=links, clock=lambda: NOW),
            )


def desk_at(folder: Path, database: Database) -> Desk:
    """A desk whose blobs are in this folder."""
    record = DeliveryRecord(database, clock=lambda: NOW)
    return Desk(database, record, Catalog(database, clock=lambda: NOW), LocalBlobs(folder), folder)


def arrived(server: ScriptedSmtp) -> list[EmailMessage]:
    """The messages that the server got whole."""
    raws = map(as_it_was_sent, server.messages)
    return [email.message_from_bytes(raw, policy=email.policy.default) for raw in raws]


def attached_to(message: EmailMessage) -> list[bytes]:
    """The files that a message carries."""
    return [part.get_content() for part in message.iter_attachments()]


def words_of(message: EmailMessage) -> str:
    """Its plain text, in one line."""
    body = message.get_body(("plain",))
    assert body is not None
    return " ".join(body.get_content().split())


def token_in(message: EmailMessage) -> str:
    """The token of its link to download."""
    [url] = [word for word in words_of(message).split() if word.startswith(BASE)]
    [token] = parse_qs(urlsplit(url).query)["token"]
    return token
