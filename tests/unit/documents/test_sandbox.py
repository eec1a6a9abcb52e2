import os
import re
import signal
import socket
import struct
import time
from collections.abc import Iterator

import msgspec
import pytest

from buffrsign.documents import Reason
from buffrsign.documents.sandbox import Limits, seccomp
from buffrsign.documents.sandbox.endings import name_of, reason_of
from buffrsign.documents.sandbox.libreoffice import OfficeLimits
from buffrsign.documents.sandbox.libreoffice import filter as libreoffice_filter
from buffrsign.documents.sandbox.limits import MIB
from buffrsign.documents.sandbox.syscalls import (
    ACCESS,
    CLONE,
    CLONE3,
    DENIED,
    FACCESSAT,
    FALLOCATE,
    MEMFD_CREATE,
    PRCTL,
    PRLIMIT64,
    TGKILL,
    Numbers,
)
from buffrsign.documents.sandbox.wire import (
    ANSWERS,
    ASKED,
    Ask,
    Garbled,
    Gone,
    Refused,
    TooLong,
    receive,
    receive_with_file,
    send,
)
from config.settings import Settings
from workers.processes import ROOT

ALLOW, KILL, FAIL, UNKNOWN = 0x7FFF0000, 0x80000000, 0x00050001, 0x00050026
REFUSED = 0x0005000D

PAGE = (ROOT / "docs" / "documents.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("status", "reason", "name"),
    [
        (signal.SIGSEGV, Reason.DAMAGED, "SIGSEGV"),
        (signal.SIGTRAP, Reason.DAMAGED, "SIGTRAP"),
        (signal.SIGPROF, Reason.RESOURCE_LIMIT, "SIGPROF"),
        (signal.SIGKILL, Reason.RESOURCE_LIMIT, "SIGKILL"),
        (signal.SIGSYS, Reason.ACTIVE_CONTENT, "SIGSYS"),
        (40, Reason.DAMAGED, "signal 40"),
        (0, Reason.DAMAGED, "exit 0"),
        (3 << 8, Reason.DAMAGED, "exit 3"),
    ],
)
def test_every_end_of_a_child_has_a_reason_and_a_name(status, reason, name):
    assert (reason_of(status), name_of(status)) == (reason, name)


def test_a_message_and_an_open_file_arrive_together(tmp_path):
    ours, theirs = socket.socketpair()
    (tmp_path / "file").write_text("content")
    with ours, theirs, (tmp_path / "file").open() as file:
        send(ours, Ask("inspect", {"page": 1}), file=file.fileno())

        asked, came = receive_with_file(theirs, ASKED)

    assert asked == Ask("inspect", {"page": 1})
    assert came is not None
    assert os.pread(came, 100, 0) == b"content"
    os.close(came)


@pytest.mark.parametrize(
    ("sent", "error"),
    [
        pytest.param(b"", Gone, id="nothing"),
        pytest.param(b"\x00\x00\x00\x05abc", Gone, id="cut off"),
        pytest.param(b"\x00\x00\x00\x02\xc1\xc1", Garbled, id="no MessagePack"),
        pytest.param(b"\x00\x00\x00\x01\x07", Garbled, id="no such message"),
        pytest.param(b"\xff\xff\xff\xff", TooLong, id="4 GiB announced"),
        pytest.param(b"\x00\x00\xff\xff" + b"\x91" * 0xFFFF, Garbled, id="deep nesting"),
    ],
)
def test_what_is_no_message_is_told_apart(sent, error):
    ours, theirs = socket.socketpair()
    with theirs:
        with ours:
            ours.sendall(sent)
        with pytest.raises(error) as raised:
            receive(theirs, ANSWERS)

    assert raised.type is error


def test_a_message_that_comes_byte_by_byte_is_not_waited_for_past_the_deadline():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.sendall(b"\x00\x00")

        with pytest.raises(TimeoutError):
            receive(theirs, ANSWERS, deadline=time.monotonic() + 0.05)


def test_the_class_of_an_error_has_no_room_for_a_documents_words():
    words = msgspec.msgpack.encode(Refused(Reason.DAMAGED, False, "the seller, N. Shikongo"))

    with pytest.raises(msgspec.ValidationError):
        ANSWERS.decode(words)


