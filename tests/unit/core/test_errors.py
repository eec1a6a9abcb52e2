from datetime import timedelta

import pytest

from buffrsign.core.errors import BuffrSignError, NotYet, Permanent, Transient


@pytest.mark.parametrize("kind", [Transient, Permanent, NotYet])
def test_every_error_says_who_must_act_and_only_that(kind):
    others = {Transient, Permanent, NotYet} - {kind}

    assert issubclass(kind, BuffrSignError)
    assert not any(issubclass(kind, other) for other in others)


def test_what_is_too_early_says_how_long_to_wait():
    error = NotYet("the document is still being processed; it is looked at again soon", delay=timedelta(seconds=30))

    assert error.delay == timedelta(seconds=30)
    assert str(error) == "the document is still being processed; it is looked at again soon"
