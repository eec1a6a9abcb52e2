"""The composition root: everything a task may ask for, each built on first use, once per process.

Only an entry point calls `configure`; tasks call `services()`. A worker's child builds its own after the fork, so no
connection is ever shared between processes. Imports are inside the builders: an e-mail worker never loads a PDF
library, and a document worker never loads a template engine.
"""
# ruff: noqa: PLC0415

import os
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

from buffrsign.broker.deliveries import Deliveries
from buffrsign.broker.local import LocalDeliveries
from buffrsign.core.clock import Clock, utc_now
from buffrsign.crypto import Cipher
from buffrsign.mail.providers import SmtpServer, read_providers
from buffrsign.producer import Producer, connect
from config.settings import Settings

if TYPE_CHECKING:
    from redis import Redis

    from buffrsign.compliance import Policy
    from buffrsign.core.sql import Database
    from buffrsign.documents.analysis import Analysis
    from buffrsign.documents.sandbox import Office, Sandbox
    from buffrsign.ledger import Ledger
    from buffrsign.mail.delivery import Mailer
    from buffrsign.mail.doubts import Doubts
    from buffrsign.mail.downloads import DownloadLinks
    from buffrsign.mail.letters import Letters
    from buffrsign.mail.links import LinkKeys
    from buffrsign.mail.post_office import PostOffice
    from buffrsign.requests import SignatureRequests
    from buffrsign.state.cache import Cache
    from buffrsign.state.document_status import DocumentStatuses
    from buffrsign.state.kills import Kills
    from buffrsign.state.picture_progress import PictureProgresses
    from buffrsign.storage import Blobs, Catalog
    from buffrsign.storage.s3_place import S3Place


class Services:
    """One process's services."""

    def __init__(self, settings: Settings, *, clock: Clock = utc_now) -> None:
        self.settings = settings
        self.clock = clock

    @cached_property
    def broker(self) -> "Redis":
        """The broker's client."""
        return connect(self.settings.broker_url)

    @cached_property
    def cipher(self) -> Cipher | None:
        """The keys of payloads, where there are any."""
        keys = self.settings.payload_keys
        return Cipher.read(keys) if keys else None

    @cached_property
    def producer(self) -> Producer:
        """Enqueues the next contract."""
        return Producer(
            self.settings.broker_url,
            key_secret=self.settings.job_key_secret,
            cipher=self.cipher,
            allow_plain_payloads=self.settings.allow_plain_payloads,
            max_ready=self.settings.max_ready,
            client=self.broker,
        )

    @cached_property
    def deliveries(self) -> Deliveries:
        """What this worker tells the broker of its jobs."""
        return LocalDeliveries(self.broker, cipher=self.cipher)

    @cached_property
    def document_statuses(self) -> "DocumentStatuses":
        """The status of each document, as people see it."""
        from buffrsign.state.document_status import DocumentStatuses

        return DocumentStatuses(connect(self.settings.state_url), clock=self.clock)

    @cached_property
    def picture_progress(self) -> "PictureProgresses":
        """How many pages of each document have their pictures."""
        from buffrsign.state.picture_progress import PictureProgresses

        return PictureProgresses(connect(self.settings.state_url), clock=self.clock)

    @cached_property
    def cache(self) -> "Cache":
        """What may be forgotten."""
        from buffrsign.state.cache import Cache

        return Cache(connect(self.settings.cache_url))

    @cached_property
    def database(self) -> "Database":
        """The SQL database, its schema brought up to this release."""
        from buffrsign.core.sql import Database, migrate

        _make_parent_folder(self.settings.database_url)
        database = Database(self.settings.database_url)
        migrate(database)
        return database

    @cached_property
    def requests(self) -> "SignatureRequests":
        """Signature requests, and whether a signature is still awaited."""
        from buffrsign.requests import SignatureRequests

        return SignatureRequests(self.database, clock=self.clock)

    @cached_property
    def blobs(self) -> "Blobs":
        """The documents' bytes: in the bucket that is configured, else in a folder."""
        if self.settings.s3_endpoint:
            from buffrsign.storage.s3 import S3Blobs

            return S3Blobs(_bucket_of(self.settings))
        from buffrsign.storage import LocalBlobs

        return LocalBlobs(Path(self.settings.blob_folder))

    @cached_property
    def sandbox(self) -> "Sandbox":
        """Where documents are read."""
        from buffrsign.documents.sandbox import Limits, Sandbox
        from buffrsign.documents.sandbox.limits import MIB

        settings = self.settings
        limits = Limits(
            memory_bytes=settings.sandbox_memory_mib * MIB,
            cpu_s=settings.sandbox_cpu_s,
            wall_s=settings.sandbox_wall_s,
            output_bytes=settings.sandbox_output_mib * MIB,
            files_per_child=settings.sandbox_files_per_child,
        )
        return Sandbox(limits, kills=self.kills, office=_office_of(settings))

    @cached_property
    def analyst(self) -> "Callable[[Analysis, Sequence[str]], Analysis] | None":
        """A language model that answers what an analysis asks, where one is configured."""
        url, model = self.settings.language_model_url, self.settings.language_model_model
        if not url or not model:
            return None
        from buffrsign.documents.language_model import Endpoint, answered

        return partial(answered, endpoint=Endpoint(url, model, key=self.settings.language_model_key))

    @cached_property
    def kills(self) -> "Kills":
        """Which files killed their readers."""
        from buffrsign.state.kills import Kills

        return Kills(connect(self.settings.state_url))

    @cached_property
    def catalog(self) -> "Catalog":
        """What is stored of each document, and how far it is."""
        from buffrsign.storage import Catalog

        return Catalog(self.database, clock=self.clock)

    @cached_property
    def ledger(self) -> "Ledger":
        """The audit ledger."""
        from buffrsign.ledger import Ledger

        return Ledger(self.database, clock=self.clock)

    @cached_property
    def policy(self) -> "Policy":
        """The compliance rules."""
        from buffrsign.compliance import load_policy

        return load_policy()

    @cached_property
    def post_office(self) -> "PostOffice":
        """Where letters are brought."""
        from buffrsign.mail.enclosing import Enclosures
        from buffrsign.mail.post_office import PostOffice
        from buffrsign.mail.record import DeliveryRecord
        from buffrsign.mail.states import read_on_doubt
        from buffrsign.mail.suppression import SuppressionList
        from buffrsign.mail.unsubscribe import UnsubscribeLinks
        from config.completed_files import CompletedFiles

        url, secret = self.settings.unsubscribe_url, self.settings.unsubscribe_secret
        return PostOffice(
            self.letters,
            mailer=self.mailer,
            record=DeliveryRecord(
                self.database, clock=self.clock, on_doubt=read_on_doubt(self.settings.on_doubt or "")
            ),
            suppressions=SuppressionList(self.database, clock=self.clock),
            clock=self.clock,
            unsubscribe=UnsubscribeLinks(url, secret=secret) if url and secret else None,
            enclosures=Enclosures(
                CompletedFiles(self.catalog, self.blobs), links=self.download_links, clock=self.clock
            ),
        )

    @cached_property
    def letters(self) -> "Letters":
        """What writes letters."""
        from buffrsign.mail.letters import Letters

        return Letters(self.settings.mail_from, clock=self.clock)

    @cached_property
    def links(self) -> "LinkKeys | None":
        """What signs the links of letters, where there are keys."""
        from buffrsign.mail.links import LinkKeys

        return LinkKeys.read(self.settings.link_keys) if self.settings.link_keys else None

    @cached_property
    def download_links(self) -> "DownloadLinks | None":
        """What makes the links to documents that are too large for their letters, where somebody serves them."""
        from buffrsign.mail.downloads import DownloadLinks

        url, keys = self.settings.download_url, self.links
        if url is None or keys is None:
            return None
        return DownloadLinks(url, keys=keys, lifetime=timedelta(days=self.settings.download_link_days))

    @cached_property
    def doubts(self) -> "Doubts":
        """Letters of which nobody knows whether they were taken."""
        from buffrsign.mail.doubts import Doubts

        return Doubts(self.database, self.clock)

    @cached_property
    def mailer(self) -> "Mailer":
        """Brings letters to the mail providers."""
        from buffrsign.mail.addresses import mailbox
        from buffrsign.mail.delivery import Mailer, Rates
        from buffrsign.mail.dkim import read_signers

        domain = mailbox(self.settings.mail_from).domain
        keys = self.settings.dkim_keys
        return Mailer(
            *_providers(self.settings),
            ehlo_name=domain,
            signers=read_signers(keys, domain=domain) if keys else (),
            rates=Rates(self.database, clock=self.clock),
        )

    def leave(self) -> None:
        """Say goodbye to mail servers whose sessions are kept for further letters, and end the readers of documents."""
        for name in ("mailer", "sandbox"):
            if name in self.__dict__:
                self.__dict__[name].close()

    def close(self) -> None:
        """Give back the connections of what was built."""
        connected = ("broker", "document_statuses", "picture_progress", "cache", "kills", "blobs", "mailer")
        for name in (*connected, "sandbox", "database"):
            if name in self.__dict__:
                self.__dict__[name].close()


