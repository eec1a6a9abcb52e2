"""The clause classifier and the entities of the analysis, measured."""
