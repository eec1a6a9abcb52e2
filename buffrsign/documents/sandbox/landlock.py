"""Which files a process may open: readers Python's own and fonts, to read; none to write (landlock(7))."""

import ctypes
import errno
import os
import struct
import sys
from pathlib import Path

from buffrsign.documents.sandbox.kernel import address, call

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same on every instruction set
_VERSION_ONLY = 1
_PATH_BENEATH = 1

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
REMOVE_DIR, REMOVE_FILE, MAKE_DIR, MAKE_REGULAR, MAKE_SOCKET = 1 << 4, 1 << 5, 1 << 7, 1 << 8, 1 << 9
REFER, TRUNCATE = 1 << 13, 1 << 14
_FIRST_RIGHTS = REFER - 1
_RIGHTS_SINCE = {2: REFER, 3: TRUNCATE}

_SYSTEM = ("/usr", "/lib", "/lib64")
_PARTS_OF_PYTHON = ("stdlib", "site-packages", "dist-packages", "lib-dynload")


class Rules:
    """Rules under way: whatever is not allowed is denied, once they are kept to.

    Raises:
        OSError: the kernel has none.
    """

    def __init__(self) -> None:
        version = call(_CREATE_RULESET, 0, 0, _VERSION_ONLY)
        self._handled = _FIRST_RIGHTS | sum(right for since, right in _RIGHTS_SINCE.items() if version >= since)
        attributes = (ctypes.c_uint32 * 2)(*struct.unpack("=II", struct.pack("=Q", self._handled)))
        self.file = call(_CREATE_RULESET, address(attributes), ctypes.sizeof(attributes), 0)

    def allow(self, path: Path, rights: int) -> None:
        """These rights on a file, or on all that is beneath a folder; as far as the kernel knows of them."""
        opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
        try:
            attributes = struct.pack("=Qi", rights & self._handled, opened)
            kept = ctypes.create_string_buffer(attributes, len(attributes))
            call(_ADD_RULE, self.file, _PATH_BENEATH, ctypes.cast(kept, ctypes.c_void_p), 0)
        finally:
            os.close(opened)


def ruleset() -> int | None:
    """The rules of readers, as an open file that children inherit; None where the kernel has none."""
    try:
        rules = Rules()
    except OSError as error:
        if error.errno in {errno.ENOSYS, errno.EOPNOTSUPP}:
            return None
        raise
    for folder in readable_folders():
        rules.allow(folder, READ_FILE | READ_DIR)
    return rules.file


def restrict(rules: int | None) -> None:
    """Keep to the rules, from now on and for good. `no_new_privs` MUST be set before.

    Raises:
        OSError: there are none.
    """
    if rules is None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    call(_RESTRICT_SELF, rules, 0)
    os.close(rules)


def readable_folders() -> list[Path]:
    """The system's programs and fonts, the interpreter, and installed packages.

    Not the source tree, beneath which documents and the database may lie: what is ours is imported by then.
    """
    python = {Path(sys.base_prefix) / "lib", Path(sys.prefix) / "lib"}
    packages = {Path(entry) for entry in sys.path if Path(entry).name in _PARTS_OF_PYTHON}
    return sorted(folder for folder in {*map(Path, _SYSTEM), *python, *packages} if folder.is_dir())
