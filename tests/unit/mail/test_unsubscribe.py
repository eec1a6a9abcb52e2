import pytest

from buffrsign.mail.unsubscribe import UnsubscribeLinks

LINKS = UnsubscribeLinks("https://sign.example.com/unsubscribe/", secret="a secret of sixteen")
PERSONS = ["anna@example.com", "r2", "ben@example.com"]


def token_of(person: str, *, document_id: str = "doc_7", links: UnsubscribeLinks = LINKS) -> str:
    return links.url(document_id=document_id, person=person).removeprefix("https://sign.example.com/unsubscribe/")


@pytest.mark.parametrize("person", PERSONS)
def test_a_token_is_its_person_s_among_those_who_are_asked(person):
    assert LINKS.whose(token_of(person), among=PERSONS) == person


def test_a_link_is_always_the_same_and_holds_no_personal_data():
    link = LINKS.url(document_id="doc_7", person="anna@example.com")

    assert link == LINKS.url(document_id="doc_7", person="anna@example.com")
    assert link.startswith("https://sign.example.com/unsubscribe/doc_7/")
    assert "anna" not in link
    assert "example.com" not in link.removeprefix("https://sign.example.com")


@pytest.mark.parametrize(
    "token",
    [
        token_of("anna@example.com", document_id="doc_8").replace("doc_8", "doc_7"),
        token_of("anna@example.com").replace("doc_7", "doc_8"),
        token_of("carla@example.com"),
        token_of(
            "anna@example.com",
            links=UnsubscribeLinks("https://sign.example.com/unsubscribe", secret="another 16 chars"),
        ),
        token_of("anna@example.com")[:-1],
        token_of("anna@example.com") + "A",
        "doc_7/",
        "",
        "doc_7/é",
    ],
)
def test_a_token_that_was_not_made_for_them_is_nobody_s(token):
    assert LINKS.whose(token, among=PERSONS) is None
