"""Floor 4: how each kind of job is done. One module per family, each importing only what its family needs."""
