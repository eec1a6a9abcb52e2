"""The page behind a completed document: who signed, what happened when, and by which digest the document is known.

Made in the worker from our own records; no foreign byte is parsed here.
"""

from buffrsign.documents.certificate.facts import Facts, Happening, Signatory
from buffrsign.documents.certificate.page import certificate
from buffrsign.documents.certificate.words import WORDS

__all__ = ["WORDS", "Facts", "Happening", "Signatory", "certificate"]
