"""What a file may make a parser do, done by readers that do it on purpose: each ends as a named outcome."""

import builtins
import os
import time

import pytest

from buffrsign.documents import MAX_BYTES, Reason, Unreadable
from buffrsign.documents.sandbox import Limits, Sandbox
from tests.support.hostile import MODULE

BUILT_IN_ERRORS = sorted(
    name for name, named in vars(builtins).items() if isinstance(named, type) and issubclass(named, BaseException)
)


@pytest.mark.parametrize(
    ("reader", "reason"),
    [
        ("segfault", Reason.DAMAGED),
        ("leave", Reason.DAMAGED),
        ("abort", Reason.RESOURCE_LIMIT),
        ("loop", Reason.RESOURCE_LIMIT),
        ("loop_in_c", Reason.RESOURCE_LIMIT),
        ("recurse", Reason.DAMAGED),
        ("reach_network", Reason.ACTIVE_CONTENT),
        ("start_program", Reason.ACTIVE_CONTENT),
        ("become_program", Reason.ACTIVE_CONTENT),
        ("fork", Reason.ACTIVE_CONTENT),
        ("kill_zygote", Reason.ACTIVE_CONTENT),
        ("kill_zygote_by_limits", Reason.ACTIVE_CONTENT),
        ("return_a_number", Reason.DAMAGED),
        ("answer_garbage", Reason.DAMAGED),
        ("answer_endlessly", Reason.RESOURCE_LIMIT),
    ],
)
def test_whatever_a_file_does_to_its_child_has_a_name(hostile, reader, reason):
    assert hostile.read(reader, reader.encode()) == Unreadable.because(reason)


@pytest.mark.parametrize("name", BUILT_IN_ERRORS)
def test_every_built_in_error_is_an_outcome(hostile, name):
    expected = Reason.RESOURCE_LIMIT if name == "MemoryError" else Reason.DAMAGED

    assert hostile.read("raise_named", name.encode()) == Unreadable.because(expected)


def test_an_error_is_logged_by_its_class_and_never_by_its_words(hostile, caplog):
    hostile.read("raise_named", b"ValueError")

    [record] = caplog.records
    assert (record.getMessage(), record.fields) == ("document could not be read", {"error": "ValueError"})
    assert "a word of the document" not in caplog.text


def test_a_kill_is_logged_with_its_ending(hostile, caplog):
    hostile.read("segfault", b"to be logged")

    fields = caplog.records[-1].fields
    assert (fields["reason"], fields["ending"], fields["kills"]) == ("damaged", "SIGSEGV", 1)


def test_a_file_that_hangs_ends_by_the_clock():
    sandbox = Sandbox(Limits(wall_s=0.3), readers=MODULE)
    sandbox.capabilities()  # the zygote's start is nobody's time
    began = time.monotonic()

    found = sandbox.read("sleep", b"a file")

    assert found == Unreadable.because(Reason.TIMEOUT)
    assert time.monotonic() - began < 5
    sandbox.close()


def test_memory_past_the_limit_is_not_had_and_the_child_is_replaced(hostile):
    before = hostile.read("pid_of_child", b"")

    found = hostile.read("allocate", b"a file", mib=500)

    assert found == Unreadable.because(Reason.RESOURCE_LIMIT)
    assert hostile.read("pid_of_child", b"") != before


def test_memory_within_the_limit_is_had_by_every_file(hostile):
    found = [hostile.read("allocate", b"a file", mib=200) for _ in range(3)]

    assert found == [str(200 * 1024 * 1024)] * 3


def test_a_child_that_hoards_is_replaced_before_the_next_file_wants_for_memory(hostile):
    hoarded = [hostile.read("hoard", b"a file", mib=150) for _ in range(3)]

    assert len(set(hoarded)) == 3


def test_an_answer_past_the_limit_is_no_answer(hostile):
    assert hostile.read("return_much", b"a file", mib=3) == "x" * 3 * 1024 * 1024
    assert hostile.read("return_much", b"a file", mib=5) == Unreadable.because(Reason.RESOURCE_LIMIT)


def test_a_gigabyte_of_print_goes_nowhere(hostile, capfd):
    assert hostile.read("print_much", b"a file", mib=512) == "printed"

    assert capfd.readouterr() == ("", "")


def test_files_can_be_opened_up_to_the_limit(hostile):
    opened, said = hostile.read("open_many", b"a file").split(" ", 1)

    assert int(opened) < 24
    assert said == "Too many open files"


@pytest.mark.parametrize("reader", ["read_path", "write_path"])
def test_files_of_the_machine_are_out_of_reach(hostile, tmp_path, reader):
    secret = tmp_path / "secret.txt"
    secret.write_text("a secret")

    found = hostile.read(reader, str(secret).encode())

    assert found == Unreadable.because(Reason.DAMAGED)
    assert secret.read_text() == "a secret"


def test_nobody_gets_more_rights_to_a_file(hostile, tmp_path):
    secret = tmp_path / "secret.txt"
    secret.touch(mode=0o600)

    assert hostile.read("make_writable", str(secret).encode()) == Unreadable.because(Reason.ACTIVE_CONTENT)
    assert secret.stat().st_mode & 0o777 == 0o600


def test_a_child_does_not_see_the_workers_environment_nor_its_process(hostile, monkeypatch):
    monkeypatch.setenv("BUFFRSIGN_PAYLOAD_KEYS", "a secret")
    sandbox = Sandbox(readers=MODULE)

    seen = sandbox.read("environment", b"a file")

    assert "PYTHONPATH" in seen
    assert "BUFFRSIGN" not in seen
    environ = f"/proc/{os.getpid()}/environ"
    assert sandbox.read("read_path", environ.encode()) == Unreadable.because(Reason.DAMAGED)
    sandbox.close()


def test_a_file_in_memory_is_a_file(hostile):
    assert hostile.read("fill_memory_file", b"a file") == Unreadable.because(Reason.DAMAGED)


def test_a_file_above_the_size_limit_reaches_no_child(hostile):
    before = hostile.forked

    assert hostile.read("segfault", bytes(MAX_BYTES + 1)) == Unreadable.because(Reason.TOO_LARGE)
    assert hostile.forked == before


def test_this_kernel_enforces_everything(hostile):
    confined = hostile.capabilities()

    assert [confined.network, confined.programs, confined.files, confined.privileges] == [True] * 4
