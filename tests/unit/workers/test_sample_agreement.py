import hashlib
import runpy
import sys

from buffrsign.documents import Inspected, inspect, text_of
from workers.sample_agreement import PARTIES, make_sample_agreement

DIGEST = "1bed7cab4581eedb87024450c09c0df7e578278cbb647f7a2ea39d2c2ae5b567"


def test_the_agreement_is_the_same_bytes_every_time():
    assert hashlib.sha256(make_sample_agreement()).hexdigest() == DIGEST


def test_the_agreement_is_an_unprotected_document_of_two_pages_with_text():
    found = inspect(make_sample_agreement())

    assert isinstance(found, Inspected)
    assert found.pages == 2
    assert found.text_extractable
    assert [found.encrypted, found.has_forms, found.has_signatures] == [False, False, False]


def test_the_agreement_has_what_an_agreement_needs():
    text = text_of(make_sample_agreement(), max_pages=2, max_characters=50_000)

    assert isinstance(text, str)
    words = " ".join(text.split())
    assert all(party.name in words and party.signatory in words for party in PARTIES)
    assert "The law of the Republic of Namibia governs" in words
    assert "Electronic Transactions Act, 2019" in words
    assert words.count("Signed at ____") == words.count("As witnesses:") == 2
    assert "48,500.00" in words


def test_the_module_writes_the_agreement_where_it_is_told(tmp_path, monkeypatch):
    path = tmp_path / "agreement.pdf"
    monkeypatch.setattr(sys, "argv", ["sample_agreement", str(path)])
    monkeypatch.delitem(sys.modules, "workers.sample_agreement")

    runpy.run_module("workers.sample_agreement", run_name="__main__")

    assert path.read_bytes() == make_sample_agreement()
