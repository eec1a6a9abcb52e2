from buffrsign.mail.links import signing_url


def test_a_signing_link_names_the_document_and_the_signer():
    assert signing_url("https://sign.example.com", document_id="doc_7", recipient_id="r1") == (
        "https://sign.example.com/doc_7/r1"
    )


def test_a_base_url_may_have_a_path_and_a_closing_slash():
    link = signing_url("https://example.com/sign/", document_id="doc_7", recipient_id="r1")

    assert link == "https://example.com/sign/doc_7/r1"


def test_an_id_cannot_change_the_path_of_its_link():
    link = signing_url("https://example.com", document_id="a:b", recipient_id="anna@example.com")

    assert link == "https://example.com/a%3Ab/anna%40example.com"
