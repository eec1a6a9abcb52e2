from pathlib import Path

import pytest

from tests.support.broker import TestBroker
from tests.support.cli import Run, command_line


@pytest.fixture
def run(broker: TestBroker, tmp_path: Path) -> Run:
    """The command line on this test's broker and database."""
    return command_line(broker.environment(tmp_path))
