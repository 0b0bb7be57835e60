"""Numbers as text, and pages written whole."""

from typing import Any

import pytest

from unface.report import pages, results


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0123456, "0.0123"),
        (1234.5, "1\u202f234"),
        (-0.25, "\u22120.250"),
        (12, "12"),
        (12.0, "12"),
        ([0.75, 1.3], "0.750 to 1.30"),
        (">= 0.61", ">= 0.61"),
        (None, "–"),
        ("", "–"),
        (float("nan"), "–"),
    ],
)
def test_figures_read_well(value: Any, text: str) -> None:
    assert pages.figure(value) == text


def test_sizes_have_their_unit() -> None:
    assert pages.size(999) == "999 B"
    assert pages.size(2_500_000) == "2.50 MB"


def test_limits_are_read_from_their_words() -> None:
    assert results.numbers(">= 0.61") == [0.61]
    assert results.numbers("0.75 to 1.3") == [0.75, 1.3]
    assert results.numbers([2, 35]) == [2.0, 35.0]
    assert results.numbers(">= 90 % (not in the field of view)") == [90.0]


def test_what_stands_between_backticks_is_shown_as_code_and_all_is_escaped() -> None:
    assert pages.sentence("a `b` <c> `<d>` `") == "a <code>b</code> &lt;c&gt; <code>&lt;d&gt;</code> `"
