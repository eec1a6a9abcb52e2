"""A folder of files that were damaged on purpose, the same ones for the same seed."""
