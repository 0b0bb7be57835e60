"""Numbers that headers hold as text, whatever stands there."""

import pytest

from unface.dicom.fields import decode
from unface.dicom.number_text import number, whole_number

REPETITION_TIME = 0x00180080
NO_NUMBERS = ["--5", "²", "٣", "5" * 5000, "1e400", "-" * 9, "1_000", "nan", "inf", "0x10", "", "1e", "."]


@pytest.mark.parametrize("text", NO_NUMBERS)
def test_what_is_no_number_or_beyond_all_measure_is_none(text: str) -> None:
    assert number(text) is None
    assert whole_number(text.encode()) is None
    assert decode(REPETITION_TIME, text.encode(), "<", b"ISO_IR 192") is None


@pytest.mark.parametrize(
    ("text", "value"),
    [("7", 7), ("-3", -3), ("+04", 4), (" 12 ", 12), ("2.50", 2.5), (".5", 0.5), ("3.", 3.0), ("1.2E+3", 1200.0)],
)
def test_numbers_are_read_as_the_standard_writes_them(text: str, value: float) -> None:
    assert number(text) == value
    assert decode(REPETITION_TIME, text.encode(), "<", None) == value


def test_whole_numbers_are_read_with_their_padding() -> None:
    assert [whole_number(raw) for raw in (b"12 ", b"-5\0", b"+7", b"1.0")] == [12, -5, 7, None]
