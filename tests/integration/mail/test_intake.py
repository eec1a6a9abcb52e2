import io
import mailbox
import os

import pytest

from buffrsign.mail.bounces import LONGEST_READ_BYTES
from buffrsign.mail.intake import IntakeRefused, message_in_stream, messages_in_folder, messages_in_mbox


@pytest.fixture
def maildir(tmp_path):
    """A Maildir with two new messages and one that was read."""
    for name in ("new", "cur", "tmp"):
        (tmp_path / name).mkdir()
    (tmp_path / "new" / "1.host").write_bytes(b"first")
    (tmp_path / "new" / "2.host").write_bytes(b"second")
    (tmp_path / "cur" / "0.host:2,S").write_bytes(b"read before")
    return tmp_path


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "a.eml").write_bytes(b"first")
    (tmp_path / "B.EML").write_bytes(b"second")
    (tmp_path / "notes.txt").write_bytes(b"no message")
    (tmp_path / ".c.eml").write_bytes(b"unfinished")
    (tmp_path / "d.eml").mkdir()
    return tmp_path


def names(folder):
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_what_is_new_in_a_maildir_is_read_in_order_and_put_into_cur(maildir):
    messages = list(messages_in_folder(maildir))

    assert [message.data for message in messages] == [b"first", b"second"]
    messages[0].read()
    messages[1].unreadable()
    assert (names(maildir / "new"), names(maildir / "cur")) == ([], ["0.host:2,S", "1.host:2,S"])
    assert names(maildir / "unreadable") == ["2.host"]
    assert list(messages_in_folder(maildir)) == []


def test_the_eml_files_of_a_folder_are_read_and_put_away(folder):
    messages = list(messages_in_folder(folder))

    assert sorted(message.data for message in messages) == [b"first", b"second"]
    for message in messages:
        message.read()
    assert names(folder / "done") == ["B.EML", "a.eml"]
    assert list(messages_in_folder(folder)) == []


def test_a_message_that_was_not_put_away_is_read_again(folder):
    assert [message.name for message in messages_in_folder(folder)] == [
        message.name for message in messages_in_folder(folder)
    ]


def test_a_message_of_the_same_name_replaces_no_other(folder):
    for content in (b"first", b"another", b"a third"):
        (folder / "a.eml").write_bytes(content)
        next(message for message in messages_in_folder(folder) if message.name == "a.eml").read()

    kept = {path.name: path.read_bytes() for path in (folder / "done").iterdir()}
    assert kept == {"a.eml": b"first", "2-a.eml": b"another", "3-a.eml": b"a third"}


def test_a_message_that_another_intake_put_away_meanwhile_is_left_to_it(folder):
    one, other = (list(messages_in_folder(folder)) for _ in range(2))

    for message in (*one, *other):
        message.read()

    assert names(folder / "done") == ["B.EML", "a.eml"]


def test_a_message_that_cannot_be_moved_is_a_sentence(folder):
    (folder / "done").write_bytes(b"in the way")
    message = next(iter(messages_in_folder(folder)))

    with pytest.raises(IntakeRefused, match="cannot be moved"):
        message.read()


def test_a_file_of_any_name_can_be_told_of(tmp_path):
    (tmp_path / os.fsdecode(b"\xff\xfe\n.eml")).write_bytes(b"x")

    [message] = messages_in_folder(tmp_path)
    message.read()

    message.name.encode()
    assert message.name.isprintable()
    assert len(names(tmp_path / "done")) == 1


def test_of_a_large_file_only_the_beginning_is_read(folder):
    (folder / "a.eml").write_bytes(b"x" * (LONGEST_READ_BYTES + 10))

    message = next(message for message in messages_in_folder(folder) if message.name == "a.eml")

    assert len(message.data) == LONGEST_READ_BYTES


def test_a_file_that_went_away_before_it_was_opened_stops_nothing(folder):
    messages = messages_in_folder(folder)
    first = next(messages)
    (folder / "a.eml").unlink()

    assert first.data == b"second"
    assert [(message.name, message.data) for message in messages] == [("a.eml", None)]


def test_every_message_of_an_mbox_is_read_and_the_file_stays(tmp_path):
    box = mailbox.mbox(tmp_path / "box")
    for text in ("one", "From here on"):
        box.add(f"Subject: x\n\n{text}\n")
    box.close()
    before = (tmp_path / "box").read_bytes()

    messages = list(messages_in_mbox(tmp_path / "box"))
    for message in messages:
        message.read()

    assert [message.name for message in messages] == ["box#1", "box#2"]
    assert b"From here on" in messages[1].data
    assert (tmp_path / "box").read_bytes() == before


@pytest.mark.parametrize("content", [b"", b"no mbox\n", b"\xff\x00" * 1000])
def test_a_file_that_is_no_mbox_holds_no_messages(tmp_path, content):
    (tmp_path / "box").write_bytes(content)

    assert list(messages_in_mbox(tmp_path / "box")) == []


def test_a_stream_is_one_message_and_is_read_to_its_end():
    stream = io.BytesIO(b"x" * (3 * LONGEST_READ_BYTES + 1))

    message = message_in_stream(stream)

    assert (message.name, len(message.data), stream.read()) == ("-", LONGEST_READ_BYTES, b"")
    message.read()


def test_a_place_that_is_not_there_is_refused_with_what_was_expected(tmp_path):
    with pytest.raises(IntakeRefused, match=r"a Maildir, or a folder of \.eml files"):
        messages_in_folder(tmp_path / "nowhere")
    with pytest.raises(IntakeRefused, match="takes an mbox"):
        messages_in_mbox(tmp_path)
