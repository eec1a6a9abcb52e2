"""What a contract says: a reader that quotes every finding, and a clause classifier that needs numpy alone."""

from buffrsign.documents.analysis.analysis import MAX_CHARACTERS, Analysis, analyse, analysis_of

__all__ = ["MAX_CHARACTERS", "Analysis", "analyse", "analysis_of"]
