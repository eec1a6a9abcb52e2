"""A request of the release before is there after the upgrade, with our words and nobody replaced."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import text

from buffrsign.core import sql
from buffrsign.core.clock import to_epoch_ms
from buffrsign.core.sql import Database, migrate
from buffrsign.jobs.requests import Wordings
from buffrsign.requests import Recorded, SignatureRequests
from tests.support.clock import NOON, StoppedClock
from tests.support.requests import DOCUMENT, reassigned, signed, signer

REQUEST = text(
    "INSERT INTO requests (document_id, document_title, sender_email, sender_name, sender_locale, message, reminders,"
    " opened_at) VALUES (:document_id, 'Agreement', 'sender@example.com', '', 'en', '', '{}', :opened_at)"
)
SIGNER = text(
    "INSERT INTO signers (document_id, recipient_id, position, email, name, locale, time_zone, signing_order, state)"
    " VALUES (:document_id, 'anna', 0, 'anna@example.com', 'Anna', 'en', 'Africa/Windhoek', 1, 'awaiting')"
)


def test_a_request_of_the_release_before_goes_on(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'test.db'}")
    config = Config()
    config.set_main_option("script_location", str(Path(sql.__file__).with_name("migrations")))
    with database.write() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0007")
        connection.execute(REQUEST, {"document_id": DOCUMENT, "opened_at": to_epoch_ms(NOON)})
        connection.execute(SIGNER, {"document_id": DOCUMENT})

    migrate(database)

    requests = SignatureRequests(database, clock=StoppedClock())
    request = requests.find(DOCUMENT)
    assert request is not None
    assert (request.wordings, request.expiries) == (Wordings(), 0)
    assert requests.record(reassigned("anna", to="dora")) == Recorded(next_signers=(signer("dora"),))
    assert requests.record(signed("dora")) == Recorded(completed_now=True)
    database.close()
