"""The audit ledger: what happened, in order, in a form where later changes show."""

from buffrsign.ledger.entry import Entry, EntryRefused
from buffrsign.ledger.log import AlreadyThere, Appended, EntryIdTaken, EntryUnreadable, Ledger, StoredEntry
from buffrsign.ledger.verify import Broken, Verified

__all__ = [
    "AlreadyThere",
    "Appended",
    "Broken",
    "Entry",
    "EntryIdTaken",
    "EntryRefused",
    "EntryUnreadable",
    "Ledger",
    "StoredEntry",
    "Verified",
]
