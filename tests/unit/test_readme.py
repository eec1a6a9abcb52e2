"""What the README shows is what is there."""

import re

from workers.processes import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_its_ten_lines_are_the_example_that_the_tests_run():
    (shown,) = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    example = (ROOT / "examples" / "enqueue.py").read_text(encoding="utf-8")

    assert example.partition('"""\n\n')[2] == shown


def test_every_page_and_picture_it_points_to_exists():
    targets = re.findall(r"\]\((?!http)([^)#]+)\)", README)

    assert targets
    assert [target for target in targets if not (ROOT / target).exists()] == []


def test_every_command_it_names_is_a_target_of_the_makefile():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")

    for target in set(re.findall(r"make ([a-z-]+)", README)):
        assert re.search(rf"^{target}:", makefile, flags=re.MULTILINE), target
