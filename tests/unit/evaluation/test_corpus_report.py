from evaluation.corpus import report
from evaluation.corpus.found import BROKEN, LEAKED, OK, outcome_of
from evaluation.corpus.judge import Encryption, Opinion
from evaluation.corpus.judging import compare
from evaluation.corpus.report import Result
from tests.support.corpus_workers import found

JUDGES = ("one", "another")
NONE, OPEN, LOCKED = Encryption.NONE, Encryption.OPEN, Encryption.LOCKED


def both(pages: int | None, encryption: Encryption | None) -> dict[str, Opinion]:
    return dict.fromkeys(JUDGES, Opinion(pages, encryption))


def test_a_file_ends_as_the_first_of_its_steps_that_did_not_end_well():
    assert outcome_of({"inspect": OK, "thumbnail": "timeout", "text": "damaged"}) == "timeout"
    assert outcome_of({"inspect": OK, "thumbnail": OK}) == OK


def test_a_file_that_is_read_and_cannot_be_copied_is_read():
    assert outcome_of({"inspect": OK, "sanitise": "encrypted"}) == OK


def test_what_must_not_happen_is_counted_by_step():
    files = [
        found("a.pdf", steps={"inspect": f"{LEAKED}:KeyError", "text": OK}, crashed_children=2),
        found("b.pdf", steps={"inspect": BROKEN, "text": BROKEN}),
        found("c.pdf"),
    ]

    said = report.as_json(Result(files, dead=1, seconds=3.0))

    assert (said["leaked_exceptions"], said["dead_workers"], said["crashed_children"]) == (1, 3, 2)
    assert not Result(files, dead=0, seconds=3.0).is_right
    assert Result(files[2:], dead=0, seconds=3.0).is_right
    assert not Result(files[2:], dead=1, seconds=3.0).is_right


def test_files_are_counted_by_outcome_and_listed_by_path():
    files = [found("b.pdf", peak_mb=7.0), found("a.pdf", outcome="damaged", ms=5.0), found("c.pdf")]

    said = report.as_json(Result(files, dead=0, seconds=3.0))

    assert (said["files"], said["outcomes"], said["peak_mb"]) == (3, {"ok": 2, "damaged": 1}, 7.0)
    assert said["step_outcomes"]["inspect"] == {"ok": 2, "damaged": 1}
    assert [each["path"] for each in said["per_file"]] == ["a.pdf", "b.pdf", "c.pdf"]
    assert said["ms"]["most"] == 5.0


def test_an_empty_folder_has_a_report():
    assert report.as_json(Result([], dead=0, seconds=0.0))["files"] == 0


def test_ours_is_right_where_it_says_what_the_judges_agree_on():
    files = [
        found("same.pdf", pages=3),
        found("other count.pdf", pages=4),
        found("locked.pdf", outcome="encrypted", pages=None, encrypted=None),
        found("protected.pdf", encrypted=True),
        found("endless.pdf", outcome="too_many_pages", pages=None, encrypted=None),
        found("not seen as protected.pdf", encrypted=False),
        found("not opened.pdf", outcome="damaged", pages=None, encrypted=None),
    ]
    said = [both(3, NONE), both(3, NONE), both(None, LOCKED), both(1, OPEN), both(9000, NONE), both(1, OPEN)]

    judged = compare(files, [*said, both(1, NONE)], JUDGES)

    assert judged.agreed == len(files)
    assert [each.found.path for each in judged.differ] == [
        "other count.pdf",
        "not seen as protected.pdf",
        "not opened.pdf",
    ]
    assert not judged.is_right


def test_where_the_judges_differ_or_cannot_read_nobody_is_judged():
    differing = {"one": Opinion(1, NONE), "another": Opinion(2, NONE)}

    judged = compare([found("a.pdf"), found("b.pdf")], [differing, both(None, None)], JUDGES)

    assert (judged.agreed, judged.opened, judged.is_right) == (0, 1, True)


def test_a_file_that_all_judges_open_and_that_is_too_much_for_us_is_named():
    files = [found(f"{number}.pdf") for number in range(50)]
    files.append(found("dear.pdf", outcome="resource_limit", steps={"inspect": OK, "text": "resource_limit"}))

    judged = compare(files, [both(1, NONE)] * len(files), JUDGES)

    assert [each.path for each in judged.resource_limit] == ["dear.pdf"]
    assert (judged.same_share, judged.is_right) == (1.0, False)
    assert judged.as_json()["resource_limit_share"] == 0.01961
