"""The analysis where it runs: in the sandbox's children, within their limits."""

import subprocess
import sys
from collections.abc import Iterator

import pytest

from buffrsign.documents.analysis import MAX_CHARACTERS, Analysis
from buffrsign.documents.sandbox import Sandbox
from buffrsign.documents.text import PageTexts
from tests.support.agreements import SUPPLY, as_pdf
from tests.support.quotes import misquoted


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    sandbox = Sandbox()
    yield sandbox
    sandbox.close()


def test_a_child_analyses_as_it_reads(sandbox):
    analysis = sandbox.analyse(as_pdf(SUPPLY))
    read = sandbox.page_texts_of(as_pdf(SUPPLY), max_pages=9, max_characters=MAX_CHARACTERS)

    assert isinstance(analysis, Analysis)
    assert isinstance(read, PageTexts)
    assert {clause.label for clause in analysis.clauses} >= {"Anti-Assignment", "Governing Law"}
    assert misquoted(analysis, read.texts) == []


def test_a_contract_of_a_hundred_dense_pages_is_within_the_limits(sandbox):
    page = "".join(f"{number}. {line}\n" for number, line in enumerate(SUPPLY[0].splitlines()[4:] * 4))

    analysis = sandbox.analyse(as_pdf((SUPPLY[0], *[page] * 99)))

    assert isinstance(analysis, Analysis)
    assert (analysis.pages_read >= 100, analysis.is_cut, sandbox.killed) == (True, False, 0)


def test_nothing_that_trains_is_loaded_with_it():
    program = "import sys, buffrsign.documents.analysis as a; a.analysis_of(['x'], pages=1)"
    check = "; sys.exit(any(name.partition('.')[0] in {'sklearn', 'scipy', 'httpx'} for name in sys.modules))"

    assert subprocess.run([sys.executable, "-c", program + check], check=False).returncode == 0
