"""A customer's own wording takes the place of ours, and can do nothing else."""

import email
import email.policy

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from buffrsign.core.errors import Permanent
from buffrsign.jobs import PayloadRefused, encode
from buffrsign.jobs.email import Letter, Wording
from buffrsign.mail.letters import Letters, RenderedLetter
from buffrsign.mail.message import as_message
from buffrsign.mail.samples import SAMPLES
from buffrsign.mail.wording import LONGEST_MESSAGE, WordingRefused
from tests.support.mail import LINK, NOW, REQUEST

LETTERS = Letters("no-reply@buffrsign.example", clock=lambda: NOW)
WORDABLE = [letter for letter in SAMPLES.values() if hasattr(letter, "wording")]

BREAK_OUTS = [
    "{{ name.__class__ }}",
    "{{ name['__class__'] }}",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ name|attr('__class__') }}",
    "{{ self.__init__.__globals__ }}",
    "{{ self }}",
    "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "{{ lipsum() }}",
    "{{ range(10) }}",
    "{{ name.format(name) }}",
    "{{ '{0.__class__}'.format(name) }}",
    "{{ name|upper }}",
    "{% for i in range(99999999) %}x{% endfor %}",
    "{% for a in name %}{% for b in name %}x{% endfor %}{% endfor %}",
    "{% macro again() %}{{ again() }}{% endmacro %}{{ again() }}",
    "{% set x = name %}{{ x }}",
    "{% include 'letter.html' %}",
    "{% import 'letter.html' as x %}",
    "{% extends 'letter.html' %}",
    "{% block x %}{% endblock %}",
    "{% filter upper %}x{% endfilter %}",
    "{% with a = 1 %}{% endwith %}",
    "{% autoescape false %}<b>{% endautoescape %}",
    "{{ name * 999999999 }}",
    "{{ 'x' * 999999999 }}",
    "{{ 9 ** 9 ** 9 }}",
    "{{ 'x' }}",
    "{{ name ~ name }}",
    "{{ name[0] }}",
    "{{ name if name else product }}",
    "{% if name == 'Anna' %}x{% endif %}",
    "{% if name is string %}x{% endif %}",
    "{{ " + "(" * 1500 + "name" + ")" * 1500 + " }}",
    "{% if " + "not " * 900 + "name %}x{% endif %}",
    "{% if name %}" * 60 + "x" + "{% endif %}" * 60,
    "{{ name",
    "{% if name %}",
    "{% nonsense %}",
    "{# no end",
]


def worded(letter: Letter = REQUEST, **wording: str) -> Letter:
    return msgspec.structs.replace(letter, wording=Wording(**wording))


def written(letter: Letter = REQUEST, **wording: str) -> RenderedLetter:
    return LETTERS.render(worded(letter, **wording))


@pytest.mark.parametrize("letter", WORDABLE, ids=lambda letter: letter.kind)
def test_an_own_subject_and_message_take_the_place_of_ours_and_all_else_stays(letter):
    ours, own = (
        LETTERS.render(letter),
        written(letter, subject="About {{ document_title }}", message="Dear {{ name }}!"),
    )

    assert own.subject == "About Service agreement 2026"
    assert "Dear" in own.text
    opening = ours.text.split("\n\n")[1]
    assert opening in ours.text
    assert opening not in own.text
    assert own.text.partition("    Service agreement")[2] == ours.text.partition("    Service agreement")[2]
    assert (own.preheader, own.from_name, own.reply_to) == (ours.preheader, ours.from_name, ours.reply_to)


def test_each_part_may_be_given_without_the_other():
    ours = LETTERS.render(REQUEST)

    assert written(subject="Hello").text == ours.text
    assert written(message="Hello").subject == ours.subject


def test_paragraphs_and_lines_of_a_message_are_kept():
    letter = written(message="First line,\nsecond line.\n\n\nNext paragraph.")

    assert "First line,\nsecond line.\n\nNext paragraph.\n" in letter.text
    assert "First line,<br>\nsecond line.<br>" in letter.html


