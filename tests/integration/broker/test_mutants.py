"""The model measures something: it finds each mistake that is put into a script on purpose."""

import pytest

from tests.model.hunt import hunt
from tests.model.mutants import MUTANTS


@pytest.mark.slow
@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name.replace(" ", "_"))
def test_a_mutant_is_caught(client, mutant):
    assert hunt(client, mutant).law, f"no law was broken, although {mutant.name}"
