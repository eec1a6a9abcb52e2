"""Every letter in every language, light and dark, breaks no rule of WCAG 2 at levels A and AA that axe can check."""

from importlib.util import find_spec
from pathlib import Path

import pytest

from buffrsign.mail.catalogue import Catalogues
from buffrsign.mail.chromium import SCHEMES, find_browser
from buffrsign.mail.letters import Letters
from buffrsign.mail.samples import ENCLOSED, SAMPLE_NOW, SAMPLES, forms_of, sample
from tests.support.accessibility import Page, Verdict, judge

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.timeout(300)]

LOCALES = sorted(Catalogues().locales)
FORMS = [(kind, form) for kind in SAMPLES for form in forms_of(kind)]
FLAWED = """<!doctype html><html><head><title>x</title></head>
<body style="background: #ffffff"><p style="color: #bbbbbb">pale</p><img src="data:,"></body></html>"""


def axe_source() -> str:
    """The script that the package carries; the rest of it drives browsers, and is not loaded."""
    spec = find_spec("axe_core_python")
    assert spec
    assert spec.origin
    return Path(spec.origin).with_name("axe.min.js").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], Verdict]:
    """What axe says of every letter and of one flawed page, by name and colour scheme."""
    letters = Letters("no-reply@buffrsign.example", clock=lambda: SAMPLE_NOW)
    pages = {"flawed": FLAWED} | {
        f"{kind} {form} {locale}": letters.render(
            sample(kind, locale=locale), ENCLOSED[kind][form] if form else None
        ).html
        for kind, form in FORMS
        for locale in LOCALES
    }
    browser = find_browser()
    assert browser
    asked = [Page(name, html, scheme) for name, html in pages.items() for scheme in SCHEMES]
    said = judge(asked, axe=axe_source(), browser=browser, folder=tmp_path_factory.mktemp("axe"))
    return {(verdict.name, verdict.scheme): verdict for verdict in said}


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize(("kind", "form"), FORMS)
def test_a_letter_breaks_no_rule(verdicts, kind, form, locale, scheme):
    verdict = verdicts[f"{kind} {form} {locale}", scheme]

    assert verdict.violations == []
    assert verdict.undecided == []
    assert {"color-contrast", "document-title", "html-has-lang"} <= set(verdict.passes)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_check_finds_what_is_wrong_with_a_page(verdicts, scheme):
    broken = {violation.partition(":")[0] for violation in verdicts["flawed", scheme].violations}

    assert broken == {"color-contrast", "html-has-lang", "image-alt"}
