"""Settings: read once, at an entry point, from the environment into one frozen value.

Every setting is `BUFFRSIGN_` and the field's name in capitals. Whatever is wrong is reported at once, each with what
was expected; an unknown name with our prefix is wrong too, and the nearest known one is named. `docs/settings.md` is
made from the fields below by `python -m config.settings`. More than half of this file is that one table, which is read
in one piece.
"""

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Annotated, Any, Literal, get_type_hints
from urllib.parse import quote

import msgspec

from buffrsign.broker.address import EXPECTED, AddressRefused, read_address
from buffrsign.core.key_list import KEYS_FORM, KeysRefused
from buffrsign.crypto import EXPECTED_KEYS, Cipher
from buffrsign.mail.addresses import MailboxRefused, mailbox
from buffrsign.mail.links import LinkKeys
from buffrsign.mail.providers import (
    DEFAULT_MESSAGE_BYTES,
    EXPECTED_PROVIDERS,
    MessageBytes,
    ProvidersRefused,
    read_providers,
)
from buffrsign.mail.states import EXPECTED_ON_DOUBT, OnDoubtRefused, read_on_doubt
from config.endpoint import (
    EXPECTED_ENDPOINT,
    EXPECTED_MODEL_URL,
    EndpointRefused,
    require_endpoint,
    require_model_url,
)

PREFIX = "BUFFRSIGN_"
REDIS_URLS = ("broker_url", "state_url", "cache_url")
_S3_NEEDS = ("s3_endpoint", "s3_bucket", "s3_access_key", "s3_secret_key")
_REACHES_BROWSERS = re.compile(r"(NEXT_PUBLIC|VITE|REACT_APP|PUBLIC|NUXT_PUBLIC)_.*(REDIS|VALKEY|BROKER)")


@dataclass(frozen=True)
class Is:
    """What a setting is, and what its value is expected to be: for errors and for the documentation."""

    what: str
    expected: str


