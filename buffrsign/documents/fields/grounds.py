"""Why a place is taken for a field, in words, and how often that is right."""

from enum import Enum
from typing import NamedTuple

from buffrsign.documents.fields.field import FieldType, Rect


class Ground(Enum):
    """The rule that found a field: its sentence, which holds nothing of the document, and its confidence.

    The confidence is the share of right findings of this rule (place and type) among the generated documents that are
    not held out and the open real ones, with one right and one wrong finding added to them: `make eval` prints them.
    """

    SIGNATURE_WIDGET = "a signature field of the form", 0.96
    NAMED_WIDGET = "a field of the form, named for it", 0.99
    LABELLED_WIDGET = "a field of the form, with the label beside it", 0.89
    WIDGET = "a field of the form", 0.96
    SENTENCE = "a gap in a sentence on where and when it is signed", 0.99
    LABEL_LEFT = "a line or gap with its label at the left", 0.99
    LABEL_RIGHT = "a line or gap with its label at the right", 0.99
    LABEL_BELOW = "a line or gap with its label under it", 0.96
    LABEL_ABOVE = "a line or gap with its label over it", 0.78
    UNKNOWN_LABEL = "a line or gap behind a label of another kind", 0.40
    GAP = "a gap in a sentence", 0.97
    AFTER_WORDS = "a gap behind words that are no label", 0.83
    STACK = "one of several lines under each other", 0.77
    FOOT = "a short line at the foot of several pages", 0.96
    BESIDE_INITIALS = "a line or box beside one for initials", 0.90
    PARTY_LEFT = "a line or gap behind whose it is", 0.98
    PARTY_BELOW = "a line or gap over whose it is", 0.98
    WITNESS_LIST = "a numbered line under a heading for witnesses", 0.99
    CELL = "an empty cell beside its label", 0.95
    BOX = "a box with its label in it", 0.96
    BOX_BELOW = "a box under its label", 0.92
    UNKNOWN_BOX = "a box with a label of another kind, in a form", 0.91
    COLUMN = "an empty cell under its heading", 0.99
    COMB = "a row of boxes for single characters", 0.88
    SQUARE = "a small square", 0.95
    TICK = "a mark to tick", 0.98
    CONFORMED = "a signature that was typed", 0.99
    DONE = "the place or the date in a sentence on where and when it was signed", 0.94
    FILLED_LABEL = "a label in a signature block, with its value behind it", 0.98
    LEFT_OUT = "a label in a list of particulars, with nothing behind it", 0.86
    PLACEHOLDER = "words that stand for what is to be put in", 0.67
    LABEL_ONLY = "a label in a signature block, with nothing behind it", 0.95

    def __init__(self, reason: str, confidence: float) -> None:
        self.reason = reason
        self.confidence = confidence


class Found(NamedTuple):
    """A field before anybody asked whose it is.

    `party`: words at the field that say so. `signer`: who signed there already. `witness`: no party signs there.
    """

    type: FieldType
    page: int
    rect: Rect
    ground: Ground
    filled: bool = False
    witness: bool = False
    party: str = ""
    signer: str = ""