@pytest.mark.parametrize("machine", seccomp.MACHINES)
def test_no_number_stands_for_two_system_calls(machine):
    calls = [*DENIED.values(), CLONE, CLONE3, PRCTL, PRLIMIT64, TGKILL, ACCESS, FACCESSAT, MEMFD_CREATE, FALLOCATE]
    numbers = [number for call in calls if (number := getattr(call, machine)) is not None]

    assert len(set(numbers)) == len(numbers)


@pytest.mark.parametrize(
    ("call", "argument", "answer"),
    [
        pytest.param("read", 0, ALLOW, id="what is not named"),
        pytest.param("socket", 2, KILL, id="a socket"),
        pytest.param("execve", 0, KILL, id="a program"),
        pytest.param("prctl", 1, FAIL, id="prctl"),
        pytest.param("clone", 0x003D0F00, ALLOW, id="a thread"),
        pytest.param("clone", 0x01200011, KILL, id="a process"),
        pytest.param("clone3", 0, UNKNOWN, id="what may be either"),
        pytest.param("tgkill", 77, ALLOW, id="a signal to oneself"),
        pytest.param("tgkill", 78, KILL, id="a signal to another"),
        pytest.param("prlimit64", 0, ALLOW, id="limits of oneself"),
        pytest.param("prlimit64", 78, KILL, id="limits of another"),
    ],
)
@pytest.mark.parametrize("machine", seccomp.MACHINES)
def test_the_filter_answers_as_it_says_on_each_machine(machine, call, argument, answer):
    others = {
        "read": Numbers(0, 63),
        "clone": CLONE,
        "clone3": CLONE3,
        "prctl": PRCTL,
        "tgkill": TGKILL,
        "prlimit64": PRLIMIT64,
    }
    number = getattr({**DENIED, **others}[call], machine)

    assert answer_to(machine, number, argument, architecture=seccomp.MACHINES[machine]) == answer
    assert answer_to(machine, number, argument, architecture=7) == KILL


def test_calls_of_another_kind_on_the_same_machine_end_their_caller():
    assert answer_to("x86_64", 0x40000000, 0, architecture=seccomp.MACHINES["x86_64"]) == KILL


@pytest.mark.parametrize(
    ("call", "arguments", "answer"),
    [
        pytest.param(Numbers(0, 63), (0,), ALLOW, id="what is not named"),
        pytest.param(DENIED["socket"], (socket.AF_UNIX, socket.SOCK_STREAM), ALLOW, id="its own socket"),
        pytest.param(DENIED["socket"], (socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC), ALLOW, id="flags"),
        pytest.param(DENIED["socket"], (socket.AF_UNIX, socket.SOCK_DGRAM), FAIL, id="a socket that needs no connect"),
        pytest.param(DENIED["socket"], (socket.AF_INET, socket.SOCK_STREAM), FAIL, id="TCP"),
        pytest.param(DENIED["socket"], (socket.AF_INET6, socket.SOCK_STREAM), FAIL, id="TCP over IPv6"),
        pytest.param(DENIED["socket"], (socket.AF_NETLINK, socket.SOCK_STREAM), FAIL, id="netlink"),
        pytest.param(DENIED["connect"], (3,), FAIL, id="a connection"),
        pytest.param(DENIED["bind"], (3,), ALLOW, id="a name for its socket"),
        pytest.param(DENIED["execve"], (0,), ALLOW, id="its own start"),
        pytest.param(DENIED["execveat"], (0,), FAIL, id="another program"),
        pytest.param(DENIED["ptrace"], (0,), FAIL, id="another process"),
        pytest.param(DENIED["io_uring_setup"], (0,), FAIL, id="what no filter sees"),
        pytest.param(CLONE, (0x003D0F00,), ALLOW, id="a thread"),
        pytest.param(CLONE, (0x01200011,), FAIL, id="a process"),
        pytest.param(CLONE3, (0,), UNKNOWN, id="what may be either"),
        pytest.param(PRCTL, (15,), ALLOW, id="a thread's name"),
        pytest.param(PRCTL, (1,), FAIL, id="not to die with its parent"),
        pytest.param(TGKILL, (77,), ALLOW, id="a signal to itself"),
        pytest.param(TGKILL, (78,), FAIL, id="a signal to another"),
        pytest.param(PRLIMIT64, (0,), ALLOW, id="limits of itself"),
        pytest.param(PRLIMIT64, (77,), ALLOW, id="limits of itself by number"),
        pytest.param(PRLIMIT64, (78,), FAIL, id="limits of another"),
        pytest.param(MEMFD_CREATE, (0,), FAIL, id="a file in memory"),
        pytest.param(FALLOCATE, (3,), 0x0005005F, id="space without writing"),
        pytest.param(FACCESSAT, (0, 0, 2), REFUSED, id="may this be written"),
        pytest.param(FACCESSAT, (0, 0, 4), ALLOW, id="may this be read"),
    ],
)
@pytest.mark.parametrize("machine", seccomp.MACHINES)
def test_the_filter_of_libreoffice_answers_as_it_says_on_each_machine(machine, call, arguments, answer):
    code = libreoffice_filter.instructions(machine, pid=77)

    assert answer_of(code, getattr(call, machine), *arguments, architecture=seccomp.MACHINES[machine]) == answer