class SettingsRefused(Exception):
    """The environment does not fit. The message lists every problem; `problems` holds them one by one."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("the settings do not fit:\n" + "\n".join(f"  - {problem}" for problem in problems))
        self.problems = problems


SqliteUrl = Annotated[str, msgspec.Meta(pattern=r"\Asqlite:///.")]
Address = Annotated[str, msgspec.Meta(pattern=r"\A[^@\s<>]+@[^@\s<>]+\Z")]
HttpsUrl = Annotated[str, msgspec.Meta(pattern=r"\Ahttps://[\x21-\x3b\x3d\x3f-\x7e]{1,500}\Z")]
DkimKeys = Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9.-]+=[^=,]+(,\s*[A-Za-z0-9.-]+=[^=,]+)*\Z")]
WebUrl = Annotated[str, msgspec.Meta(pattern=r"\Ahttps?://\S+\Z")]
Port = Annotated[int, msgspec.Meta(ge=1, le=65535)]
Text = Annotated[str, msgspec.Meta(min_length=1)]
Secret = Annotated[str, msgspec.Meta(min_length=16)]


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """All that can be set. Its representation hides the values: some are secrets."""

    broker_url: Annotated[str, Is("where jobs wait: no eviction, append-only file on", EXPECTED)]
    state_url: Annotated[str, Is("what Redis remembers for a while: as the broker", EXPECTED)]
    cache_url: Annotated[str, Is("what may be forgotten at any time: may evict", EXPECTED)]
    allow_volatile_broker: Annotated[
        bool, Is("lets a broker start that evicts, or keeps nothing on disk: its jobs may vanish", "`1` or `0`")
    ] = False
    job_key_secret: Annotated[
        Secret | None, Is("hashes job keys, the same for all producers; optional on loopback", "16 characters or more")
    ] = None
    payload_keys: Annotated[
        Text | None, Is("encrypt payloads; optional on loopback, see docs/private-payloads.md", EXPECTED_KEYS)
    ] = None
    allow_plain_payloads: Annotated[
        bool, Is("lets payloads lie in clear on a broker that is not on loopback", "`1` or `0`")
    ] = False
    require_encrypted: Annotated[
        bool, Is("takes no payload that came in clear: it becomes a dead letter", "`1` or `0`")
    ] = False
    broker_transport: Annotated[
        Literal["leasing", "stock"],
        Is("how workers take jobs: ours, which loses none, or kombu's own, as a way back", "`leasing` or `stock`"),
    ] = "leasing"
    lease_s: Annotated[
        Annotated[int, msgspec.Meta(ge=5, le=3600)],
        Is("how long a worker that stopped answering keeps its jobs, in seconds", "5 to 3600"),
    ] = 30
    shutdown_grace_s: Annotated[
        Annotated[int, msgspec.Meta(ge=0, le=86400)],
        Is("how long a worker that is told to stop lets running tasks finish, in seconds", "0 to 86400"),
    ] = 300
    unknown_task_patience_s: Annotated[
        Annotated[int, msgspec.Meta(ge=0, le=604_800)],
        Is("how long a job whose task no worker knows waits for a newer release, in seconds", "0 to 604800"),
    ] = 3600
    max_ready: Annotated[
        Annotated[int, msgspec.Meta(ge=1)],
        Is("how many jobs may be ready in one queue before more are refused", "a number from 1"),
    ] = 1_000_000
    database_url: Annotated[
        SqliteUrl, Is("the ledger, signature requests, the catalog and deliveries", "an sqlite:/// URL")
    ] = "sqlite:///var/buffrsign.db"
    blob_folder: Annotated[Text, Is("where the documents' bytes lie", "a folder")] = "var/blobs"
    s3_endpoint: Annotated[
        Text | None,
        Is("where they lie instead, in an S3-compatible store; see docs/storage.md", EXPECTED_ENDPOINT),
    ] = None
    s3_bucket: Annotated[Text | None, Is("its bucket, which exists", "a bucket's name")] = None
    s3_prefix: Annotated[Text | None, Is("what their keys begin with, if others use the bucket", "text")] = None
    s3_region: Annotated[Text, Is("the bucket's region, as its server names it", "text")] = "us-east-1"
    s3_access_key: Annotated[Text | None, Is("the account there", "text")] = None
    s3_secret_key: Annotated[Text | None, Is("the secret of that account", "text")] = None
    s3_ca_file: Annotated[
        Text | None, Is("certificates to trust there, in place of the public ones", "a file in PEM")
    ] = None
    allow_plain_s3: Annotated[
        bool, Is("lets documents travel in clear to a store that is not on loopback", "`1` or `0`")
    ] = False
    smtp_host: Annotated[Text, Is("the mail server", "a host name")] = "127.0.0.1"
    smtp_port: Annotated[Port, Is("its port", "a port from 1 to 65535")] = 1025
    smtp_security: Annotated[
        Literal["none", "starttls", "tls"],
        Is("how the connection to it is protected", "`none`, `starttls` or `tls`"),
    ] = "none"
    smtp_username: Annotated[Text | None, Is("an account there, if it asks for one", "text")] = None
    smtp_password: Annotated[Text | None, Is("the password of that account", "text")] = None
    smtp_connections: Annotated[
        Annotated[int, msgspec.Meta(ge=2, le=100)],
        Is("how many connections one process opens to it at most; one is kept for urgent letters", "2 to 100"),
    ] = 4
    smtp_per_second: Annotated[
        Annotated[float, msgspec.Meta(gt=0, le=10_000)] | None,
        Is("how many letters a second it takes from all workers together; more are delayed", "a number above 0"),
    ] = None
    smtp_max_message_bytes: Annotated[
        MessageBytes,
        Is("how large a message it takes; a document that makes a letter larger goes as a link", "65536 to 50000000"),
    ] = DEFAULT_MESSAGE_BYTES
    smtp_providers: Annotated[
        Text | None,
        Is(
            "several mail servers, asked in this order, instead of the one above; see docs/mail-delivery.md",
            EXPECTED_PROVIDERS,
        ),
    ] = None
    dkim_keys: Annotated[
        DkimKeys | None,
        Is(
            "sign letters in the name of the sending address's domain; see docs/mail-delivery.md",
            "`selector=file.pem,selector=file.pem…`",
        ),
    ] = None
    unsubscribe_url: Annotated[
        HttpsUrl | None,
        Is("where one click ends reminders; a token is added to its path", "an https:// address"),
    ] = None
    unsubscribe_secret: Annotated[
        Secret | None,
        Is("signs those tokens; with another one, links that are out stop working", "16 characters or more"),
    ] = None
    mail_from: Annotated[
        Address, Is("the address that letters come from; its domain is the Message-ID's", "an e-mail address")
    ] = "no-reply@buffrsign.example"
    on_doubt: Annotated[
        Text | None,
        Is(
            "what follows when nobody heard whether a letter was taken; kinds that are not named hold",
            EXPECTED_ON_DOUBT,
        ),
    ] = None
    link_keys: Annotated[
        Text | None,
        Is(
            "sign the links in letters, so that nobody else has them; none: links go out as they came",
            KEYS_FORM,
        ),
    ] = None
    signing_url: Annotated[
        WebUrl,
        Is("where signers sign: document and recipient are added to its path", "an http:// or https:// address"),
    ] = "http://127.0.0.1:8000/sign"
    download_url: Annotated[
        WebUrl | None,
        Is(
            "where documents that are too large for a letter are downloaded; none: such letters have no link",
            "an http:// or https:// address",
        ),
    ] = None
    download_link_days: Annotated[
        Annotated[int, msgspec.Meta(ge=1, le=3650)],
        Is("how long a link to a document holds, in days; not past its retention", "1 to 3650"),
    ] = 30
    sandbox_memory_mib: Annotated[
        Annotated[int, msgspec.Meta(ge=32, le=65_536)],
        Is("how much memory reading one file may take, in MiB; see docs/documents.md", "32 to 65536"),
    ] = 256
    sandbox_cpu_s: Annotated[
        Annotated[float, msgspec.Meta(ge=0.1, le=280)],
        Is("how much processor time reading one file may take, in seconds", "0.1 to 280"),
    ] = 2.0
    sandbox_wall_s: Annotated[
        Annotated[float, msgspec.Meta(ge=0.1, le=280)],
        Is("how long reading one file may take by the clock, in seconds", "0.1 to 280"),
    ] = 10.0
    sandbox_output_mib: Annotated[
        Annotated[int, msgspec.Meta(ge=1, le=1024)],
        Is("how large a picture or text may be that is made of one file, in MiB", "1 to 1024"),
    ] = 32
    sandbox_files_per_child: Annotated[
        Annotated[int, msgspec.Meta(ge=1, le=100_000)],
        Is("after how many files a process that reads them is replaced", "1 to 100000"),
    ] = 100
    soffice: Annotated[
        Text,
        Is(
            "LibreOffice, which makes PDFs of office files; `off`: they are unsupported; see docs/office-files.md",
            "a program on the PATH, a path, or `off`",
        ),
    ] = "soffice"
    office_memory_mib: Annotated[
        Annotated[int, msgspec.Meta(ge=512, le=65_536)],
        Is("how much address space LibreOffice may have for one file, in MiB", "512 to 65536"),
    ] = 1024
    office_cpu_s: Annotated[
        Annotated[int, msgspec.Meta(ge=1, le=120)],
        Is("how much processor time it may take for one file, in seconds", "1 to 120"),
    ] = 30
    office_wall_s: Annotated[
        Annotated[float, msgspec.Meta(ge=1, le=120)],
        Is("how long it may take for one file by the clock, in seconds", "1 to 120"),
    ] = 60.0
    language_model_url: Annotated[
        Text | None,
        Is(
            "where a language model is asked what documents say; none: nobody is; see docs/analysis.md",
            EXPECTED_MODEL_URL,
        ),
    ] = None
    language_model_model: Annotated[Text | None, Is("which model is asked there", "a model's name")] = None
    language_model_key: Annotated[Text | None, Is("the key it asks for, if any", "text")] = None
    log_format: Annotated[
        Literal["console", "json"], Is("for people, or one JSON object a line", "`console` or `json`")
    ] = "console"
    log_level: Annotated[
        Literal["DEBUG", "INFO", "WARNING", "ERROR"],
        Is("the least that is logged", "`DEBUG`, `INFO`, `WARNING` or `ERROR`"),
    ] = "INFO"

    def __repr__(self) -> str:
        return "Settings(…)"


def load(environment: Mapping[str, str]) -> Settings:
    """The settings of this environment, aliases included.

    Raises:
        SettingsRefused: with every problem at once.
    """
    given = _aliases(environment) | {
        name.removeprefix(PREFIX).lower(): value for name, value in environment.items() if name.startswith(PREFIX)
    }
    problems = [
        f"{name} would carry a Redis address to browsers, where it must never be; remove it"
        for name in sorted(environment)
        if _REACHES_BROWSERS.match(name)
    ]
    problems += [_unknown(name) for name in sorted(given.keys() - _TYPES.keys())]
    values = {}
    for field in msgspec.structs.fields(Settings):
        if field.name not in given:
            if field.required:
                problems.append(_missing(field.name))
            continue
        try:
            values[field.name] = _value(field.name, given[field.name])
        except msgspec.ValidationError:
            problems.append(f"{_variable(field.name)} must be {_is(field.name).expected}")
        except (
            AddressRefused,
            KeysRefused,
            OnDoubtRefused,
            ProvidersRefused,
            MailboxRefused,
            EndpointRefused,
        ) as refused:
            problems.append(f"{_variable(field.name)} must be {_is(field.name).expected}: {refused}")
    if values.get("require_encrypted") and "payload_keys" not in given:
        problems.append(f"{_variable('require_encrypted')} needs {_variable('payload_keys')}, or no job could be read")
    if ("unsubscribe_url" in given) != ("unsubscribe_secret" in given):
        problems.append(f"{_variable('unsubscribe_url')} and {_variable('unsubscribe_secret')} go together")
    if "download_url" in given and "link_keys" not in given:
        problems.append(f"{_variable('download_url')} needs {_variable('link_keys')}, or anybody could download")
    problems += _s3_problems(given, values)
    problems += _language_model_problems(given)
    if problems:
        raise SettingsRefused(problems)
    return Settings(**values)


def as_markdown() -> str:
    """The table of `docs/settings.md`."""
    rows = ["| setting | what it is | expected | default |", "|---|---|---|---|"]
    for field in msgspec.structs.fields(Settings):
        default = "required" if field.required else _shown(field.default)
        about = _is(field.name)
        rows.append(f"| `{_variable(field.name)}` | {about.what} | {about.expected} | {default} |")
    return "\n".join(rows)


def _shown(default: object) -> str:
    if default is None:
        return "none"
    return f"`{int(default) if isinstance(default, bool) else default}`"


_TYPES: dict[str, Any] = get_type_hints(Settings, include_extras=True)


def _value(name: str, text: str) -> Any:
    """Raises msgspec.ValidationError, or the refusal of whatever reads a value of this form."""
    if name in REDIS_URLS:
        read_address(text)
    if name == "payload_keys":
        Cipher.read(text)
    if name == "link_keys":
        LinkKeys.read(text)
    if name == "on_doubt":
        read_on_doubt(text)
    if name == "mail_from":
        mailbox(text)
    if name == "language_model_url":
        require_model_url(text)
    if name == "smtp_providers":
        read_providers(text)
    return msgspec.convert(text, _TYPES[name], strict=False)


def _s3_problems(given: Mapping[str, str], values: Mapping[str, Any]) -> list[str]:
    """What is wrong between the settings of the store, each of which fits by itself."""
    named = [name for name in given if name.startswith("s3_") or name == "allow_plain_s3"]
    if not named:
        return []
    problems = [
        f"{_variable(name)} is missing: {_is(name).what}; {_variable(named[0])} needs it"
        for name in _S3_NEEDS
        if name not in given
    ]
    if find_spec("botocore") is None:
        problems.append(f"{_variable(named[0])} needs botocore; install the extra s3: `pip install buffrsign[s3]`")
    if "blob_folder" in given:
        problems.append(f"{_variable('blob_folder')} and {_variable(named[0])} name two places for blobs; keep one")
    try:
        if isinstance(endpoint := values.get("s3_endpoint"), str):
            require_endpoint(endpoint, allow_plain=bool(values.get("allow_plain_s3")))
    except EndpointRefused as refused:
        problems.append(f"{_variable('s3_endpoint')} must be {EXPECTED_ENDPOINT}: {refused}")
    return problems


def _language_model_problems(given: Mapping[str, str]) -> list[str]:
    """What is wrong between the settings of the language model, each of which fits by itself."""
    named = [name for name in given if name.startswith("language_model_")]
    if not named:
        return []
    problems = [
        f"{_variable(name)} is missing: {_is(name).what}; {_variable(named[0])} needs it"
        for name in ("language_model_url", "language_model_model")
        if name not in given
    ]
    if find_spec("httpx") is None:
        extra = "install the extra language-model: `pip install buffrsign[language-model]`"
        problems.append(f"{_variable(named[0])} needs httpx; {extra}")
    return problems


def _aliases(environment: Mapping[str, str]) -> dict[str, str]:
    """`REDIS_URL`, or `REDIS_HOST` and its companions, set all three addresses: databases 0, 1 and 2."""
    url = environment.get("REDIS_URL") or _url_of_host(environment)
    if not url:
        return {}
    try:
        server = read_address(url)
    except AddressRefused:
        return dict.fromkeys(REDIS_URLS, url)  # refused again under each name
    return {name: server.with_database(database).url() for database, name in enumerate(REDIS_URLS)}


def _url_of_host(environment: Mapping[str, str]) -> str:
    host = environment.get("REDIS_HOST")
    if not host:
        return ""
    username, password = (quote(environment.get(f"REDIS_{part}", ""), safe="") for part in ("USERNAME", "PASSWORD"))
    account = f"{username}:{password}@" if username or password else ""
    return f"redis://{account}{host}:{environment.get('REDIS_PORT', '6379')}"


def _unknown(name: str) -> str:
    nearest = difflib.get_close_matches(name, _TYPES, n=2, cutoff=0.6)
    hint = f"did you mean {' or '.join(_variable(known) for known in nearest)}?" if nearest else "see docs/settings.md"
    return f"{_variable(name)} is not a setting; {hint}"


def _missing(name: str) -> str:
    return (
        f"{_variable(name)} is missing: {_is(name).what}; expected {_is(name).expected} "
        "(REDIS_URL sets all three addresses; `make up` starts a server of its own)"
    )


def _is(name: str) -> Is:
    return next(note for note in _TYPES[name].__metadata__ if isinstance(note, Is))


def _variable(name: str) -> str:
    return PREFIX + name.upper()


if __name__ == "__main__":
    print(as_markdown())  # noqa: T201
