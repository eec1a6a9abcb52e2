"""What one file may cost; past that its reader ends, and the file has an outcome."""

from typing import Annotated

import msgspec

MIB = 1024 * 1024

Positive = Annotated[int, msgspec.Meta(ge=1)]


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What a child may take for one file.

    `memory_bytes`: over what it held before, as address space; the file itself counts. `cpu_s`: of its own processor
    time. `wall_s`: until its answer is whole. `output_bytes`: of that answer. `open_files`: at a time. After
    `files_per_child` files a child is replaced, so that what it leaks or hoards has an end.
    """

    memory_bytes: Positive = 256 * MIB
    cpu_s: Annotated[float, msgspec.Meta(gt=0)] = 2.0
    wall_s: Annotated[float, msgspec.Meta(gt=0)] = 10.0
    output_bytes: Positive = 32 * MIB
    open_files: Positive = 24
    files_per_child: Positive = 100