@pytest.mark.parametrize(("sender", "said"), [("Ndapewa", "From Ndapewa."), ("", "From us.")])
def test_a_message_may_ask_whether_a_word_is_there(sender, said):
    letter = msgspec.structs.replace(REQUEST, sender_name=sender)

    text = written(letter, message="{% if sender_name %}From {{ sender_name }}.{% else %}From us.{% endif %}").text

    assert said in text


@pytest.mark.parametrize("part", ["subject", "message"])
@pytest.mark.parametrize("source", BREAK_OUTS, ids=lambda source: source[:40])
def test_nothing_but_words_and_conditions_is_let_in(part, source):
    with pytest.raises(WordingRefused, match=f"own {part} cannot be written: ") as refused:
        written(**{part: source})

    assert isinstance(refused.value, Permanent)
    assert source not in str(refused.value)


@pytest.mark.parametrize(
    "word", ["signing_url", "document_url", "code", "job_id", "recipient", "message", "anna_secret"]
)
def test_a_word_that_is_not_for_customers_is_refused_and_not_repeated(word):
    with pytest.raises(WordingRefused, match="which are name, product, document_title, ") as refused:
        written(subject=f"{{{{ {word} }}}}")

    assert word not in refused.value.reason


def test_what_a_word_says_is_not_run():
    letter = msgspec.structs.replace(REQUEST, document_title="{{ name }}{% if name %}")

    assert written(letter, subject="{{ document_title }}").subject == "{{ name }}{% if name %}"


@pytest.mark.parametrize("line_break", ["\r\n", "\n", "\r", "\x0b", "\x85", "\u2028"])
def test_an_own_subject_cannot_start_a_header_of_its_own(line_break):
    evil = f"Hello{line_break}Bcc: thief@example.com"

    raw = as_message(written(subject=evil), date=NOW).as_bytes()

    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert message["Subject"] == "Hello Bcc: thief@example.com"
    assert message["Bcc"] is None
    with pytest.raises(PayloadRefused, match="one line"):
        encode(worded(subject=evil))


def test_a_word_in_an_own_subject_cannot_start_a_header_either():
    letter = msgspec.structs.replace(REQUEST, document_title="Lease\r\nBcc: thief@example.com")

    assert written(letter, subject="{{ document_title }}").subject == "Lease Bcc: thief@example.com"


def test_markup_in_an_own_message_stays_text():
    letter = written(message="<script>x</script> <a href='http://evil.example'>sign here</a>")

    assert "<script" not in letter.html
    assert "&lt;script&gt;" in letter.html
    assert letter.html.count("<a ") == LETTERS.render(REQUEST).html.count("<a ")


def test_a_secret_link_stays_out_of_an_own_subject():
    assert LINK not in written(subject="{{ document_title }} {{ name }} {{ product }}").subject


@pytest.mark.parametrize(
    ("wording", "reason"),
    [
        ({"subject": " "}, "nothing is left of it"),
        ({"message": "{% if not name %}x{% endif %}"}, "nothing is left of it"),
        ({"subject": "{{ document_title }}" * 14}, r"it has \d+ characters once its words are filled in, 300 may be"),
        ({"message": "{{ document_title }}" * 190}, rf"{LONGEST_MESSAGE} may be"),
    ],
)
def test_a_wording_that_becomes_empty_or_too_long_is_refused(wording, reason):
    letter = msgspec.structs.replace(REQUEST, document_title="Service agreement " * 3)

    with pytest.raises(WordingRefused, match=reason):
        written(letter, **wording)


@pytest.mark.parametrize("wording", [{"subject": "x" * 301}, {"message": "x" * 4001}])
def test_the_contract_bounds_a_wording(wording):
    with pytest.raises(PayloadRefused, match="length <= "):
        encode(worded(**wording))


@given(
    st.lists(
        st.sampled_from(["{{", "}}", "{%", "%}", "{#", "name", " if ", "endif", "else", ".", "(", ")", "|", "x", "\n"])
        | st.text(max_size=5)
    )
)
def test_whatever_a_customer_writes_is_written_or_refused(parts):
    try:
        letter = written(message="".join(parts))
    except WordingRefused:
        return

    assert letter.text.endswith("\n\nBuffrSign\n")
