"""Whose fault a child's death is, and what becomes of a file that kills again and again."""

from buffrsign.documents import Reason, Unreadable
from buffrsign.documents.sandbox import MOST_KILLS, KillsHere, Sandbox
from tests.support.hostile import MODULE


def test_a_file_does_not_pay_for_the_one_in_front_of_it(hostile):
    hostile.read("poison", b"the one in front")

    assert hostile.read("echo_unless_poisoned", b"innocent") == "innocent"


def test_a_document_that_killed_three_children_is_quarantined_and_read_no_more():
    kills = KillsHere()
    sandbox = Sandbox(kills=kills, readers=MODULE)

    found = [sandbox.read("segfault", b"a killer") for _ in range(MOST_KILLS)]
    before = sandbox.forked
    again = sandbox.read("echo", b"a killer")

    damaged, quarantined = Unreadable.because(Reason.DAMAGED), Unreadable.because(Reason.QUARANTINED)
    assert found == [damaged, damaged, quarantined]
    assert (again, sandbox.forked) == (quarantined, before)
    assert sandbox.read("echo", b"another") == "another"
    sandbox.close()


def test_a_refusal_is_no_kill(hostile):
    found = [hostile.read("raise_named", b"KeyError") for _ in range(MOST_KILLS + 1)]

    assert found == [Unreadable.because(Reason.DAMAGED)] * (MOST_KILLS + 1)
