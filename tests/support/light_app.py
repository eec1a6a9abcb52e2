"""As `app`, and its tasks take the light path."""

import os

os.environ["TESTS_LIGHT"] = "1"

from tests.support.app import app, play

__all__ = ["app", "play"]
