"""Numbers as text, and pages written whole."""

from typing import Any

import pytest

from unface.deface.checks import Check, at_least, at_most, within
from unface.report import pages, wording


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


@pytest.mark.parametrize(
    ("check", "text"),
    [
        (at_least(0.7, 0.61, "face_left"), ">= 0.61"),
        (at_least(4, 3, "brain_cut", unit="mm"), ">= 3 mm"),
        (at_most(4, 5.0, "registration_failed", unit="mm"), "<= 5 mm"),
        (within(9, 0.5, 35, "face_left"), "0.5 to 35"),
        (Check(0.0, "exactly", (0.0,), "pass", "brain_cut"), "0"),
        (Check(None, "at least", (90.0,), "pass", "face_left", "%", "no surface"), ">= 90 % (no surface)"),
    ],
)
def test_a_limit_is_written_with_its_relation_and_unit(check: Check, text: str) -> None:
    assert wording.limit(check.record()) == text


def test_what_stands_between_backticks_is_shown_as_code_and_all_is_escaped() -> None:
    assert pages.sentence("a `b` <c> `<d>` `") == "a <code>b</code> &lt;c&gt; <code>&lt;d&gt;</code> `"
