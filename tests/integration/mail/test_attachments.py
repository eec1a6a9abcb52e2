"""The completed document goes with its letter where the server takes it, else as a link; nobody hears nothing."""

import tracemalloc
from datetime import timedelta

import msgspec
import pytest

from buffrsign.core.ids import new_ulid
from buffrsign.mail.delivery import MailDeferred, MailRefused, TooLargeToAttach
from buffrsign.mail.downloads import reader_of
from buffrsign.mail.enclosures import Attached, Linked, encoded_bytes
from buffrsign.mail.links import Valid
from buffrsign.mail.record import AlreadyAccepted, Uncertain
from buffrsign.mail.states import Event, State
from buffrsign.storage import BlobsUnavailable
from tests.support.attachments import DOCUMENT, LINKS, arrived, attached_to, desk_at, pdf_of, token_in, words_of
from tests.support.database import migrated_database
from tests.support.mail import NOW
from tests.support.mail_records import report_of
from tests.support.smtp import DROP, Script, ScriptedSmtp
from workers.processes import free_port

HOST = "127.0.0.1"
IN_A_MONTH = NOW.replace(microsecond=0) + timedelta(days=30)
TOO_LARGE = "552 5.3.4 message too big for system"
ATTACHED_WORDS = "is attached to this letter"
LINKED_WORDS = "You can download it until 24 December 2026"


@pytest.fixture
def desk(tmp_path):
    with migrated_database(tmp_path) as database:
        yield desk_at(tmp_path / "blobs", database)


def test_the_document_is_attached_and_letter_and_record_say_so(desk):
    content = pdf_of(100_000)
    letter = desk.letter_with(content)

    with ScriptedSmtp() as server, desk.office(server.as_server()) as office:
        accepted = office.deliver(letter)

    [message] = arrived(server)
    attached = Attached(letter.sha256, len(content)).facts
    assert attached_to(message) == [content]
    assert ATTACHED_WORDS in words_of(message)
    assert accepted.enclosed == attached
    assert desk.record.find(letter.job_id).enclosed == attached
    assert [line.state for line in desk.record.history(letter.job_id)] == ["handing_over", "attached", "accepted"]


def test_a_document_of_40_mb_goes_as_a_link_and_is_not_read(desk):
    letter = desk.letter_with(pdf_of(40_000_000))

    tracemalloc.start()
    with ScriptedSmtp() as server, desk.office(server.as_server()) as office:
        accepted = office.deliver(letter)
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    [message] = arrived(server)
    linked = Linked(letter.sha256, IN_A_MONTH).facts
    file = {"document_id": DOCUMENT, "sha256": letter.sha256, "reader": reader_of(letter.recipient)}
    assert attached_to(message) == []
    assert LINKED_WORDS in words_of(message)
    assert LINKS.check(token_in(message), **file, now=NOW) == Valid()
    assert accepted.enclosed == linked
    assert [line.state for line in desk.record.history(letter.job_id)] == ["handing_over", "linked", "accepted"]
    assert peak_bytes < 10_000_000


def test_no_record_holds_the_link(desk):
    letter = desk.letter_with(pdf_of(40_000_000))

    with ScriptedSmtp() as server, desk.office(server.as_server()) as office:
        office.deliver(letter)

    kept = f"{desk.record.find(letter.job_id)} {desk.record.history(letter.job_id)}"
    assert token_in(arrived(server)[0]) not in kept
    assert "token" not in kept


@pytest.mark.parametrize(
    ("size", "is_attached"),
    [("SIZE 65536", False), ("SIZE 10000000", True), ("SIZE 0", True), ("SIZE", True), ("SIZE many", True)],
)
def test_a_server_that_takes_less_than_is_configured_is_believed(desk, size, is_attached):
    letter = desk.letter_with(pdf_of(100_000))

    with ScriptedSmtp(Script(extensions=(size,))) as server, desk.office(server.as_server()) as office:
        office.deliver(letter)

    [message] = arrived(server)
    assert bool(attached_to(message)) is is_attached
    assert (LINKED_WORDS in words_of(message)) is not is_attached


