"""A copy of a document without what acts: scripts, programs, other files, forms that send; its pages look the same."""

from buffrsign.documents.sanitise.active import Active
from buffrsign.documents.sanitise.sanitising import Sanitised, sanitise

__all__ = ["Active", "Sanitised", "sanitise"]
