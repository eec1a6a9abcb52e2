"""A customer's own wording: their subject and their message in place of ours, written in Jinja2's sandbox.

A wording may say words of its letter, `{{ document_title }}`, and ask whether one is there, `{% if sender_name %}`.
Nothing else of the language is let in: no attribute, no call, no loop, no operator, no filter. So there is nothing to
break out with, and how long a wording can become is bounded by its own length. What it says is plain text: the HTML
layout escapes it, and a subject becomes one line.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from jinja2 import StrictUndefined, Template, TemplateError, TemplateSyntaxError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from buffrsign.core.errors import Permanent
from buffrsign.jobs.email import Wording
from buffrsign.mail.message import one_line
from buffrsign.mail.words import Words

SAYABLE = (
    "name",
    "product",
    "document_title",
    "sender_name",
    "signer_name",
    "former_name",
    "round",
    "expires_at",
    "days_left",
    "completed_at",
    "declined_at",
    "expired_at",
    "voided_at",
    "signed",
    "asked",
)
"""What a wording may say where its letter has it. Links are not among them: a subject is no place for a secret."""

LONGEST_SUBJECT = 300
LONGEST_MESSAGE = 8000
DEEPEST = 12

_ALLOWED = (nodes.Output, nodes.TemplateData, nodes.Name, nodes.If, nodes.Not, nodes.And, nodes.Or)


class WordingRefused(Permanent):
    """A customer's wording cannot be written. `part` is `subject` or `message`; the reason repeats nothing of it.

    `letter` is named where a wording is refused before its letter is asked for.
    """

    def __init__(self, part: str, reason: str, *, letter: str = "") -> None:
        whose = f"own {part} of {letter}" if letter else f"own {part}"
        super().__init__(f"the customer's {whose} cannot be written: {reason}; correct it and enqueue it anew")
        self.part = part
        self.reason = reason


@dataclass(frozen=True)
class OwnWords:
    """What the customer says: one line, and paragraphs as lists of lines. What is empty keeps our words."""

    subject: str = ""
    paragraphs: tuple[tuple[str, ...], ...] = ()


def own_words(wording: Wording | None, words: Words) -> OwnWords:
    """The wording with this letter's words filled in.

    Raises:
        WordingRefused: it is no template, says or does what it may not, or becomes empty or too long.
    """
    if wording is None:
        return OwnWords()
    says = {name: _or_empty(words[name]) for name in SAYABLE if name in words}
    subject = _written("subject", wording.subject, says, at_most=LONGEST_SUBJECT)
    message = _written("message", wording.message, says, at_most=LONGEST_MESSAGE)
    return OwnWords(one_line(subject), _paragraphs(message))


def _written(part: str, source: str, says: Mapping[str, object], *, at_most: int) -> str:
    if not source:
        return ""
    try:
        written = _filled(source, says)
    except (_NotAllowed, TemplateError, RecursionError, SyntaxError) as error:
        raise WordingRefused(part, _reason(error)) from error
    if not written:
        raise WordingRefused(part, "nothing is left of it once its words are filled in")
    if len(written) > at_most:
        raise WordingRefused(part, f"it has {len(written)} characters once its words are filled in, {at_most} may be")
    return written


class _NotAllowed(Exception):
    """The wording does what a wording may not."""


def _filled(source: str, says: Mapping[str, object]) -> str:
    template, asks = _compiled(source)
    if not asks <= says.keys():
        raise _NotAllowed(f"it says a word that this letter does not have, which are {', '.join(says)}")
    return template.render(says).strip()


@lru_cache(maxsize=512)
def _compiled(source: str) -> tuple[Template, frozenset[str]]:
    """A wording's template and the words it says; looked through before any of it is compiled."""
    tree = _ENVIRONMENT.parse(source)
    words: set[str] = set()
    for node in tree.body:
        _look_through(node, words, depth=0)
    return _ENVIRONMENT.from_string(source), frozenset(words)


def _look_through(node: nodes.Node, words: set[str], *, depth: int) -> None:
    if depth > DEEPEST:
        raise _NotAllowed("its conditions are nested too deeply")
    if not isinstance(node, _ALLOWED):
        raise _NotAllowed(
            f"line {node.lineno} has more than words, like {{{{ name }}}}, and conditions, like {{% if sender_name %}}"
        )
    if isinstance(node, nodes.Name):
        words.add(node.name)
    for child in node.iter_child_nodes():
        _look_through(child, words, depth=depth + 1)


def _reason(error: Exception) -> str:
    """Why, without any of the wording: Jinja's own sentences repeat parts of it."""
    match error:
        case _NotAllowed():
            return str(error)
        case TemplateSyntaxError(lineno=line):
            return f"line {line} is no template"
    return "it is no template that can be read"


def _or_empty(value: object) -> object:
    return "" if value is None else value


def _paragraphs(message: str) -> tuple[tuple[str, ...], ...]:
    """Paragraphs are parted by empty lines."""
    paragraphs: list[list[str]] = [[]]
    for line in map(one_line, message.splitlines()):
        if line:
            paragraphs[-1].append(line)
        elif paragraphs[-1]:
            paragraphs.append([])
    return tuple(tuple(lines) for lines in paragraphs if lines)


def _sandbox() -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(autoescape=False, undefined=StrictUndefined)
    environment.globals.clear()
    return environment


_ENVIRONMENT = _sandbox()
