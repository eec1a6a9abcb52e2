"""What must hold before a program takes its first job: servers that keep what they are given, and one key secret."""

import sys

from redis.exceptions import RedisError

from buffrsign.broker.server import ServerUnfit, VolatileServer, read_facts, require_fit
from buffrsign.core.logs import get_logger
from buffrsign.producer import BrokerUnavailable, EnqueueRefused, Producer, connect
from config.services import Services
from config.settings import Settings

log = get_logger(__name__)


def stop_if_unfit(settings: Settings) -> None:
    """End the program with a sentence if its broker or state server would lose what it is given.

    A server that does not answer yet is waited for, by the program itself.
    """
    try:
        _check_secret(settings)
        for name, url in (("broker", settings.broker_url), ("state server", settings.state_url)):
            _check(name, url, may_be_volatile=settings.allow_volatile_broker)
    except (EnqueueRefused, ServerUnfit) as unfit:
        sys.exit(str(unfit))


def _check_secret(settings: Settings) -> None:
    producer = Producer(
        settings.broker_url,
        key_secret=settings.job_key_secret,
        cipher=Services(settings).cipher,
        allow_plain_payloads=settings.allow_plain_payloads,
    )
    try:
        producer.require_same_secret()
    except BrokerUnavailable:
        return  # the check of the server itself says so
    finally:
        producer.close()


def _check(name: str, url: str, *, may_be_volatile: bool) -> None:
    with connect(url) as client:
        try:
            facts = read_facts(client, server=name)
        except RedisError as error:
            log.warning("server not reachable yet, waiting for it", server=name, error_type=type(error).__name__)
            return
    try:
        require_fit(facts, server=name)
    except VolatileServer as volatile:
        if not may_be_volatile:
            raise
        log.warning("server may lose what it holds, as allowed", server=name, detail=str(volatile))
    else:
        if not facts.is_append_only:
            log.warning("server keeps no append-only file, a crash of it loses the latest jobs", server=name)
