"""Sex and age as tables and folders tell them."""

import pytest

from unface.identity.demographics import Demographics


@pytest.mark.parametrize(
    ("age", "expected"),
    [
        ("25_30", "030Y"),
        ("27", "030Y"),
        ("30", "035Y"),
        ("23.5", "025Y"),
        ("018M", "005Y"),
        ("85", "089Y"),
        ("89", "089Y"),
        ("85-90", "089Y"),
        ("90-95", "090Y"),
        ("97", "090Y"),
        ("old", ""),
        ("", ""),
    ],
)
def test_an_age_is_the_upper_bound_of_its_band_and_ninety_above_89_alone(age: str, expected: str) -> None:
    assert Demographics.of({"age": age}, 5).age == expected
