"""A real S3-compatible server of the tests' own: OpenStack Swift as Debian packages it, on loopback."""

import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from buffrsign.storage.s3_place import S3Place
from tests.support.wait import START_S, wait_until
from workers.processes import free_port

_PYTHON = Path("/usr/bin/python3")
_SWIFT = Path("/usr/lib/python3/dist-packages/swift")
_PROGRAM = Path(__file__).parent / "swift" / "server.py"


def find_swift() -> Path | None:
    """Where Swift is, if it is here and so is the library that we talk to it with."""
    return _SWIFT if _SWIFT.is_dir() and find_spec("botocore") else None


@dataclass
class S3Server:
    """One server and its data; `start` may be called again once it was killed."""

    folder: Path
    port: int = field(default_factory=free_port)
    certificate: Path | None = None
    _process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        """Start it, and return once it answers."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [_PYTHON, _PROGRAM, self.folder, str(self.port), *([self.certificate] if self.certificate else [])],
                stdout=log,
                stderr=log,
                env={"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"},
            )
        wait_until(self._listens, "Swift to listen", timeout_s=START_S)

    def kill(self) -> None:
        """`kill -9`, and wait until it is gone."""
        if self._process:
            self._process.kill()
            self._process.wait()

    def place(self, bucket: str) -> S3Place:
        """Where a bucket of it is, whether or not it exists."""
        endpoint = f"{'https' if self.certificate else 'http'}://127.0.0.1:{self.port}"
        ca_file = str(self.certificate) if self.certificate else None
        return S3Place(endpoint, bucket, "tests:access", "secret-of-the-tests", ca_file=ca_file)

    def _listens(self) -> bool:
        assert self._process
        assert self._process.poll() is None, (self.folder / "log").read_text()
        with socket.socket() as client:
            return client.connect_ex(("127.0.0.1", self.port)) == 0

    def files_of_objects(self) -> list[Path]:
        """The files in which Swift keeps objects, parts among them."""
        return sorted((self.folder / "devices" / "disk" / "objects").rglob("*.data"))


@contextmanager
def running_s3(folder: Path, *, certificate: Path | None = None) -> Iterator[S3Server]:
    """Swift, for as long as this lasts; with a certificate, by TLS alone."""
    server = S3Server(folder, certificate=certificate)
    server.start()
    try:
        yield server
    finally:
        server.kill()


def client_of(place: S3Place) -> Any:
    """A client of the bucket's server that shares nothing with ours."""
    from botocore.config import Config

    return _session().create_client(
        "s3",
        region_name=place.region,
        endpoint_url=place.endpoint,
        aws_access_key_id=place.access_key,
        aws_secret_access_key=place.secret_key,
        verify=place.ca_file,
        config=Config(
            s3={"addressing_style": "path"},
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
    )


@cache
def _session() -> Any:
    """One for all clients: it reads what it knows of S3 once."""
    from botocore.session import Session

    return Session()


def through(place: S3Place, port: int) -> S3Place:
    """The same bucket, reached by another port."""
    return replace(place, endpoint=f"http://127.0.0.1:{port}")
