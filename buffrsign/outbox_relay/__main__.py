"""The relay as a program: `python -m buffrsign.outbox_relay --database-url …`."""

import logging
import os
import signal
import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from contextlib import suppress
from threading import Event
from typing import Any

import msgspec
from sqlalchemy import create_engine
from sqlalchemy.exc import ArgumentError

from buffrsign.broker.enqueueing import MAX_READY, KeySecretRefused
from buffrsign.broker.unavailable import BrokerUnavailable
from buffrsign.core.clock import from_epoch_ms
from buffrsign.core.errors import Permanent
from buffrsign.core.logs import FIELDS_ATTRIBUTE
from buffrsign.crypto import Cipher
from buffrsign.outbox_relay import Relay
from buffrsign.producer import Producer


class _Lines(logging.Formatter):
    """A log record with its fields on one line, for people or as JSON."""

    def __init__(self, *, as_json: bool) -> None:
        super().__init__()
        self._as_json = as_json

    def format(self, record: logging.LogRecord) -> str:
        fields: dict[str, Any] = getattr(record, FIELDS_ATTRIBUTE, {})
        at, level = from_epoch_ms(int(record.created * 1000)), record.levelname.lower()
        if self._as_json:
            line = {"at": at, "level": level, "event": record.getMessage(), **fields}
            return msgspec.json.encode(line, enc_hook=str).decode()
        return " ".join([f"{at:%H:%M:%S}", level, record.getMessage(), *(f"{n}={v}" for n, v in fields.items())])


def _parser() -> ArgumentParser:
    parser = ArgumentParser(
        prog="python -m buffrsign.outbox_relay",
        description="Publish the jobs of a database's outbox, until SIGTERM or Ctrl-C. Any number may run.",
        epilog="From the environment also: BUFFRSIGN_JOB_KEY_SECRET, BUFFRSIGN_PAYLOAD_KEYS and "
        "BUFFRSIGN_ALLOW_PLAIN_PAYLOADS, as workers read them. `buffrsign outbox show` tells what waits.",
    )
    parser.add_argument(
        "--database-url",
        required=True,
        help="where the outbox is, as SQLAlchemy spells it; leave its password to PGPASSWORD or a password file",
    )
    parser.add_argument("--broker-url", default=os.environ.get("BUFFRSIGN_BROKER_URL"), help="or BUFFRSIGN_BROKER_URL")
    parser.add_argument(
        "--max-ready",
        type=int,
        default=os.environ.get("BUFFRSIGN_MAX_READY", str(MAX_READY)),
        help="how many jobs may be ready in a queue; or BUFFRSIGN_MAX_READY",
    )
    parser.add_argument("--json", action="store_true", help="log one JSON object a line")
    return parser


def main(arguments: Sequence[str] | None = None) -> None:
    """Relay until SIGTERM or Ctrl-C. The key secret and the payload keys are in the environment."""
    parser = _parser()
    said = parser.parse_args(arguments)
    if not said.broker_url:
        parser.error("give --broker-url or BUFFRSIGN_BROKER_URL")
    output = logging.StreamHandler(sys.stderr)
    output.setFormatter(_Lines(as_json=said.json))
    logging.basicConfig(level=logging.INFO, handlers=[output])
    payload_keys = os.environ.get("BUFFRSIGN_PAYLOAD_KEYS")
    try:
        cipher = Cipher.read(payload_keys) if payload_keys else None
        producer = Producer(
            said.broker_url,
            key_secret=os.environ.get("BUFFRSIGN_JOB_KEY_SECRET"),
            cipher=cipher,
            allow_plain_payloads=os.environ.get("BUFFRSIGN_ALLOW_PLAIN_PAYLOADS") == "1",
            max_ready=said.max_ready,
        )
        engine = create_engine(said.database_url, pool_pre_ping=True, hide_parameters=True)
    except (Permanent, ArgumentError, ModuleNotFoundError) as error:
        parser.error(str(error))
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stop.set())
    try:
        with suppress(BrokerUnavailable):  # it is waited for
            producer.require_same_secret()
        Relay(engine, producer, cipher=cipher).run(stop)
    except KeySecretRefused as refused:
        sys.exit(str(refused))


if __name__ == "__main__":
    main()