@pytest.mark.parametrize(("mode", "answer"), [(2, REFUSED), (4, ALLOW), (0, ALLOW)])
def test_the_old_call_for_access_is_answered_like_the_new_one(mode, answer):
    code = libreoffice_filter.instructions("x86_64", pid=77)

    assert answer_of(code, ACCESS.x86_64, 0, mode, architecture=seccomp.MACHINES["x86_64"]) == answer


def answer_to(machine: str, number: int, argument: int, *, architecture: int) -> int:
    """What the filter of process 77 says to a call."""
    return answer_of(seccomp.instructions(machine, pid=77), number, argument, architecture=architecture)


def answer_of(instructions: Iterator[bytes], number: int, *arguments: int, architecture: int) -> int:
    """What a filter says to a call: the kernel's interpreter, as far as our filters need it."""
    seen = struct.pack("=IIQ6Q", number, architecture, 0, *arguments, *[0] * (6 - len(arguments)))
    code = [struct.unpack("=HBBI", each) for each in instructions]
    at, loaded = 0, 0
    while True:
        operation, if_true, if_false, value = code[at]
        at += 1
        match operation:
            case 0x20:
                [loaded] = struct.unpack_from("=I", seen, value)
            case 0x54:
                loaded &= value
            case 0x15:
                at += if_true if loaded == value else if_false
            case 0x35:
                at += if_true if loaded >= value else if_false
            case 0x45:
                at += if_true if loaded & value else if_false
            case 0x06:
                return int(value)


def test_the_page_states_the_limits_that_there_are():
    limits = Limits()

    for stated in (
        f"{limits.memory_bytes // 2**20} MiB of address space",
        f"| {limits.cpu_s:.0f} s | `BUFFRSIGN_SANDBOX_CPU_S`",
        f"| {limits.wall_s:.0f} s | `BUFFRSIGN_SANDBOX_WALL_S`",
        f"{limits.output_bytes // 2**20} MiB | `BUFFRSIGN_SANDBOX_OUTPUT_MIB`",
        f"| {limits.open_files}, the child's own",
        f"| {limits.files_per_child}; fewer",
    ):
        assert stated in PAGE


def test_a_worker_without_settings_has_the_same_limits():
    default = {field.name: field.default for field in msgspec.structs.fields(Settings)}
    limits = Limits()

    assert default["sandbox_memory_mib"] * MIB == limits.memory_bytes
    assert default["sandbox_output_mib"] * MIB == limits.output_bytes
    assert (default["sandbox_cpu_s"], default["sandbox_wall_s"]) == (limits.cpu_s, limits.wall_s)
    assert default["sandbox_files_per_child"] == limits.files_per_child
    office = OfficeLimits()
    assert default["office_memory_mib"] * MIB == office.memory_bytes
    assert (default["office_cpu_s"], default["office_wall_s"]) == (office.cpu_s, office.wall_s)


def test_the_page_says_which_file_has_which_outcome():
    named = set(re.findall(r"`([a-z_]+)`", PAGE))

    assert {reason.value for reason in Reason} <= named