def configure(settings: Settings, *, build: Callable[[Settings], Services] = Services) -> None:
    """Say from which settings this program's services are built, and how. Called by its entry point."""
    _Process.build = lambda: build(settings)
    _Process.services = None


def services() -> Services:
    """This process's services."""
    if _Process.services is None:
        _Process.services = _Process.build()
    return _Process.services


def _forget_services() -> None:
    _Process.services = None


class _Process:
    build: Callable[[], Services]
    services: Services | None = None


os.register_at_fork(after_in_child=_forget_services)


def _make_parent_folder(database_url: str) -> None:
    Path(database_url.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)


def _bucket_of(settings: Settings) -> "S3Place":
    """The bucket that is named; `load` has seen to it that it is named wholly."""
    from buffrsign.storage.s3_place import S3Place

    return S3Place(
        settings.s3_endpoint or "",
        settings.s3_bucket or "",
        settings.s3_access_key or "",
        settings.s3_secret_key or "",
        region=settings.s3_region,
        prefix=settings.s3_prefix or "",
        ca_file=settings.s3_ca_file,
    )


def _office_of(settings: Settings) -> "Office | None":
    """What makes PDFs of office files, unless that is switched off; whether it is installed is seen with the first."""
    from buffrsign.documents.sandbox import Office
    from buffrsign.documents.sandbox.libreoffice import OfficeLimits
    from buffrsign.documents.sandbox.limits import MIB

    if settings.soffice == "off":
        return None
    limits = OfficeLimits(
        memory_bytes=settings.office_memory_mib * MIB, cpu_s=settings.office_cpu_s, wall_s=settings.office_wall_s
    )
    return Office(soffice=settings.soffice, limits=limits)


def _providers(settings: Settings) -> tuple[SmtpServer, ...]:
    """The chain that is configured, or the one server of the single settings."""
    if settings.smtp_providers is not None:
        return read_providers(settings.smtp_providers)
    return (
        SmtpServer(
            settings.smtp_host,
            settings.smtp_port,
            username=settings.smtp_username,
            password=settings.smtp_password,
            security=settings.smtp_security,
            connections=settings.smtp_connections,
            per_second=settings.smtp_per_second,
            max_message_bytes=settings.smtp_max_message_bytes,
        ),
    )
