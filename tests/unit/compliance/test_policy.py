from collections.abc import Callable

import pytest
import yaml

from buffrsign.compliance import PolicyRefused, load_policy
from tests.support.compliance import rules


@pytest.fixture
def load(tmp_path) -> Callable[[object], object]:
    path = tmp_path / "rules.yaml"

    def run(content: object) -> object:
        text = content if isinstance(content, str) else yaml.dump(content, Dumper=yaml.CSafeDumper)
        path.write_text(text, encoding="utf-8")
        return load_policy(path)

    return run


def test_the_packaged_rules_hold_the_three_checks():
    policy = load_policy()

    assert [check.id for check in policy.checks] == ["ETA-19-access", "ETA-21-1-b", "ETA-48-a"]
    assert [check.always_run for check in policy.checks] == [False, False, True]


def test_rules_written_anew_are_the_same_policy(load):
    assert load(rules()) == load_policy()


def change(path: str, value: object) -> Callable[[dict], None]:
    *steps, last = [int(step) if step.isdigit() else step for step in path.split(" ")]

    def run(data: dict) -> None:
        for step in steps:
            data = data[step]
        data[last] = value

    return run


LINE = "checks 1 logic 0"


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (change("chekcs", []), "unknown field `chekcs`"),
        (change("checks 0 weight", 3), r"unknown field `weight` - at `\$.checks\[0\]`"),
        (
            change(f"{LINE} when", {"is_flase": "pdf.render_ok"}),
            r"unknown field `is_flase` - at `\$.checks\[1\].logic\[0\].when`",
        ),
        (
            change(f"{LINE} when", {"is_false": "pdf.rendered"}),
            r"'pdf.rendered'.* - at `\$.checks\[1\].logic\[0\].when`",
        ),
        (
            change(f"{LINE} when", {"is_empty": "pdf.render_ok"}),
            r"is_empty does not fit pdf.render_ok, which is a boolean",
        ),
        (change(f"{LINE} when", {}), r"one operator.* - at `\$.checks\[1\].logic\[0\].when`"),
        (change(f"{LINE} when", {"all": []}), "at least one condition"),
        (change(f"{LINE} when", {"is_true": "pdf.render_ok", "is_false": "pdf.render_ok"}), "one operator"),
        (change(f"{LINE} when", {"any": [{"is_true": "pdf.parse_ok"}]}), r"pdf.parse_ok, which evidence does not list"),
        (change(f"{LINE} when", {"before_commencement_of": "ch9"}), r"no commencement is called ch9.*checks\[1\]"),
        (change(f"{LINE} when", "always"), r"\$.checks\[1\].logic\[0\].when"),
        (change(f"{LINE} when", "otherwise"), "ends with its only otherwise"),
        (change(f"{LINE} then", "compliant"), r"'compliant' - at `\$.checks\[1\].logic\[0\].then`"),
        (change("checks 1 logic 2 then", "pass"), "otherwise cannot pass"),
        (change("checks 1 logic 2 when", {"is_true": "pdf.encrypted"}), "ends with its only otherwise"),
        (change("checks 1 logic", []), "ends with its only otherwise"),
        (change("checks 1 evidence", ["pdf.render_ok", "pdf.encrypted", "pdf.pages"]), r"called pdf.pages"),
        (change("checks 1 id", "ETA-19-access"), r"repeats an id - at `\$.checks\[1\]`"),
        (change("checks 1 commencement", "ch9"), r"no commencement is called ch9 - at `\$.checks\[1\]`"),
        (change("checks 1 effective_from", "2020-03-17"), r"differs from `\$.commencement.core` - at `\$.checks\[1\]`"),
        (change("checks 2 in_force", True), r"differs from `\$.commencement.ch5` - at `\$.checks\[2\]` \(ETA-48-a\)"),
        (change("commencement ch5 effective_from", "2026-06-16"), r"differs from `\$.commencement.ch5`"),
        (
            change("commencement ch4 in_force", "reported"),
            r"effective_from; others have null - at `\$.commencement\[...\]`",
        ),
        (change("commencement core verified", False), "needs verified: true"),
        (change("commencement core in_force", "probably"), "Invalid enum value"),
        (change("checks 2 kind", "legal"), "always_run is for technical checks"),
        (change("checks", []), r"\$.checks"),
    ],
)
def test_rules_that_do_not_fit_are_refused_with_the_place(load, fault, message):
    data = rules()
    fault(data)

    with pytest.raises(PolicyRefused, match=message):
        load(data)


@pytest.mark.parametrize("text", ["", "[", "a: b: c", "!!python/object/apply:os.getcwd []", "- 1"])
def test_what_is_no_rules_file_is_refused(load, text):
    with pytest.raises(PolicyRefused, match=r"the rules in rules.yaml were refused"):
        load(text)


def test_a_file_that_is_not_there_is_refused_by_name(tmp_path):
    with pytest.raises(PolicyRefused, match=r"absent.yaml"):
        load_policy(tmp_path / "absent.yaml")


def test_dates_may_be_written_without_quotes(load):
    text = yaml.safe_dump(rules()).replace("'2020-03-16'", "2020-03-16")

    assert load(text) == load_policy()
