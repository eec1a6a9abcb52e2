"""What LibreOffice may take for one file."""

from typing import Annotated

import msgspec

from buffrsign.documents.outcome import MAX_BYTES
from buffrsign.documents.sandbox.limits import MIB, Positive


class OfficeLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Past them it ends, and the file has an outcome.

    `memory_bytes`: of address space. `cpu_s`: of processor time, rounded up to seconds. `wall_s`: until the PDF is
    there. `output_bytes`: of that PDF. `scratch_bytes`, `scratch_files`: of all that lies in its folder.
    `written_bytes`: also to files that were removed meanwhile. `open_files`: at a time.
    """

    memory_bytes: Positive = 1024 * MIB
    cpu_s: Annotated[float, msgspec.Meta(gt=0)] = 30.0
    wall_s: Annotated[float, msgspec.Meta(gt=0)] = 60.0
    output_bytes: Positive = MAX_BYTES
    scratch_bytes: Positive = 256 * MIB
    scratch_files: Positive = 5_000
    written_bytes: Positive = 1024 * MIB
    open_files: Positive = 256
