"""The fonts and pictures that pages are made of."""

from collections.abc import Iterator

import msgspec
from pypdf.generic import DictionaryObject

from buffrsign.documents.objects import Glance, dictionaries, dictionary, entries, name, whole

MAX_FONTS = 50
_LONGEST_NAME = 64
_FONT_FILES = ("/FontFile", "/FontFile2", "/FontFile3")


class Font(msgspec.Struct, frozen=True, order=True):
    """A font: its name without the prefix of a subset, its type (`TrueType`), and whether the file brings it along."""

    name: str
    type: str
    embedded: bool


class Fonts(msgspec.Struct, frozen=True):
    """The first `MAX_FONTS` of `total` different fonts, in the order of their names."""

    first: tuple[Font, ...]
    total: int


class Images(msgspec.Struct, frozen=True):
    """How many different pictures there are, and the size of the one with most pixels.

    Those that lie within a page's content do not count.
    """

    count: int
    largest_width_px: int
    largest_height_px: int


class ResourceCount:
    """Counts the fonts and pictures of pages, and of the forms that those draw, each once."""

    def __init__(self, glance: Glance) -> None:
        self._glance = glance
        self._fonts: set[Font] = set()
        self._images = 0
        self._largest = (0, 0)

    def add(self, resources: DictionaryObject) -> None:
        """What these resources name."""
        waiting = [resources]
        while waiting:
            found = waiting.pop()
            if not self._glance.is_first_at(found):
                continue
            self._fonts.update(_font(font) for font in entries(found, "/Font") if self._glance.is_first_at(font))
            waiting += self._forms_among(entries(found, "/XObject"))

    def fonts(self) -> Fonts:
        """The fonts that were counted."""
        return Fonts(tuple(sorted(self._fonts)[:MAX_FONTS]), len(self._fonts))

    def images(self) -> Images:
        """The pictures that were counted."""
        return Images(self._images, *self._largest)

    def _forms_among(self, drawn: Iterator[DictionaryObject]) -> Iterator[DictionaryObject]:
        """The resources of those that are forms; pictures are counted."""
        for found in drawn:
            if not self._glance.is_first_at(found):
                continue
            if name(found, "/Subtype") == "Image":
                self._add_image(max(0, whole(found, "/Width")), max(0, whole(found, "/Height")))
            elif resources := dictionary(found, "/Resources"):
                yield resources

    def _add_image(self, width: int, height: int) -> None:
        self._images += 1
        self._largest = max(self._largest, (width, height), key=lambda size: size[0] * size[1])


def _font(font: DictionaryObject) -> Font:
    kind = name(font, "/Subtype")
    described = font
    if kind == "Type0":
        described = next(dictionaries(font, "/DescendantFonts"), DictionaryObject())
        kind = name(described, "/Subtype") or kind
    descriptor = dictionary(described, "/FontDescriptor")
    return Font(
        name=_readable(name(font, "/BaseFont")),
        type=_readable(kind),
        embedded=kind == "Type3" or any(key in descriptor for key in _FONT_FILES),
    )


def _readable(written: str) -> str:
    """Without the six letters that mark a subset (ISO 32000-2, 9.9.2), and what cannot be printed."""
    prefix, plus, rest = written.partition("+")
    called = rest if plus and len(prefix) == 6 and prefix.isupper() else written
    return "".join(each for each in called[:_LONGEST_NAME] if each.isprintable())
