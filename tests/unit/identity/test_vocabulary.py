"""Words and codes that may stay of text that a person or a scanner wrote."""

import pytest

from unface.identity.vocabulary import keep_codes


@pytest.mark.parametrize(
    "text",
    [
        b"17.03.1985",
        b"3/17/1985",
        b"17-03-85",
        b"17 03 1985",
        b"17Mar85",
        b"17. Mai 1985",
        b"1985-03-17",
        "山田".encode("iso2022_jp"),
    ],
)
def test_code_text_loses_what_reads_as_a_day_and_other_character_sets(text: bytes) -> None:
    assert keep_codes(b"HC1-7;" + text + b";NC1", lambda word: False) == b"HC1-7;;NC1"


@pytest.mark.parametrize(
    "text", [b"HC1-7;NC1", b"FoV 216*216", b"*epfid2d1_64", b"5.4.0.1", b"11.1.0", b"DV26.0_R03", b"2 3 4", b"10 20 30"]
)
def test_code_text_of_scanners_stays(text: bytes) -> None:
    assert keep_codes(text, lambda word: False) == text
