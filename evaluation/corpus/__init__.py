"""A folder of unknown files, each read in the sandbox by every reader, and what became of all of them."""
