import pytest

from buffrsign.documents.analysis.dates import MAX_DATES, dates_of
from buffrsign.documents.analysis.quotes import pages_of


def isos(text: str) -> list[str]:
    return [date.iso for date in dates_of(pages_of([text]))]


@pytest.mark.parametrize(
    "written",
    [
        "7 May 2019",
        "7th day of May, 2019",
        "7 th day of May 2019",
        "the seventh day of May, 2019",
        "May 7, 2019",
        "May 7th, 2019",
        "MAY 7, 2019",
        "May7,2019",
        "May\n7, 2019",
        "2019-05-07",
        "07.05.2019",
        "7 Mei 2019",
        "7. Mai 2019",
    ],
)
def test_a_full_date_is_read_however_it_is_written(written):
    assert isos(f"Done on {written} in town.") == ["2019-05-07"]


@pytest.mark.parametrize(
    "written", ["May 2019", "__ May 2019", "31 February 2019", "5/2019", "1.2.3.2019", "2019-13-01", "12345 May 20199"]
)
def test_what_names_no_day_is_no_date(written):
    assert isos(f"Done on {written} in town.") == []


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("On 3/4/2020.", "2020-04-03"),
        ("On 3/4/2020 and 12/25/2020.", "2020-03-04"),
        ("On 3/4/2020 and 25/12/2020.", "2020-04-03"),
        ("On 3/4/2020 in the State of New York.", "2020-03-04"),
    ],
    ids=["nothing says", "another date says month first", "another date says day first", "the country says"],
)
def test_of_two_small_numbers_the_rest_of_the_document_says_which_is_the_day(text, iso):
    assert isos(text)[0] == iso


def test_a_date_that_could_be_another_is_less_sure():
    unsure, sure = dates_of(pages_of(["On 3/4/2020 and 25/12/2020."]))

    assert unsure.confidence < sure.confidence


@pytest.mark.parametrize(
    ("text", "role"),
    [
        ("This Agreement is effective as of 7 May 2019.", "effective"),
        ("It is made and entered into on 7 May 2019.", "effective"),
        ("It expires on 7 May 2019.", "expiry"),
        ("IN WITNESS WHEREOF they signed this on 7 May 2019.", "signed"),
        ("The exhibition opened on 7 May 2019.", "other"),
    ],
)
def test_the_words_before_a_date_say_what_it_is(text, role):
    [date] = dates_of(pages_of([text]))

    assert date.role == role


def test_no_more_dates_are_kept_than_anybody_can_use():
    assert len(isos("1 May 2019 " * (MAX_DATES + 5))) == MAX_DATES
