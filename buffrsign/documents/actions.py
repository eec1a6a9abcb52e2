"""What a document does by itself or when somebody clicks: scripts, programs, forms sent off, links out."""

from collections import Counter
from collections.abc import Iterator
from enum import StrEnum
from urllib.parse import urlsplit

import msgspec
from pypdf.generic import ByteStringObject, DictionaryObject, TextStringObject

from buffrsign.documents.objects import Glance, dictionaries, dictionary, entries, in_tree, name, value

MAX_HOSTS = 50
_LONGEST_HOST = 253  # RFC 1035, 2.3.4
_LONGEST_ADDRESS = 2048


class Act(StrEnum):
    """What an action does (ISO 32000-2, 12.6.4), as far as somebody should know of it."""

    JAVASCRIPT = "javascript"
    LAUNCH = "launch"
    IMPORT_DATA = "import_data"
    SUBMIT_FORM = "submit_form"
    RICH_MEDIA = "rich_media"
    OTHER_FILE = "other_file"


ACTIVE = frozenset({Act.JAVASCRIPT, Act.LAUNCH, Act.IMPORT_DATA, Act.SUBMIT_FORM, Act.RICH_MEDIA})
"""What runs something, or sends or fetches data."""


class Place(StrEnum):
    """Where an action hangs. The first of these that leads to it counts."""

    OPEN_ACTION = "open_action"
    DOCUMENT = "document"
    NAMES = "names"
    FIELD = "field"
    PAGE = "page"
    ANNOTATION = "annotation"
    OUTLINE = "outline"


class ActionsFound(msgspec.Struct, frozen=True):
    """So many actions of a kind in a place."""

    act: Act
    place: Place
    count: int


class Links(msgspec.Struct, frozen=True):
    """Links out: how many, and to which hosts, in the order of the pages, the first `MAX_HOSTS` of `hosts_total`.

    Of an address nothing but its host is kept. A link to no host, to a mail address for one, only counts.
    """

    count: int
    hosts: tuple[str, ...]
    hosts_total: int


_ACTS = {
    "JavaScript": Act.JAVASCRIPT,
    "Launch": Act.LAUNCH,
    "ImportData": Act.IMPORT_DATA,
    "SubmitForm": Act.SUBMIT_FORM,
    "Rendition": Act.RICH_MEDIA,
    "Movie": Act.RICH_MEDIA,
    "Sound": Act.RICH_MEDIA,
    "RichMediaExecute": Act.RICH_MEDIA,
    "GoToR": Act.OTHER_FILE,
    "GoToE": Act.OTHER_FILE,
}


class ActionCount:
    """Counts actions and links as they are come across, each action once."""

    def __init__(self, glance: Glance) -> None:
        self._glance = glance
        self._acts: Counter[tuple[Act, Place]] = Counter()
        self._hosts: dict[str, None] = {}
        self._links = 0

    def add_document(self, catalog: DictionaryObject) -> None:
        """What happens when the document is opened, closed, saved or printed, and its scripts by name."""
        self.add(dictionary(catalog, "/OpenAction"), Place.OPEN_ACTION)
        self.add_triggers(catalog, Place.DOCUMENT)
        for action in in_tree(dictionary(catalog, "/Names"), "/JavaScript", self._glance):
            self.add(action, Place.NAMES)

    def add_clickable(self, holder: DictionaryObject, place: Place) -> None:
        """What an annotation, a field or a bookmark does when it is clicked, and its other triggers."""
        self.add(dictionary(holder, "/A"), place)
        self.add_triggers(holder, place)

    def add_triggers(self, holder: DictionaryObject, place: Place) -> None:
        """Its additional actions (ISO 32000-2, 12.6.3)."""
        for action in entries(holder, "/AA"):
            self.add(action, place)

    def add(self, action: DictionaryObject, place: Place) -> None:
        """An action, and those that follow it."""
        waiting = [action]
        while waiting:
            found = waiting.pop()
            if found and self._glance.is_first_at(found):
                self._add_one(found, place)
                following = dictionary(found, "/Next")
                waiting += [following] if following else dictionaries(found, "/Next")

    def add_act(self, act: Act, place: Place) -> None:
        """Something that does this without an action."""
        self._acts[act, place] += 1

    def found(self) -> Iterator[ActionsFound]:
        """What was counted, in a fixed order."""
        return (ActionsFound(act, place, count) for (act, place), count in sorted(self._acts.items()))

    def links(self) -> Links:
        """The links that were come across."""
        return Links(self._links, tuple(self._hosts)[:MAX_HOSTS], len(self._hosts))

    def _add_one(self, action: DictionaryObject, place: Place) -> None:
        kind = name(action, "/S")
        if kind == "URI":
            self._links += 1
            if host := _host(action):
                self._hosts.setdefault(host)
        if (act := _ACTS.get(kind)) is not None:
            self.add_act(act, place)
        if kind != "JavaScript" and "/JS" in action:  # a rendition may carry a script
            self.add_act(Act.JAVASCRIPT, place)


def _host(action: DictionaryObject) -> str:
    match value(action, "/URI"):
        case TextStringObject() as text:
            address = str(text)
        case ByteStringObject() as written:
            address = written.decode("latin-1")
        case _:
            return ""
    try:
        host = urlsplit(address[:_LONGEST_ADDRESS].strip()).hostname or ""
    except ValueError:  # as for a bracket that does not close
        return ""
    return host if len(host) <= _LONGEST_HOST and host.isprintable() else ""
