from datetime import UTC, datetime, timedelta, timezone
from functools import partial

import pytest
from sqlalchemy import Column, Integer, MetaData, String, Table, func, insert, select
from sqlalchemy.exc import IntegrityError, OperationalError, StatementError

from buffrsign.core.sql import Database, DatabaseUnavailable, UtcMoment
from tests.support.racing import race

own_metadata = MetaData()
notes = Table(
    "notes",
    own_metadata,
    Column("name", String(50), primary_key=True),
    Column("number", Integer),
    Column("at", UtcMoment),
)


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path / 'test.db'}"


@pytest.fixture
def database(url):
    database = Database(url)
    with database.write() as connection:
        own_metadata.create_all(connection)
    yield database
    database.close()


def note(database, name, **values):
    with database.write() as connection:
        connection.execute(insert(notes).values(name=name, **values))


def count(database):
    with database.read() as connection:
        return connection.execute(select(func.count()).select_from(notes)).scalar_one()


def pragma(database, name):
    with database.read() as connection:
        return connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()


def test_sqlite_is_durable_and_keeps_its_references(database):
    assert pragma(database, "journal_mode") == "wal"
    assert pragma(database, "synchronous") == 2  # FULL
    assert pragma(database, "foreign_keys") == 1


def test_a_write_is_there_when_its_block_has_ended(database):
    note(database, "a")

    assert count(database) == 1


def test_a_block_that_fails_writes_nothing(database):
    def write_and_fail():
        with database.write() as connection:
            connection.execute(insert(notes).values(name="a"))
            raise RuntimeError("half-way")

    with pytest.raises(RuntimeError, match="half-way"):
        write_and_fail()

    assert count(database) == 0


def test_reads_and_writes_take_turns_on_one_connection(database):
    for name in "abc":
        count(database)
        note(database, name)

    assert count(database) == 3


def test_a_transaction_that_reads_before_it_writes_loses_no_update(database):
    note(database, "counter", number=0)

    def increment():
        with database.write() as connection:
            number = connection.execute(select(notes.c.number)).scalar_one()
            connection.execute(notes.update().values(number=number + 1))

    race([increment] * 8)

    with database.read() as connection:
        assert connection.execute(select(notes.c.number)).scalar_one() == 8


def test_a_reader_sees_one_state_and_does_not_wait_for_a_writer(database):
    with database.read() as reader:
        before = reader.execute(select(notes.c.name)).all()
        note(database, "a")
        after = reader.execute(select(notes.c.name)).all()

    assert before == after == []
    assert count(database) == 1


def test_a_database_locked_for_too_long_is_unavailable_for_now(database, url):
    impatient = Database(url, busy_timeout_s=0.01)

    with database.write(), pytest.raises(DatabaseUnavailable, match="locked"):
        note(impatient, "a")

    note(impatient, "a")
    impatient.close()
    assert count(database) == 1


def test_a_lock_is_waited_for(database, url):
    note(database, "0")
    databases = [Database(url) for _ in range(4)]

    race([partial(note, each, str(number)) for number, each in enumerate(databases, start=1)])

    for each in databases:
        each.close()
    assert count(database) == 5


def test_whoever_opens_a_fresh_file_at_once_gets_in(tmp_path):
    def open_and_write(url):
        database = Database(url)
        with database.write() as connection:
            own_metadata.create_all(connection)
        database.close()

    for number in range(20):
        race([partial(open_and_write, f"sqlite:///{tmp_path / str(number)}")] * 6)


def test_a_folder_that_is_not_there_is_unavailable(tmp_path):
    database = Database(f"sqlite:///{tmp_path / 'nowhere' / 'test.db'}")

    with pytest.raises(DatabaseUnavailable, match="unable to open"):
        note(database, "a")


def test_a_missing_table_is_no_matter_of_waiting(url):
    database = Database(url)

    with pytest.raises(OperationalError, match="no such table"):
        note(database, "a")

    database.close()


def test_an_error_does_not_tell_the_values_of_its_statement(database):
    note(database, "signer@example.com")

    with pytest.raises(IntegrityError) as caught:
        note(database, "signer@example.com")

    assert "signer@example.com" not in str(caught.value)


@pytest.mark.parametrize(
    "moment",
    [
        datetime(2026, 3, 2, 12, 0, tzinfo=UTC),
        datetime(2026, 3, 2, 14, 0, tzinfo=timezone(timedelta(hours=2))),
        datetime(1969, 12, 31, 23, 59, 59, 999000, tzinfo=UTC),
        datetime(9999, 12, 31, tzinfo=UTC),
        None,
    ],
)
def test_a_moment_comes_back_from_the_database_in_utc(database, moment):
    note(database, "a", at=moment)

    with database.read() as connection:
        found = connection.execute(select(notes.c.at)).scalar_one()
    assert found == moment
    assert found is None or found.tzinfo is UTC


def test_moments_compare_in_the_database(database):
    noon = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
    for hours in (-1, 0, 1):
        note(database, str(hours), at=noon + timedelta(hours=hours))

    with database.read() as connection:
        due = connection.execute(select(notes.c.name).where(notes.c.at <= noon).order_by(notes.c.at)).scalars().all()

    assert due == ["-1", "0"]


def test_a_moment_without_a_zone_is_refused(database):
    with pytest.raises(StatementError, match="no time zone"):
        note(database, "a", at=datetime(2026, 3, 2, 12, 0))  # noqa: DTZ001
