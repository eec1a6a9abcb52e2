"""Any life of any jobs, on the real scripts and a clock of its own: no law of delivery is ever broken."""

import pytest
from hypothesis import Phase

from buffrsign.broker.scripts import shared, source
from tests.model.calls import Scripts
from tests.model.engine import Engine, mutate
from tests.model.hunt import run_model
from tests.model.mutants import MUTANTS


@pytest.mark.timeout(600)  # shrinking a failure takes its time
def test_whatever_happens_each_job_is_in_one_place_and_ends_once(client):
    run_model(Scripts(Engine(client)), examples=100, phases=[Phase.generate, Phase.shrink], derandomize=False)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name.replace(" ", "_"))
def test_every_mutant_is_a_mistake_in_the_script_as_it_is(mutant):
    text = shared() if mutant.script == "shared" else source(mutant.script)

    assert mutate(text, mutant) != text
