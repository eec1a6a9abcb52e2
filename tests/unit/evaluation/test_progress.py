from buffrsign.state.document_status import DocumentStatus, StepState, StepStatus
from evaluation.progress import Guess, as_json, as_table, guesses


def status(at_ms: int, *, progress: int, expected_at_ms: int | None, state: str = "processing") -> DocumentStatus:
    inspect = StepStatus(state=StepState.RUNNING, progress=progress, stage=1, share=1)
    return DocumentStatus(
        "doc_7", state, "inspect", progress, "", at_ms, steps={"inspect": inspect}, expected_at_ms=expected_at_ms
    )


DOCUMENT = [
    status(1000, progress=25, expected_at_ms=None),
    status(1100, progress=25, expected_at_ms=2000),
    status(1500, progress=100, expected_at_ms=1700),
    status(1600, progress=100, expected_at_ms=None, state="ready"),
]


def test_each_expected_end_is_compared_with_the_end_that_came():
    assert list(guesses(DOCUMENT)) == [Guess("", 900, 500), Guess("inspect", 200, 100)]
    assert [guess.error_ms for guess in guesses(DOCUMENT)] == [400, 100]


def test_the_first_documents_from_which_all_is_learned_are_not_counted():
    found = as_json([DOCUMENT] * 13)

    assert (found["documents"], found["median_ms_to_end"]) == (13, 600)
    assert found["guesses"]["begin"] == {
        "guesses": 1,
        "left_ms": 500,
        "error_ms": {"median": 400, "p90": 400},
        "error_share": {"median": 0.8, "p90": 0.8},
    }


def test_the_table_has_a_row_for_each_moment_at_which_a_guess_is_made():
    lines = as_table(as_json([DOCUMENT] * 20)).splitlines()

    assert [line.split()[0] for line in lines[2:]] == ["begin", "inspect"]
    assert lines[3].split() == ["inspect", "8", "100", "100", "100", "100"]
