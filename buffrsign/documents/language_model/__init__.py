"""A language model may answer what an analysis asks (extra `language-model`); what it cannot quote does not count."""

from buffrsign.documents.language_model.asking import answered
from buffrsign.documents.language_model.endpoint import Endpoint

__all__ = ["Endpoint", "answered"]
