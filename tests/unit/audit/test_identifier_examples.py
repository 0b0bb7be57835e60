"""The audit's own search finds what the searches of `identity` find, by code that they do not share."""

import pytest

from tests.support.identifier_examples import FOUND_BY_ALL, IN_HEADERS, IN_LABELS, RESEMBLING, Example
from unface.audit.identifier_search import IdentifierSearch


@pytest.mark.parametrize("example", [*FOUND_BY_ALL, *IN_LABELS], ids=str)
def test_what_is_found_in_a_label_is_found_in_the_name_of_a_file(example: Example) -> None:
    assert IdentifierSearch.of(example.identifiers).in_labels(["T1w", example.text]) == {example.kind}


@pytest.mark.parametrize("example", [*FOUND_BY_ALL, *IN_HEADERS], ids=str)
def test_what_another_search_finds_is_found(example: Example) -> None:
    assert IdentifierSearch.of(example.identifiers).in_strings(["T1w", example.text]) == {example.kind}


@pytest.mark.parametrize("example", RESEMBLING, ids=str)
def test_what_is_no_alarm_to_another_search_is_none(example: Example) -> None:
    search = IdentifierSearch.of(example.identifiers)
    assert not search.in_strings(["T1w", example.text])
    assert not search.in_labels(["T1w", example.text])


def test_initials_with_the_year_of_birth_are_found_in_a_name() -> None:
    search = IdentifierSearch.of({"name": ["DOE^JANE"], "date": ["20190314", "19630225"]})
    assert [
        label for label in ("JD63", "jd1963", "dj63", "63jd", "JD19", "JD64", "xjd631") if search.in_labels([label])
    ] == [
        *("JD63", "jd1963", "dj63", "63jd"),
    ]
