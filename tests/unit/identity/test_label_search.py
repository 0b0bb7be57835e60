"""Identifiers in labels, which have no spaces between words."""

import time

import pytest

from tests.support.identifier_examples import FOUND_BY_ALL, IN_LABELS, RESEMBLING, Example
from unface.identity.label_search import LabelSearch


@pytest.mark.parametrize("example", [*FOUND_BY_ALL, *IN_LABELS], ids=str)
def test_an_identifier_is_found_in_a_label(example: Example) -> None:
    assert LabelSearch(example.identifiers, ()).found_in(example.text)


@pytest.mark.parametrize("example", RESEMBLING, ids=str)
def test_what_only_resembles_an_identifier_is_no_alarm(example: Example) -> None:
    assert not LabelSearch(example.identifiers, ()).found_in(example.text)


def test_a_label_of_common_words_identifies_nobody() -> None:
    search = LabelSearch({"name": ["REST^ANN", "TSE^MAY"], "date": ["20190314"], "id": ["77"]}, (b"rest", b"tse"))
    labels = ("rest", "tse3d", "Annual", "b2019", "highres", "77", "Mayo")
    assert [label for label in labels if search.found_in(label)] == []


def test_initials_with_the_year_of_birth_identify() -> None:
    search = LabelSearch({"name": ["DOE^JANE"], "date": ["20190314", "19630225"]}, ())
    found = [label for label in ("JD63", "jd1963", "dj63", "63jd", "JD19", "JD64") if search.found_in(label)]
    assert found == ["JD63", "jd1963", "dj63", "63jd"]


def test_the_search_takes_a_long_text_as_it_takes_a_short_one() -> None:
    search = LabelSearch({"name": ["Featherstonehaugh^Wilhelmina"], "date": ["19630223"], "id": ["A1234567"]}, ())
    text = "ab" * 15_000
    began = time.process_time()
    assert not search.found_in(text)
    assert search.found_in(f"{text}wilhelmina{text}")
    # Once it took the square of the length, in memory too: minutes for this one.
    assert time.process_time() - began < 5
