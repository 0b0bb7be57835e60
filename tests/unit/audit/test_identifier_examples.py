"""The audit's own search finds what the searches of `identity` find, by code that they do not share."""

import pytest

from tests.support.identifier_examples import FOUND_BY_ALL, IN_HEADERS, IN_LABELS, RESEMBLING, Example
from unface.audit.identifier_search import IdentifierSearch


@pytest.mark.parametrize("example", [*FOUND_BY_ALL, *IN_HEADERS, *IN_LABELS], ids=str)
def test_what_another_search_finds_is_found(example: Example) -> None:
    assert IdentifierSearch.of(example.identifiers).in_strings(["T1w", example.text]) == {example.kind}


@pytest.mark.parametrize("example", RESEMBLING, ids=str)
def test_what_is_no_alarm_to_another_search_is_none(example: Example) -> None:
    assert not IdentifierSearch.of(example.identifiers).in_strings(["T1w", example.text])
