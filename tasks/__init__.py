"""Floor 4: how each kind of job is done. One module or package per family, with only what its family needs."""
