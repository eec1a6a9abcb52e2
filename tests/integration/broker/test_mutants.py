"""The model measures something: it finds each mistake that is put into a script on purpose."""

import pytest
from hypothesis import Phase

from tests.model.calls import Scripts
from tests.model.engine import Engine
from tests.model.hunt import MUTANT_EXAMPLES, hunt, run_model
from tests.model.mutants import MUTANTS


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_same_lives_break_no_law_without_a_mistake(client):
    run_model(Scripts(Engine(client)), examples=MUTANT_EXAMPLES // 2, phases=[Phase.generate], derandomize=True)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name.replace(" ", "_"))
def test_a_mutant_is_caught(client, mutant):
    assert hunt(client, mutant).law, f"no law was broken, although {mutant.name}"
