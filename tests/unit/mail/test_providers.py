import pytest

from buffrsign.mail.providers import ProvidersRefused, SmtpServer, read_providers

TWO = """[
  {"name": "ses", "host": "smtp.one.example", "security": "starttls", "per_second": 14, "max_message_bytes": 40000000,
   "username": "us", "password": "hush"},
  {"host": "smtp.two.example", "port": 465, "security": "tls", "connections": 2}
]"""


def test_a_chain_of_providers_is_read_in_its_order():
    first, second = read_providers(TWO)

    assert (first.label, first.port, first.security, first.per_second) == ("ses", 587, "starttls", 14)
    assert (second.label, second.port, second.connections, second.per_second) == ("smtp.two.example", 465, 2, None)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("smtp.one.example", "no JSON"),
        ("{}", "no list"),
        ("[]", "names no provider"),
        ('[{"host": ""}]', r"\$\[0\]\.host"),
        ('[{"hosst": "hush"}]', r"does not fit|no list"),
        ('[{"host": "a", "security": "hush"}]', r"\$\[0\]\.security"),
        ('[{"host": "a", "port": 70000}]', r"\$\[0\]\.port"),
        ('[{"host": "a", "connections": 1}]', r"\$\[0\]\.connections"),
        ('[{"host": "a", "per_second": 0}]', r"\$\[0\]\.per_second"),
        ('[{"host": "a", "max_message_bytes": 1000}]', r"\$\[0\]\.max_message_bytes"),
        ('[{"host": "a", "max_message_bytes": 50000001}]', r"\$\[0\]\.max_message_bytes"),
        ('[{"host": "a", "name": "two words"}]', "name"),
        ('[{"host": "a"}, {"host": "a"}]', "one name"),
    ],
)
def test_what_is_no_chain_is_refused_with_the_place_and_without_the_value(text, complaint):
    with pytest.raises(ProvidersRefused, match=complaint) as refused:
        read_providers(text)

    assert "hush" not in str(refused.value)


def test_each_provider_has_a_bound_of_its_own_for_a_message():
    assert [provider.max_message_bytes for provider in read_providers(TWO)] == [40_000_000, 10_000_000]


def test_a_provider_shows_no_password():
    assert "hush" not in repr(SmtpServer("smtp.one.example", username="us", password="hush"))
