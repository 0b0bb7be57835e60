"""Ages as headers and tables write them."""

import pytest

from unface.identity.ages import in_years


@pytest.mark.parametrize(
    "text",
    ["045Y", "45Y", "045y", "45", "045", "0045Y", "45 Y", " 45y\0", "45.0Y", "45 yr", "45 years", "45yrs.", "00000045"],
)
def test_an_age_in_years_is_read_however_it_is_written(text: str) -> None:
    assert in_years(text) == 45


@pytest.mark.parametrize(("text", "years"), [("18m", 1.5), ("018 M", 1.5), ("104w", 1.99), ("730D", 2)])
def test_months_weeks_and_days_are_read_in_the_same_forms(text: str, years: float) -> None:
    assert in_years(text) == pytest.approx(years, abs=0.01)


@pytest.mark.parametrize(
    "text", ["", "Y", "unknown", "6 months", "45-50", "1961", "-4", "45X", "45Y3M", "19610314", "999Y", "999", "४५"]
)
def test_anything_else_is_no_age(text: str) -> None:
    assert in_years(text) is None
