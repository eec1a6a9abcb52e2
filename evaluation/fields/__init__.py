"""How well fields are found: generated documents with their labels, real ones labelled by hand, and the measurement."""
