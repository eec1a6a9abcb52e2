"""Whatever parses foreign bytes does it in a child process that may take little and reach nothing."""

from buffrsign.documents.sandbox.kills import MOST_KILLS, Kills, KillsHere
from buffrsign.documents.sandbox.libreoffice.converting import NOT_INSTALLED, Office
from buffrsign.documents.sandbox.limits import Limits
from buffrsign.documents.sandbox.parent import SandboxBroken
from buffrsign.documents.sandbox.sandbox import MadePdf, Sandbox, Spent
from buffrsign.documents.sandbox.wire import Confined

__all__ = [
    "MOST_KILLS",
    "NOT_INSTALLED",
    "Confined",
    "Kills",
    "KillsHere",
    "Limits",
    "MadePdf",
    "Office",
    "Sandbox",
    "SandboxBroken",
    "Spent",
]
