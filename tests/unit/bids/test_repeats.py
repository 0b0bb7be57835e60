from pathlib import Path
from typing import Any

import pytest

from unface.bids import repeats
from unface.bids.dcm2niix import Conversion, Image
from unface.bids.images import Acquisition
from unface.bids.rules import Match
from unface.dicom.records import Series


def acquisition(number: int, *contents: tuple[str, int | None], began: str = "", **fields: Any) -> Acquisition:
    """A converted bold acquisition with these kinds and echoes."""
    series = Series(f"s{number:03d}", f"g{number:03d}", {"ProtocolName": "rest", **fields}, ())
    match = Match("mapped", ("bold",), "", "func", "bold", {"task": "rest"})
    images = tuple(Image(Path("image.nii"), {}, kind, echo) for kind, echo in contents or [("magnitude", None)])
    one = Acquisition(
        series.merge_group, (series,), series.fields, match, began=began or f"1900-01-01T00:{number:02d}:00"
    )
    one.conversion = Conversion(images)
    return one


def test_the_last_of_repeats_is_kept_and_the_others_say_of_which_they_are_duplicates() -> None:
    first, second = acquisition(1), acquisition(2)
    repeats.settle([first, second], "last")
    assert (first.state, first.reason) == ("duplicate", "of s002, the last complete one")
    assert (second.state, second.run) == ("", None)


def test_an_incomplete_last_repeat_does_not_take_the_place_of_a_complete_one() -> None:
    first, second = acquisition(1), acquisition(2)
    second.state = "incomplete"
    repeats.settle([first, second], "last")
    assert (first.state, second.state) == ("", "incomplete")


def test_all_repeats_are_numbered_by_time_where_the_settings_say_so() -> None:
    late, early = acquisition(1, began="1900-01-01T02"), acquisition(2, began="1900-01-01T01")
    repeats.settle([late, early], "all")
    assert (early.run, late.run) == (1, 2)


def test_other_protocols_with_the_same_name_are_runs_and_not_repeats() -> None:
    one, two = acquisition(1), acquisition(2, ProtocolName="rest with eyes open")
    notes = repeats.settle([one, two], "last")
    assert (one.run, two.run) == (1, 2)
    assert "numbered as runs" in notes[0]


def test_runs_that_reproin_names_keep_their_numbers() -> None:
    pair = [acquisition(1, ProtocolName="func-bold_run-2"), acquisition(2, ProtocolName="func-bold_run-3")]
    for one in pair:
        one.match = Match("mapped", ("reproin",), "", "func", "bold", {"task": "rest"})
    repeats.settle(pair, "last")
    assert [(one.state, one.run, one.stated_run) for one in pair] == [("", None, 2), ("", None, 3)]


@pytest.mark.parametrize(
    "second", [[("phase", None)], [("magnitude", 2)], [("phase", 1), ("phase", 2)]], ids=["phase", "echo", "phases"]
)
def test_parts_of_one_thing_are_not_repeats(second: list[tuple[str, int | None]]) -> None:
    one, two = acquisition(1), acquisition(2, *second)
    repeats.settle([one, two], "last")
    assert (one.state, two.state, one.run, two.run) == ("", "", None, None)


def test_a_phase_image_goes_with_the_magnitude_it_began_with() -> None:
    aborted = acquisition(1, began="1900-01-01T01")
    magnitude = acquisition(2, began="1900-01-01T02")
    phase = acquisition(3, ("phase", None), began="1900-01-01T02")
    assert repeats.runs([aborted, magnitude, phase]) == [[aborted], [magnitude, phase]]