def test_a_message_with_its_document_is_never_larger_than_it_may_be(desk):
    bound_bytes = 200_000
    with ScriptedSmtp() as server, desk.office(server.as_server(max_message_bytes=bound_bytes)) as office:
        for size_bytes in range(110_000, 150_000, 2_000):
            letter = desk.letter_with(pdf_of(size_bytes))
            office.deliver(msgspec.structs.replace(letter, round=size_bytes // 1_000))

    sizes = [len(raw) for raw in server.messages]
    attached = [bool(attached_to(message)) for message in arrived(server)]
    assert max(sizes) <= bound_bytes
    assert attached == sorted(attached, reverse=True)
    assert {True, False} == set(attached)
    assert max(sizes) > bound_bytes - 20_000, "room is left unused"


def test_the_provider_that_takes_the_letter_decides_its_form(desk):
    letter = desk.letter_with(pdf_of(200_000))

    with ScriptedSmtp() as spare:
        away = spare.as_server(port=free_port(), name="away", max_message_bytes=10_000_000)
        small = spare.as_server(name="small", max_message_bytes=100_000)
        with desk.office(away, small) as office:
            office.deliver(letter)

    [message] = arrived(spare)
    assert attached_to(message) == []
    assert LINKED_WORDS in words_of(message)


@pytest.mark.parametrize("answer", [TOO_LARGE, "552 too much", "550 5.2.3 too long for this mailbox"])
def test_a_letter_that_is_found_too_large_with_its_document_comes_back_and_goes_with_a_link(desk, answer):
    letter = desk.letter_with(pdf_of(100_000))

    script = Script(end_of_data=[answer, "250 2.0.0 queued"])
    with ScriptedSmtp(script) as server, desk.office(server.as_server()) as office:
        with pytest.raises(TooLargeToAttach):
            office.deliver(letter)
        assert desk.record.find(letter.job_id).state is State.DEFERRED
        office.deliver(letter)

    with_document, with_link = arrived(server)
    assert (ATTACHED_WORDS in words_of(with_document), LINKED_WORDS in words_of(with_link)) == (True, True)
    assert with_document["Message-ID"] == with_link["Message-ID"]
    states = [line.state for line in desk.record.history(letter.job_id)]
    assert states == ["handing_over", "attached", "deferred", "handing_over", "linked", "accepted"]


def test_a_letter_that_was_too_large_keeps_its_link_over_other_failures_and_in_its_next_round(desk):
    letter = desk.letter_with(pdf_of(100_000))
    again = msgspec.structs.replace(letter, job_id=new_ulid(), round=2)

    answers = [TOO_LARGE, "451 4.3.0 later", "250 2.0.0 queued"]
    with ScriptedSmtp(Script(end_of_data=answers)) as server, desk.office(server.as_server()) as office:
        for _ in range(2):
            with pytest.raises(MailDeferred):
                office.deliver(letter)
        for job in (letter, again):
            office.deliver(job)

    assert [bool(attached_to(message)) for message in arrived(server)] == [True, False, False, False]


def test_a_letter_that_came_back_for_its_size_suppresses_nobody_and_is_linked_when_it_is_asked_for_again(desk):
    letter = desk.letter_with(pdf_of(100_000))
    again = msgspec.structs.replace(letter, job_id=new_ulid(), round=2)

    with ScriptedSmtp() as server, desk.office(server.as_server()) as office:
        office.deliver(letter)
        reported = office.report(report_of(letter, Event.BOUNCED, status="5.3.4"))
        office.deliver(again)

    assert (reported.delivery.state, reported.suppressed) == (State.BOUNCED, False)
    assert [bool(attached_to(message)) for message in arrived(server)] == [True, False]


def test_a_small_letter_that_is_refused_for_its_size_has_bounced(desk):
    letter = desk.letter_with(pdf_of(40_000_000))

    with (
        ScriptedSmtp(Script(end_of_data=TOO_LARGE)) as server,
        desk.office(server.as_server()) as office,
        pytest.raises(MailRefused),
    ):
        office.deliver(letter)

    assert desk.record.find(letter.job_id).state is State.BOUNCED


def test_a_full_mailbox_is_no_question_of_size(desk):
    letter = desk.letter_with(pdf_of(100_000))

    with (
        ScriptedSmtp(Script(end_of_data="552 5.2.2 mailbox full")) as server,
        desk.office(server.as_server()) as office,
        pytest.raises(MailRefused),
    ):
        office.deliver(letter)


@pytest.mark.parametrize(
    "script",
    [Script(drop_after_bytes=50_000), Script(end_of_data="451 4.3.0 later")],
    ids=["dropped on the way", "deferred"],
)
def test_a_letter_that_fails_again_and_again_with_its_document_goes_with_a_link(desk, script):
    letter = desk.letter_with(pdf_of(4_000_000))

    with ScriptedSmtp(script, script, script, Script()) as server:
        for _ in range(3):
            with desk.office(server.as_server()) as office, pytest.raises(MailDeferred):
                office.deliver(letter)
        with desk.office(server.as_server()) as office:
            office.deliver(letter)

    assert LINKED_WORDS in words_of(arrived(server)[-1])


def test_without_link_keys_a_letter_that_fails_again_and_again_keeps_its_document(desk):
    letter = desk.letter_with(pdf_of(100_000))

    script = Script(end_of_data=["451 4.3.0 later"] * 3 + ["250 2.0.0 queued"])
    with ScriptedSmtp(script) as server, desk.office(server.as_server(), links=None) as office:
        for _ in range(3):
            with pytest.raises(MailDeferred):
                office.deliver(letter)
        office.deliver(letter)

    assert all(map(attached_to, arrived(server)))


def test_without_link_keys_a_letter_says_that_its_document_is_too_large_and_how_else_to_come_by_it(desk):
    letter = desk.letter_with(pdf_of(40_000_000))

    with ScriptedSmtp() as server, desk.office(server.as_server(), links=None) as office:
        accepted = office.deliver(letter)

    assert "too large to be attached. Please sign in to BuffrSign" in words_of(arrived(server)[0])
    assert accepted.enclosed == {"enclosure": "withheld", "sha256": letter.sha256, "why": "too_large"}


def lose(desk, letter):
    desk.blobs.delete(letter.sha256)


def damage(desk, letter):
    (desk.folder / letter.sha256[:2] / letter.sha256).write_bytes(b"something else")


def lengthen(desk, letter):
    with (desk.folder / letter.sha256[:2] / letter.sha256).open("ab") as file:
        file.write(b"more")


def delete(desk, letter):
    with desk.catalog.deleting(DOCUMENT, letter.sha256) as deletion:
        for blob in deletion.unused_blobs:
            desk.blobs.delete(blob)


@pytest.mark.parametrize(
    ("spoil", "why"), [(lose, "missing"), (damage, "damaged"), (lengthen, "damaged"), (delete, "deleted")]
)
def test_who_is_told_that_all_have_signed_is_told_so_without_the_document_where_that_is_gone(desk, spoil, why):
    letter = desk.letter_with(pdf_of(100_000), retain_until=NOW)
    spoil(desk, letter)

    with ScriptedSmtp() as server, desk.office(server.as_server()) as office:
        accepted = office.deliver(letter)

    [message] = arrived(server)
    assert attached_to(message) == []
    assert "could not be attached" in words_of(message)
    assert accepted.enclosed == {"enclosure": "withheld", "sha256": letter.sha256, "why": why}


def test_a_version_that_nobody_stored_is_missing(desk):
    letter = msgspec.structs.replace(desk.letter_with(pdf_of(1_000)), sha256="0" * 64)

    with ScriptedSmtp() as server, desk.office(server.as_server()) as office:
        assert office.deliver(letter).enclosed["why"] == "missing"


def test_a_letter_waits_while_storage_is_away_and_no_server_is_asked(desk):
    letter = desk.letter_with(pdf_of(1_000))
    disk = desk.folder.rename(desk.folder.with_name("unmounted"))
    desk.folder.mkdir()

    with ScriptedSmtp() as server, desk.office(server.as_server()) as office:
        with pytest.raises(BlobsUnavailable):
            office.deliver(letter)
        desk.folder.rmdir()
        disk.rename(desk.folder)
        office.deliver(letter)

    assert server.sessions == 1
    assert attached_to(arrived(server)[0])


def test_no_link_holds_longer_than_its_document_is_kept(desk):
    letter = desk.letter_with(pdf_of(40_000_000), retain_until=NOW + timedelta(days=2))

    with ScriptedSmtp() as server, desk.office(server.as_server()) as office:
        accepted = office.deliver(letter)

    assert accepted.enclosed["until"] == (NOW + timedelta(days=2)).isoformat()
    assert "until 26 November 2026" in words_of(arrived(server)[0])


def test_a_document_whose_time_is_over_has_no_link(desk):
    letter = desk.letter_with(pdf_of(40_000_000), retain_until=NOW)

    with ScriptedSmtp() as server, desk.office(server.as_server()) as office:
        assert office.deliver(letter).enclosed["why"] == "deleted"


def test_a_letter_that_names_no_version_comes_without_a_file(desk):
    letter = msgspec.structs.replace(desk.letter_with(pdf_of(1_000)), sha256=None)

    with ScriptedSmtp() as server, desk.office(server.as_server()) as office:
        accepted = office.deliver(letter)

    assert accepted.enclosed == {}
    assert arrived(server)[0].get_content_type() == "multipart/alternative"


def test_a_letter_that_was_taken_or_may_have_been_is_known_with_its_enclosure(desk):
    taken, doubtful = (desk.letter_with(pdf_of(size)) for size in (1_000, 2_000))
    doubtful = msgspec.structs.replace(doubtful, round=2)

    script = Script(end_of_data=["250 2.0.0 queued", DROP])
    with ScriptedSmtp(script) as server, desk.office(server.as_server()) as office:
        office.deliver(taken)
        assert office.deliver(taken) == AlreadyAccepted(HOST, enclosed=Attached(taken.sha256, 1_000).facts)
        assert office.deliver(doubtful) == Uncertain(HOST, Attached(doubtful.sha256, 2_000).facts)


def test_the_largest_document_that_is_attached_is_a_good_quarter_smaller_than_its_message(desk):
    assert encoded_bytes(7_300_000) < 10_000_000 < encoded_bytes(7_320_000)
