"""Catalogues: all that our letters say in one language, one YAML file a locale.

A catalogue is read and checked whole when the first letter in its language is written. Each of its sentences is a
template of Jinja2's sandbox, compiled once, when it is first said; a sentence without words is a plain text.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import yaml
from jinja2 import StrictUndefined, Template, TemplateError
from jinja2.sandbox import SandboxedEnvironment

from buffrsign.core.errors import Permanent
from buffrsign.mail.outlines import MOMENT, SHARED, Say, required_paths

FALLBACK_LOCALE = "en"
NAMIBIAN_TIME = timezone(timedelta(hours=2))
"""Namibia keeps UTC+02:00 all year since 2017 (IANA Africa/Windhoek), so no time zone database is needed to say it."""

LOCALES = Path(__file__).with_name("templates") / "locales"

_MONTHS = f"{SHARED}.months"


class CatalogueRefused(Permanent):
    """A locale's file lacks sentences, or has some that no letter says. `problems` names each by its path."""

    def __init__(self, locale: str, problems: list[str]) -> None:
        super().__init__(f"the catalogue {locale}.yaml does not fit: {'; '.join(problems)}; compare it with en.yaml")
        self.problems = problems


class SentenceBroken(Permanent):
    """A sentence is no template, or says a word that its letter does not have."""

    def __init__(self, locale: str, path: str, error: TemplateError) -> None:
        super().__init__(f"the sentence {path} in {locale}.yaml cannot be written: {error}; correct it in that file")


class Catalogue:
    """One language's sentences."""

    def __init__(self, locale: str, sentences: Mapping[str, str], *, months: tuple[str, ...]) -> None:
        self.locale = locale
        self._sentences = sentences
        self._months = months
        self._templates: dict[str, Template] = {}

    def say(self, sentence: Say, letter: str, words: Mapping[str, object]) -> str:
        """A sentence with its words filled in: plain text, in which markup has no meaning.

        Raises:
            SentenceBroken: the sentence says a word that is not there.
        """
        path = f"{SHARED if sentence.shared else letter}.{sentence.key}"
        if sentence.by is not None:
            path = f"{path}.{words[sentence.by]}"
        written = self._sentences[path]
        if "{" not in written:
            return written
        try:
            return self._template(path, written).render(words)
        except TemplateError as error:
            raise SentenceBroken(self.locale, path, error) from error

    def moment(self, at: datetime) -> str:
        """A moment as this language says it, in Namibian time."""
        at = at.astimezone(NAMIBIAN_TIME)
        words = {"day": at.day, "month": self._months[at.month - 1], "year": at.year, "time": f"{at:%H:%M}"}
        return self.say(MOMENT, SHARED, words)

    def _template(self, path: str, written: str) -> Template:
        if path not in self._templates:
            self._templates[path] = _ENVIRONMENT.from_string(written)
        return self._templates[path]


class Catalogues:
    """The catalogues of one folder, each read when it is first asked for."""

    def __init__(self, folder: Path = LOCALES) -> None:
        self._folder = folder
        self.locales = frozenset(file.stem for file in folder.glob("*.yaml"))
        self._read: dict[str, Catalogue] = {}

    def of(self, locale: str) -> Catalogue:
        """The catalogue of a locale, else of its language, else English.

        Raises:
            CatalogueRefused: its file does not have exactly the sentences that our letters say.
        """
        candidates = (locale, locale.partition("-")[0])
        found = next((name for name in candidates if name in self.locales), FALLBACK_LOCALE)
        if found not in self._read:
            self._read[found] = read_catalogue(self._folder / f"{found}.yaml")
        return self._read[found]


def read_catalogue(file: Path) -> Catalogue:
    """The catalogue in one file, checked whole.

    Raises:
        CatalogueRefused: it does not have exactly the sentences that our letters say.
    """
    with file.open(encoding="utf-8") as opened:
        sentences = dict(_flattened(yaml.load(opened, Loader=yaml.CSafeLoader)))
    months = sentences.pop(_MONTHS, None)
    problems = [f"{path} is missing" for path in sorted(required_paths() - sentences.keys())]
    problems += [f"{path} is said by no letter" for path in sorted(sentences.keys() - required_paths())]
    problems += [f"{path} is no text" for path, said in sentences.items() if not isinstance(said, str) or not said]
    if not isinstance(months, list) or len(months) != 12:
        problems.append(f"{_MONTHS} must be a list of twelve")
    if problems:
        raise CatalogueRefused(file.stem, problems)
    return Catalogue(file.stem, sentences, months=tuple(months))


def _flattened(tree: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if not isinstance(tree, dict):
        yield path, tree
        return
    for name, branch in tree.items():
        yield from _flattened(branch, f"{path}.{name}" if path else str(name))


def _sandbox() -> SandboxedEnvironment:
    # Not escaped here: a sentence is plain text, and the HTML layout escapes whatever it is given.
    environment = SandboxedEnvironment(autoescape=False, undefined=StrictUndefined)
    environment.globals.clear()  # sentences call nothing, and each render would copy them
    return environment


_ENVIRONMENT = _sandbox()
