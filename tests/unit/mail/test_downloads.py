from datetime import timedelta
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from buffrsign.jobs.fields import Recipient
from buffrsign.mail.downloads import DownloadLinks, reader_of
from buffrsign.mail.links import Expired, Invalid, LinkKeys, Valid
from tests.support.clock import NOON

KEYS = {"new": b"n" * 32, "old": b"o" * 32}
LINKS = DownloadLinks("https://app.example.com/download/", keys=LinkKeys(KEYS))
FILE = {"document_id": "doc_7", "sha256": "a" * 64}
ANNA = Recipient("anna@example.com", recipient_id="anna")
UNTIL = NOON + timedelta(days=30)
FOR_ANNA = {**FILE, "reader": "anna"}


def minted(links: DownloadLinks = LINKS) -> str:
    return links.mint(**FILE, recipient=ANNA, until=UNTIL)


def token_of(url: str) -> str:
    [token] = parse_qs(urlsplit(url).query)["token"]
    return token


def test_a_link_names_the_document_the_file_and_its_reader():
    url = urlsplit(minted())

    assert url.path == f"/download/doc_7/{'a' * 64}/anna"
    assert LINKS.check(token_of(minted()), **FOR_ANNA, now=NOON) == Valid()


def test_a_reader_without_an_id_is_named_by_no_address():
    ben = Recipient("Ben@example.com")
    url = LINKS.mint(**FILE, recipient=ben, until=UNTIL)

    reader = unquote(urlsplit(url).path.rpartition("/")[2])
    assert "ben" not in url.lower()
    assert reader == reader_of(Recipient("ben@example.com"))
    assert LINKS.check(token_of(url), **FILE, reader=reader, now=NOON) == Valid()


def test_a_link_holds_until_its_time():
    token = token_of(minted())

    assert LINKS.check(token, **FOR_ANNA, now=UNTIL - timedelta(seconds=1)) == Valid()
    assert LINKS.check(token, **FOR_ANNA, now=UNTIL) == Expired(UNTIL)


@pytest.mark.parametrize(
    "other",
    [{"reader": "ben"}, {"sha256": "b" * 64}, {"document_id": "doc_8"}],
    ids=["another reader", "another file", "another document"],
)
def test_a_link_opens_nothing_else(other):
    assert LINKS.check(token_of(minted()), **{**FOR_ANNA, **other}, now=NOON) == Invalid()


def test_a_link_to_sign_downloads_nothing():
    subject = ("doc_7", "a" * 64, "anna")
    signing = LinkKeys(KEYS).mint("https://app.example.com/", purpose="sign", subject=subject, expires_at=UNTIL)

    assert LINKS.check(token_of(signing), **FOR_ANNA, now=NOON) == Invalid()


def test_a_token_that_was_changed_opens_nothing():
    key_id, seconds, mac = token_of(minted()).split(".")
    changed = [
        f"{key_id}.{int(seconds) + 60}.{mac}",
        f"{key_id}.0.{mac}",
        f"old.{seconds}.{mac}",
        f"{key_id}.{seconds}.",
    ]

    assert [LINKS.check(each, **FOR_ANNA, now=NOON) for each in changed] == [Invalid()] * len(changed)


def test_a_link_of_an_older_key_holds_until_that_key_is_retired():
    by_old_key = token_of(minted(DownloadLinks("https://x.example", keys=LinkKeys({"old": KEYS["old"]}))))
    without_it = DownloadLinks("https://x.example", keys=LinkKeys({"new": KEYS["new"]}))

    assert LINKS.check(by_old_key, **FOR_ANNA, now=NOON) == Valid()
    assert without_it.check(by_old_key, **FOR_ANNA, now=NOON) == Invalid()
