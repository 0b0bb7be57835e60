"""What a release says of all is searched for the identifiers of all, and harmless words of harmless people stay."""

import time

import pytest

from tests.support.identifier_examples import FOUND_BY_ALL, IN_HEADERS, RESEMBLING, Example
from unface.release.cohort_search import CohortSearch

BY_CHANCE = {"t1 jdoe2", "lina", "1985076", "479865600"}
"""Of ten thousand people somebody has such initials or such a number: searched for the subject alone."""


def search_for(
    *people: dict[str, list[str]], ignore: tuple[str, ...] = (), patients: set[str] | None = None
) -> CohortSearch:
    search = CohortSearch(ignore)
    for identifiers in people:
        search.add(identifiers, patients)
    return search


@pytest.mark.parametrize(
    "example", [example for example in (*FOUND_BY_ALL, *IN_HEADERS) if example.kind != "uid"], ids=str
)
def test_what_other_searches_find_is_found_in_a_table(example: Example) -> None:
    found = search_for(example.identifiers).in_text(example.text)
    assert found == (set() if example.text in BY_CHANCE else {example.kind})


@pytest.mark.parametrize("example", RESEMBLING, ids=str)
def test_what_only_resembles_an_identifier_is_no_alarm(example: Example) -> None:
    assert not search_for(example.identifiers).in_text(example.text)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        *(("DOE^JANE", text) for text in ("asked for by the Doe family", "DOE", "doe's sister", "JaneDoe2")),
        *(("Kim^Ji-woo", text) for text in ("seen by Kim", "kim", "with Jiwoo", "Ji Woo Kim")),
        *(("Lopez^Ana", text) for text in ("Lopez cohort", "LOPEZ", "ana lopez")),
        *(("Li^Na", text) for text in ("brother of Li", "Li Na", "li na")),
        *(("李^娜", text) for text in ("brother of Li", "李娜的哥哥")),
    ],
)
def test_a_surname_of_any_length_is_found_as_a_word_of_its_own(name: str, text: str) -> None:
    assert search_for({"name": [name]}).in_text(text) == {"name"}


@pytest.mark.parametrize(
    "text", ["seen 5175696c6c66656174686572", "UXVpbGxmZWF0aGVy", "with rehtaeflliuq", "REHTAEFLLIUQ"]
)
def test_a_name_in_hexadecimal_in_base64_or_from_its_end_is_found(text: str) -> None:
    assert search_for({"name": ["Quillfeather^Odalyss"]}).in_text(text) == {"name"}
    assert search_for({"name": ["Oglethwaite^Odalyss"]}).in_text(text) == set()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        *(("Young^May", text) for text in ("young adults", "Healthy Young Adults", "May 2020", "scanned in may")),
        *(("Rest^Task", text) for text in ("resting state", "task or rest", "Rest")),
        *(("Tse^Norm", text) for text in ("3D TSE", "tse", "norm", "Normal")),
        *(("Li^An", text) for text in ("LI", "an age", "lithium", "mean", "li")),
        *(("Ko^Se Hoon", text) for text in ("KO", "knock-out", "per se", "ses-01")),
        *(("Do^An", text) for text in ("do an n-back", "Do not use")),
        *(("Bai^Ma", text) for text in ("BAI total", "MA", "bai_sum")),
        *(("Hande^Stein", text) for text in ("handedness", "Einstein", "Edinburgh Handedness Inventory")),
        *(("White^Field", text) for text in ("White", "field map", "African American")),
    ],
)
def test_words_of_the_language_and_of_scans_tell_of_nobody(name: str, text: str) -> None:
    assert not search_for({"name": [name]}).in_text(text)


def test_numbers_count_from_six_digits_on_and_are_left_to_their_column_below_eight() -> None:
    search = search_for({"id": ["48213", "123456", "MRN-12345678"]})
    assert search.in_text("48213") == set()
    assert search.in_text("see 123456") == {"id"}
    assert [search.is_somebodys_number(cell) for cell in ("123456", "12345678", "see 123456", "654321")] == [
        *(True, False, False, False)
    ]


@pytest.mark.parametrize(
    "text", ["3/12/84", "12.3.84", "84-03-12", "1984-3-12", "12 mars 1984", "12. März 84", "1984年3月12日"]
)
def test_anybodys_date_is_found_however_it_is_written(text: str) -> None:
    assert search_for({"date": ["19840312"]}).in_text(f"since {text}, daily") == {"date"}
    assert not search_for({"date": ["19840313"]}).in_text(f"since {text}, daily")


@pytest.mark.parametrize("text", ["12 3 84", "1.2.3", "0.84 3.12", "1984", "12:03:84", "v1984.3"])
def test_three_numbers_are_no_date_without_signs_of_one(text: str) -> None:
    assert not search_for({"date": ["19840312"]}).in_text(text)


@pytest.mark.parametrize(
    "author", ["Jane Doe", "Doe, J.", "J. Doe", "Doe", "Dr. Doe", "The Doe family", "JaneDoe", "MRN 7712345"]
)
def test_a_patient_among_the_authors_is_found(author: str) -> None:
    assert search_for({"name": ["DOE^JANE"], "id": ["7712345"]}).in_author(author)


@pytest.mark.parametrize("author", ["Peter Doe", "Doe, P.", "Jane Smith", "Adam Smithers"])
def test_an_author_may_have_a_patients_surname_or_be_a_physician(author: str) -> None:
    search = search_for({"name": ["DOE^JANE", "SMITHERS^ADAM"]}, patients={"DOE^JANE"})
    assert not search.in_author(author)


def test_what_the_settings_call_no_secret_is_none() -> None:
    assert not search_for({"name": ["DOE^JANE"]}, ignore=("Doe", "Jane")).in_text("Jane Doe")


def test_the_search_takes_the_time_of_the_text_and_not_of_the_cohort() -> None:
    def cohort(size: int) -> CohortSearch:
        return search_for(
            *(
                {"name": [f"SURNAME{chr(97 + n % 26)}{chr(97 + n // 26)}^GIVEN"], "id": [f"MRN{n:06d}"]}
                for n in range(size)
            )
        )

    def seconds(search: CohortSearch) -> float:
        began = time.process_time()
        for number in range(200):
            search.in_text(f"a cell with some words and {number}")
        return time.process_time() - began

    few, many = cohort(10), cohort(600)
    # Sixty times the people: far from sixty times the time.
    assert min(seconds(many) for _ in range(3)) < 5 * min(seconds(few) for _ in range(3))
