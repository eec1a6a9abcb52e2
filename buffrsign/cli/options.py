"""The options that several commands share, and how a command line spells durations and moments."""

import os
import re
from datetime import datetime, timedelta

import click

from buffrsign.broker.address import AddressRefused, read_address
from buffrsign.core.clock import to_epoch_ms
from buffrsign.core.key_list import KeysRefused
from buffrsign.crypto import Cipher

_UNITS = {"ms": "milliseconds", "s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_DURATION = re.compile(rf"(\d+(?:\.\d+)?)({'|'.join(_UNITS)})")


def duration(text: str) -> timedelta:
    """A number and its unit, as in 250ms, 5s, 10m, 2h or 3d; anything else is a usage error."""
    match = _DURATION.fullmatch(text)
    if match is None:
        raise click.BadParameter("expected a number and a unit, as in 250ms, 5s, 10m, 2h or 3d")
    try:
        return timedelta(**{_UNITS[match[2]]: float(match[1])})
    except OverflowError as error:
        raise click.BadParameter("the duration is too long") from error


def moment(text: str) -> datetime:
    """A date and time in ISO 8601 with its offset from UTC; anything else is a usage error."""
    try:
        given = datetime.fromisoformat(text)
        to_epoch_ms(given)
    except ValueError as error:
        raise click.BadParameter("expected a time and its offset from UTC, as in 2026-11-23T08:00:00+02:00") from error
    return given


def _or_redis_url(ctx: click.Context, param: click.Parameter, given: str | None) -> str:
    """The URL, or REDIS_URL's server: workers take only that from it, and keep the jobs in its database 0."""
    if given is not None:
        return given
    server = os.environ.get("REDIS_URL", "")
    if not server:
        raise click.MissingParameter("Set BUFFRSIGN_BROKER_URL or REDIS_URL, or give it here.", ctx=ctx, param=param)
    try:
        return read_address(server).with_database(0).url()
    except AddressRefused as refused:
        raise click.UsageError(f"REDIS_URL cannot be used: {refused}") from refused


def _cipher(_ctx: click.Context, _param: click.Parameter, given: str | None) -> Cipher | None:
    """The cipher of the keys; what they are is never repeated."""
    try:
        return Cipher.read(given) if given else None
    except KeysRefused as refused:
        raise click.BadParameter(str(refused)) from refused


broker_url = click.option(
    "--broker-url",
    envvar="BUFFRSIGN_BROKER_URL",
    callback=_or_redis_url,
    show_envvar=True,
    metavar="URL",
    help="Where the jobs wait, as in redis://127.0.0.1:6379/0. Without it, database 0 of REDIS_URL.",
)
database_url = click.option(
    "--database-url",
    envvar="BUFFRSIGN_DATABASE_URL",
    required=True,
    show_envvar=True,
    metavar="URL",
    help="The workers' SQL database, as in sqlite:///var/buffrsign.db.",
)
key_secret = click.option(
    "--key-secret",
    envvar="BUFFRSIGN_JOB_KEY_SECRET",
    show_envvar=True,
    metavar="TEXT",
    help="Hashes job keys, the same for all producers. May be left out on loopback; best given by the environment.",
)
payload_keys = click.option(
    "--payload-keys",
    envvar="BUFFRSIGN_PAYLOAD_KEYS",
    show_envvar=True,
    callback=_cipher,
    metavar="ID:KEY,...",
    help="Encrypt and read payloads, as workers do. May be left out on loopback; best given by the environment.",
)
allow_plain = click.option(
    "--allow-plain-payloads",
    envvar="BUFFRSIGN_ALLOW_PLAIN_PAYLOADS",
    show_envvar=True,
    is_flag=True,
    help="Send payloads in clear to a broker that is not on loopback.",
)
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, for machines.")
