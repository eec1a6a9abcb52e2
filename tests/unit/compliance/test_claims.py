import time

import pytest

from buffrsign.compliance import claims_of_accreditation

CRAN, SERVICE, RECOGNISED = "cran_accredited", "accredited_service", "recognised_signature"


@pytest.mark.parametrize(
    ("text", "claims"),
    [
        ("This service is CRAN-accredited.", {CRAN}),
        ("BuffrSign is accredited by CRAN.", {CRAN}),
        ("BuffrSign is accredited by the Communications Regulatory Authority of Namibia.", {CRAN}),
        ("Signed with BuffrSign, accredited as a certification service provider by CRAN.", {CRAN}),
        ("CRAN has accredited this signing service.", {CRAN}),
        ("We hold CRAN accreditation no. 12.", {CRAN}),
        ("cran accredited e-signatures since 2025", {CRAN, SERVICE}),
        ("CRAN\u2011accredited", {CRAN}),
        ("We are not only CRAN-accredited but also cheap.", {CRAN}),
        ("We are not a bank, but our service is CRAN-accredited.", {CRAN}),
        ("Although not required, this service is accredited by CRAN.", {CRAN}),
        ("No paper is needed. This service is accredited\nby CRAN.", {CRAN}),
        ("Not legal advice\nThis signature is CRAN-accredited", {CRAN}),
        ("BuffrSign, the only CRAN-accredited service", {CRAN, SERVICE}),
        ("Powered by our accredited e-signature service", {SERVICE}),
        ("Signed with an accredited digital certificate", {SERVICE}),
        ("The provider is accredited under Chapter 5 of the Electronic Transactions Act.", {SERVICE}),
        ("This is a recognised electronic signature.", {RECOGNISED}),
        ("Recognized electronic signature: J. Doe", {RECOGNISED}),
        ("Each page bears a recognised advanced electronic signature", {RECOGNISED}),
        ("It is a CRAN accredited, recognised e-signature.", {CRAN, RECOGNISED}),
    ],
)
def test_a_claim_is_found(text, claims):
    assert set(claims_of_accreditation(text)) == claims


@pytest.mark.parametrize(
    "text",
    [
        "",
        "This agreement is signed electronically.",
        "This service is not accredited by CRAN.",
        "This service is not, at this time, accredited by CRAN.",
        "This service isn\u2019t CRAN-accredited.",
        "BuffrSign is not a CRAN-accredited provider.",
        "Neither party is accredited by CRAN.",
        "A non-accredited digital certificate was used.",
        "An unaccredited service.",
        "CRAN-accredited: no",
        "We are accredited by a foreign body and not by CRAN.",
        "CRAN accreditation no. 12 expired.",
        "This is not a\nCRAN-accredited signature.",
        "The signature is not a recognised electronic signature.",
        "No recognised electronic signature was made.",
        "A recognised electronic signature was not used.",
        "\u201crecognised electronic signature\u201d means an advanced one that meets the regulations.",
        "In this agreement the term defined as recognised electronic signature has its meaning in the Act.",
        "Any CRAN-accredited provider can be chosen.",
        "The provider must be accredited by CRAN.",
        "The parties may sign by recognised electronic signature.",
        "If the provider is accredited by CRAN, the fee doubles.",
        "We have applied to be accredited by CRAN.",
        "Use only a CRAN-accredited service.",
        "The university is accredited by the Namibia Qualifications Authority.",
        "She recognised his signature.",
    ],
)
def test_what_denies_supposes_or_defines_is_no_claim(text):
    assert claims_of_accreditation(text) == []


def test_a_code_is_named_once_however_often_the_claim_is_made():
    assert claims_of_accreditation("We are CRAN-accredited. " * 3) == [CRAN]


@pytest.mark.parametrize("piece", ["not CRAN-accredited service ", "accredited by ", "not ", "\n ", "a", ", this "])
def test_a_hostile_text_is_scanned_in_time(piece):
    text = piece * (300_000 // len(piece))
    began_s = time.process_time()

    assert claims_of_accreditation(text) == []

    assert time.process_time() - began_s < 5  # of the processor's time: a busy machine makes no text hostile
