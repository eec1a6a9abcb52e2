"""Where reports lie as messages: a Maildir, a folder of .eml files, an mbox, or a stream; and where they go once read.

A message is moved after what it reports is written, so one that was read and not moved is read again, to no effect.
"""

import mailbox
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from buffrsign.core.errors import Permanent
from buffrsign.mail.bounces import LONGEST_READ_BYTES
from buffrsign.mail.states import as_words


class IntakeRefused(Permanent):
    """There is nothing to read reports from. The message says what was expected."""


def _leave(_name: str) -> None:
    """A message of a stream stays nowhere, and one of an mbox stays where it is."""


@dataclass(frozen=True)
class Incoming:
    """One message: its name, its beginning, and what puts it away. `data` is None where it cannot be read."""

    name: str
    data: bytes | None = field(repr=False)
    put_away: Callable[[str], None] = field(default=_leave, repr=False)

    def read(self) -> None:
        """Its reports are taken in."""
        self.put_away("read")

    def unreadable(self) -> None:
        """Nobody can say what it reports; a person may want to look."""
        self.put_away("unreadable")


def messages_in_folder(folder: Path) -> Iterator[Incoming]:
    """The messages of a Maildir that are new, or the .eml files of a plain folder, in the order of their names.

    What was read goes to `cur`, or to `done`; what cannot be read goes to `unreadable`.

    Raises:
        IntakeRefused: there is no such folder; later, a message that was read cannot be moved.
    """
    if not folder.is_dir():
        raise IntakeRefused(f"there is no folder {folder}; --folder takes a Maildir, or a folder of .eml files")
    is_maildir = (folder / "new").is_dir() and (folder / "cur").is_dir()
    return _maildir(folder) if is_maildir else _plain_folder(folder)


def messages_in_mbox(path: Path) -> Iterator[Incoming]:
    """The messages of an mbox (RFC 4155), which stays as it is.

    Raises:
        IntakeRefused: there is no such file.
    """
    if not path.is_file():
        raise IntakeRefused(f"there is no file {path}; --mbox takes an mbox")
    return _mbox(path)


def message_in_stream(stream: BinaryIO) -> Incoming:
    """The one message that a stream holds, as a mail server's pipe gives it. All of it is taken from the stream."""
    data = stream.read(LONGEST_READ_BYTES)
    while stream.read(LONGEST_READ_BYTES):
        pass  # a pipe that nobody reads to its end would break at the mail server
    return Incoming("-", data)


def _maildir(folder: Path) -> Iterator[Incoming]:
    for path in _files(folder / "new"):
        read = folder / "cur" / f"{path.name.partition(':')[0]}:2,S"
        yield _of_file(path, read=read, unreadable=folder / "unreadable" / path.name)


def _plain_folder(folder: Path) -> Iterator[Incoming]:
    for path in _files(folder):
        if path.suffix.lower() == ".eml":
            yield _of_file(path, read=folder / "done" / path.name, unreadable=folder / "unreadable" / path.name)


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))


def _of_file(path: Path, *, read: Path, unreadable: Path) -> Incoming:
    name = as_words(path.name)

    def put_away(where: str) -> None:
        target = read if where == "read" else unreadable
        try:
            target.parent.mkdir(exist_ok=True)
            path.rename(_free(target))
        except FileNotFoundError:
            pass  # another intake was as fast
        except OSError as error:
            raise IntakeRefused(
                f"what {name} reports is taken in, but it cannot be moved to {target.parent} ({type(error).__name__}); "
                "make that folder writable, or it is read again each time"
            ) from error

    try:
        with path.open("rb") as file:
            data = file.read(LONGEST_READ_BYTES)
    except OSError:
        return Incoming(name, None)
    return Incoming(name, data, put_away)


def _free(target: Path) -> Path:
    """A name that no other message has, in the folder of this one."""
    number, free = 1, target
    while free.exists():
        number += 1
        free = target.with_name(f"{number}-{target.name}")
    return free


def _mbox(path: Path) -> Iterator[Incoming]:
    box = mailbox.mbox(path, create=False)
    try:
        for number, key in enumerate(box.iterkeys(), start=1):
            yield Incoming(f"{path.name}#{number}", box.get_bytes(key)[:LONGEST_READ_BYTES])
    finally:
        box.close()
