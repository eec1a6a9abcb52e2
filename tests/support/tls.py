"""A server that speaks TLS alone, with the tests' own certificate: Debian's, as the bundled one has no TLS."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError

from buffrsign.broker.address import read_address
from buffrsign.broker.connection import connect
from tests.support.broker import TestBroker
from tests.support.wait import wait_until
from workers.processes import Processes, free_port

CERTIFICATE = Path(__file__).parent.parent / "golden" / "tls" / "localhost.pem"
PASSWORD = "a password of the tests"
SENTINEL_PASSWORD = "sesame"
QUOTED = "a%20password%20of%20the%20tests"


_ONLY_TLS = {
    "port": 0,
    "bind": "127.0.0.1",
    "tls-auth-clients": "no",
    "tls-replication": "yes",
    **{f"tls-{what}-file": CERTIFICATE for what in ("cert", "key", "ca-cert")},
}


@contextmanager
def tls_broker(folder: Path) -> Iterator[TestBroker]:
    """Its three databases, at rediss:// addresses that trust the certificate."""
    port = free_port()
    data = folder / "data"
    data.mkdir()
    options = {**_ONLY_TLS, "tls-port": port, "dir": data, "requirepass": PASSWORD, "appendonly": "yes"}
    flags = [part for name, value in options.items() for part in (f"--{name}", str(value))]
    urls = [f"rediss://:{QUOTED}@127.0.0.1:{port}/{n}?ssl_ca_certs={CERTIFICATE}" for n in range(3)]
    with Processes(folder / "log") as processes, connect(urls[0]) as client:
        processes.start("server", ["redis-server", *flags], env=os.environ)
        wait_until(lambda: answers(client), "the server to answer")
        yield TestBroker(client, *urls)


@contextmanager
def tls_sentinel(folder: Path, broker: TestBroker) -> Iterator[str]:
    """The address of that server by way of a sentinel, which asks for TLS and for an account of its own."""
    port, [(_host, server)] = free_port(), read_address(broker.broker_url).hosts
    words = {**_ONLY_TLS, "tls-port": port, "dir": folder, "requirepass": SENTINEL_PASSWORD}
    lines = [f"{name} {value}" for name, value in words.items()]
    lines += [f"sentinel monitor jobs 127.0.0.1 {server} 1", f'sentinel auth-pass jobs "{PASSWORD}"']
    file = folder / "sentinel.conf"
    file.write_text("\n".join(lines) + "\n")
    options = f"master_name=jobs&sentinel_password={SENTINEL_PASSWORD}&ssl_ca_certs={CERTIFICATE}"
    url = f"sentinel://:{QUOTED}@127.0.0.1:{port}/0?{options}"
    with Processes(folder / "sentinel-log") as processes, connect(url) as client:
        processes.start("sentinel", ["redis-server", str(file), "--sentinel"], env=os.environ)
        wait_until(lambda: answers(client), "the sentinel to name the server")
        yield url


def answers(client: "Redis") -> bool:
    """Whether a command gets through."""
    try:
        return bool(client.ping())
    except RedisError:
        return False
