"""What was measured, and how to measure it again: each module prints a table, or JSON with `--json`."""
