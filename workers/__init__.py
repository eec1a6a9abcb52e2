"""Floor 5: the programs. Each reads the settings once, builds what it needs, and runs."""
