"""A model of the broker's scripts: any life of any jobs, on a clock that the test moves, and the laws that hold."""
