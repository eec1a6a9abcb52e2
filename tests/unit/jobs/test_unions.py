"""A bug of msgspec 0.22 that contracts must not wake: a process that wakes it may crash when it ends."""

from collections.abc import Iterator

import msgspec
import pytest

from buffrsign.broker.records import JobStatus
from buffrsign.jobs import CONTRACTS
from config.settings import Settings

COLLECTIONS = (msgspec.inspect.CollectionType, msgspec.inspect.DictType, msgspec.inspect.TupleType)


@pytest.mark.parametrize("struct", [*CONTRACTS.values(), JobStatus, Settings], ids=lambda struct: struct.__name__)
def test_no_union_has_a_pattern_beside_a_collection(struct: type[msgspec.Struct]) -> None:
    for union in unions_in(msgspec.inspect.type_info(struct)):
        patterned = [part for part in union.types if isinstance(part, msgspec.inspect.StrType) and part.pattern]
        collections = [part for part in union.types if isinstance(part, COLLECTIONS)]

        assert not (patterned and collections)


def unions_in(type_info: object) -> Iterator[msgspec.inspect.UnionType]:
    """Every union inside a type, however deep."""
    if isinstance(type_info, msgspec.inspect.UnionType):
        yield type_info
    if isinstance(type_info, msgspec.Struct):
        for name in type_info.__struct_fields__:
            yield from unions_in(getattr(type_info, name))
    elif isinstance(type_info, tuple | list):
        for part in type_info:
            yield from unions_in(part)
