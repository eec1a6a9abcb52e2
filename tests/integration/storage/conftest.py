from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest

from buffrsign.core.sql import Database
from buffrsign.storage import Blobs, Catalog, LocalBlobs
from buffrsign.storage.s3_place import S3Place
from tests.support.clock import StoppedClock
from tests.support.database import migrated_database
from tests.support.many_bytes import PART_BYTES
from tests.support.s3_server import S3Server, client_of, running_s3

_bucket_numbers = count(1)


@dataclass(frozen=True)
class Store:
    """A store, where a test's own programs find it, and a way to its bytes that is not ours."""

    blobs: Blobs
    where: dict[str, str]
    overwrite: Callable[[str, bytes], None]


@pytest.fixture
def clock() -> StoppedClock:
    return StoppedClock()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with migrated_database(tmp_path) as database:
        yield database


@pytest.fixture
def catalog(database: Database, clock: StoppedClock) -> Catalog:
    return Catalog(database, clock=clock)


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """Swift, for the whole run; whoever kills it starts one of their own."""
    with running_s3(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture
def s3_place(s3_server: S3Server) -> S3Place:
    """An empty bucket of this test's own."""
    place = s3_server.place(f"bucket-{next(_bucket_numbers)}")
    client_of(place).create_bucket(Bucket=place.bucket)
    return place


@pytest.fixture(params=["folder", pytest.param("s3", marks=pytest.mark.needs("s3-server"))])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """Each store in turn."""
    return _folder(tmp_path / "blobs") if request.param == "folder" else _s3(request.getfixturevalue("s3_place"))


@pytest.fixture
def blobs(store: Store) -> Blobs:
    return store.blobs


def _folder(folder: Path) -> Store:
    def overwrite(sha256: str, data: bytes) -> None:
        (folder / sha256[:2] / sha256).write_bytes(data)

    return Store(LocalBlobs(folder), {"folder": str(folder)}, overwrite)


def _s3(place: S3Place) -> Store:
    from buffrsign.storage.s3 import S3Blobs

    def overwrite(sha256: str, data: bytes) -> None:
        client_of(place).put_object(Bucket=place.bucket, Key=f"{sha256[:2]}/{sha256}", Body=data)

    where = {name: value for name, value in vars(place).items() if value is not None}
    return Store(S3Blobs(place, part_bytes=PART_BYTES), where, overwrite)
