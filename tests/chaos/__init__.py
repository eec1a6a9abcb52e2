"""Break the system on purpose, keep the books outside of it, and say what was lost: `python -m tests.chaos`."""
