"""Actions: what a document does when it is opened, turned to, clicked or typed into (ISO 32000-2, 12.6).

Those are named that stay: jumps within the document, and links to the web. Whatever else there is, or will be, goes.
"""

import re

from pikepdf import Array, Dictionary, Name, Object, Stream, String

from buffrsign.documents.sanitise.active import Active, Tally

_SLOTS = ("/A", "/PA", "/NA", "/OpenAction")
"""Where one action hangs: annotations and outlines, links, steps of a presentation, the catalog."""

_KINDS = {
    "/JavaScript": Active.JAVASCRIPT,
    "/Launch": Active.LAUNCH,
    "/GoToR": Active.OTHER_DOCUMENT,
    "/GoToE": Active.OTHER_DOCUMENT,
    "/Thread": Active.OTHER_DOCUMENT,
    "/SubmitForm": Active.FORM_DATA,
    "/ImportData": Active.FORM_DATA,
    "/ResetForm": Active.FORM_DATA,
    "/Rendition": Active.MEDIA,
    "/Movie": Active.MEDIA,
    "/Sound": Active.MEDIA,
    "/RichMediaExecute": Active.MEDIA,
    "/GoTo3DView": Active.MEDIA,
    "/URI": Active.UNSAFE_LINK,
}
_TRIGGERS = frozenset({"/E", "/X", "/D", "/U", "/Fo", "/Bl", "/PO", "/PC", "/PV", "/PI"})
_TRIGGERS |= {"/O", "/C", "/K", "/F", "/V", "/WC", "/WS", "/DS", "/WP", "/DP"}
_TURNING_PAGES = frozenset({"/NextPage", "/PrevPage", "/FirstPage", "/LastPage"})
_WEB = re.compile(r"(?:https?|mailto|tel):|www\.|#", re.IGNORECASE)


def strip_actions(node: Object, tally: Tally) -> None:
    """Take from a dictionary what acts by itself, and what acts otherwise but for jumps and web links.

    A script is counted where it lies, once, as `/JS`; the other kinds where they hang. Fonts and pictures are named as
    a page's author likes, `/A` and `/JS` too, so what lies under a key decides as well.
    """
    _strip_additional_actions(node, tally)
    for slot in _SLOTS:
        if _is_action(action := node.get(slot)):
            _strip_slot(node, slot, _chain(action), tally)
    if isinstance(node.get("/JS"), String) or ("/JS" in node and _kind(node)):
        del node["/JS"]
        tally[Active.JAVASCRIPT] += 1


def _strip_additional_actions(node: Object, tally: Tally) -> None:
    """Those that need no click: a page is turned to, a field is entered, a document is closed (12.6.3)."""
    triggers = node.get("/AA")
    if not isinstance(triggers, Dictionary | Stream):
        return
    actions = [action for key, action in triggers.items() if key in _TRIGGERS and _is_action(action)]
    if actions:
        _count([each for action in actions for each in _chain(action)], tally)
        del node["/AA"]


def _strip_slot(node: Object, slot: str, chain: list[Object], tally: Tally) -> None:
    staying = [action for action in chain if _may_stay(action)]
    if len(staying) == len(chain):
        return
    _count([action for action in chain if not _may_stay(action)], tally)
    if not staying:
        del node[slot]
        return
    first, *rest = [Dictionary({key: value for key, value in each.items() if key != "/Next"}) for each in staying]
    if rest:
        first["/Next"] = Array(rest)
    node[slot] = first


def _chain(action: object) -> list[Object]:
    """The action and those that follow it, in the order in which they are done; each once, also in a cycle."""
    found: list[Object] = []
    seen: set[tuple[int, int]] = set()
    waiting = [action]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Array):
            waiting += reversed(list(node))
        elif isinstance(node, Dictionary | Stream) and not (node.is_indirect and node.objgen in seen):
            seen.add(node.objgen)
            found.append(node)
            waiting.append(node.get("/Next"))
    return found


def _is_action(value: object) -> bool:
    """A destination, or attributes of a structure element, which hang in the same slots, have neither key."""
    return isinstance(value, Dictionary | Stream) and (_kind(value) != "" or "/JS" in value)


def _may_stay(action: Object) -> bool:
    match _kind(action):
        case "/GoTo":
            return "/JS" not in action
        case "/URI":
            return _is_on_the_web(action.get("/URI"))
        case "/Named":
            return str(action.get("/N")) in _TURNING_PAGES
    return False


def _is_on_the_web(address: object) -> bool:
    """Whether it is an address with a scheme of the web or of mail, begins with `www.`, as people type it, or with `#`,
    as what was a page of the web keeps it.

    Without a scheme, others would be looked for beside the file, on the reader's own disk.
    """
    return isinstance(address, String) and _WEB.match(str(address)) is not None


def _count(actions: list[Object], tally: Tally) -> None:
    for action in actions:
        kind = _KINDS.get(_kind(action), Active.OTHER_ACTION)
        if kind is not Active.JAVASCRIPT:
            tally[kind] += 1


def _kind(action: Object) -> str:
    kind = action.get("/S")
    return str(kind) if isinstance(kind, Name) else ""
