from pathlib import Path
from typing import Any

import pytest

from unface.convert import repeats
from unface.convert.acquisitions import Acquisition
from unface.convert.dcm2niix import Conversion, Image
from unface.convert.grouping import measured_together
from unface.convert.nifti_headers import Geometry
from unface.inventory.records import Series
from unface.mapping.rules import Match

BOLD = Match("mapped", ("bold",), "", "func", "bold", {"task": "rest"})
SBREF = Match("mapped", ("sbref",), "", "func", "sbref", {"task": "rest"})
DWI = Match("mapped", ("dwi",), "", "dwi", "dwi")
T1W = Match("mapped", ("t1w",), "", "anat", "T1w")
MAGNITUDE = Match("mapped", ("magnitude",), "", "fmap", "magnitude{echo}")
PHASE = Match("mapped", ("phase",), "", "fmap", "phasediff")
EPI_AP = Match("mapped", ("epi",), "", "fmap", "epi", {"dir": "AP"})
EPI_PA = Match("mapped", ("epi",), "", "fmap", "epi", {"dir": "PA"})


def acquisition(
    number: int,
    *contents: tuple[str, int | None],
    match: Match = BOLD,
    began: str = "",
    slices: int = 30,
    volumes: int = 10,
    sidecar: dict[str, Any] | None = None,
    **fields: Any,
) -> Acquisition:
    """A converted acquisition with these kinds and echoes, a minute after the one before it."""
    series = Series(f"s{number:03d}", f"g{number:03d}", {"ProtocolName": "rest", **fields}, ())
    images = tuple(Image(Path("image.nii"), sidecar or {}, *content) for content in contents or [("magnitude", None)])
    converted = Acquisition(
        series.merge_group, (series,), series.fields, match, began=began or f"1900-01-01T00:{number:02d}:00"
    )
    converted.conversion = Conversion(images)
    converted.shapes = tuple(Geometry((64, 64, slices, volumes), "LPS") for _ in images)
    return converted


def incomplete(number: int, match: Match) -> Acquisition:
    scan = acquisition(number, match=match)
    scan.state, scan.reason = "incomplete", "slices are missing"
    return scan


def states(*acquisitions: Acquisition) -> list[str]:
    return [scan.state or "kept" for scan in acquisitions]


def test_the_last_of_repeats_is_kept_and_the_others_say_of_which_they_are_duplicates() -> None:
    first, second = acquisition(1), acquisition(2)
    repeats.settle([first, second], "last")
    assert (first.state, first.reason) == ("duplicate", "of s002, the last complete one")
    assert (second.state, second.run) == ("", None)


def test_an_incomplete_last_repeat_does_not_take_the_place_of_a_complete_one() -> None:
    first, second = acquisition(1), incomplete(2, BOLD)
    repeats.settle([first, second], "last")
    assert (first.state, second.state) == ("", "incomplete")
    assert second.kept is first


def test_all_repeats_are_numbered_by_time_where_the_settings_say_so() -> None:
    late, early = acquisition(1, began="1900-01-01T02"), acquisition(2, began="1900-01-01T01")
    repeats.settle([late, early], "all")
    assert (early.run, late.run) == (1, 2)


def test_other_protocols_with_the_same_name_are_runs_and_not_repeats() -> None:
    first, another = acquisition(1), acquisition(2, ProtocolName="rest with eyes open")
    notes = repeats.settle([first, another], "last")
    assert (first.run, another.run) == (1, 2)
    assert "numbered as runs" in notes[0]


OTHER_SCAN = {
    "echo time": {"EchoTime": 35},
    "inversion time": {"InversionTime": 1100},
    "flip angle": {"FlipAngle": 26},
    "repetition time": {"RepetitionTime": 900},
    "contrast agent": {"ContrastBolusAgent": "Gadovist"},
    "study": {"StudyInstanceUID": "1.2.2"},
    "phase encoding": {"sidecar": {"PhaseEncodingDirection": "j-"}},
}


@pytest.mark.parametrize("difference", OTHER_SCAN)
@pytest.mark.parametrize("order", [1, -1])
def test_scans_that_were_measured_otherwise_are_runs_and_not_repeats(difference: str, order: int) -> None:
    usual: dict[str, Any] = {
        **{"EchoTime": 30, "InversionTime": 900, "FlipAngle": 12, "RepetitionTime": 800, "StudyInstanceUID": "1.2.1"},
        "sidecar": {"PhaseEncodingDirection": "j"},
    }
    scans = [acquisition(number, match=DWI, **fields) for number, fields in
             enumerate([usual, usual | OTHER_SCAN[difference]][::order], start=1)]  # fmt: skip
    repeats.settle(scans, "last")
    assert states(*scans) == ["kept", "kept"]
    by_direction = difference == "phase encoding"
    assert [(scan.run, scan.told_by_direction) for scan in scans] == (
        [(None, True)] * 2 if by_direction else [(1, False), (2, False)]
    )


def test_opposed_directions_that_are_each_measured_twice_are_runs() -> None:
    sidecars = [{"PhaseEncodingDirection": direction} for direction in ("j", "j-", "j", "j-")]
    scans = [acquisition(number, match=DWI, sidecar=sidecar) for number, sidecar in enumerate(sidecars, start=1)]
    repeats.settle(scans, "all")
    assert [(scan.run, scan.told_by_direction) for scan in scans] == [(run, False) for run in (1, 2, 3, 4)]
    for scan in scans:
        scan.run = None
    repeats.settle(scans, "last")
    assert states(*scans) == ["duplicate", "duplicate", "kept", "kept"]
    assert [scan.told_by_direction for scan in scans[2:]] == [True, True]


def test_of_repeats_in_each_of_two_studies_the_last_of_each_is_kept_and_they_are_runs() -> None:
    scans = [acquisition(number, StudyInstanceUID=f"1.2.{study}") for number, study in enumerate((1, 1, 2, 2), start=1)]
    repeats.settle(scans, "last")
    assert states(*scans) == ["duplicate", "kept", "duplicate", "kept"]
    assert [scans[1].run, scans[3].run] == [1, 2]


@pytest.mark.parametrize("short", [{"volumes": 4}, {"slices": 12}], ids=["volumes", "slices"])
def test_a_run_that_was_stopped_early_does_not_take_the_place_of_a_longer_one(short: dict[str, int]) -> None:
    first, second, third = acquisition(1), acquisition(2), acquisition(3, **short)
    repeats.settle([first, second, third], "last")
    assert states(first, second, third) == ["duplicate", "kept", "incomplete"]
    assert "300 slices" in third.reason
    assert third.kept is second


def test_a_shorter_run_is_kept_and_said_where_all_repeats_are() -> None:
    first, second = acquisition(1), acquisition(2, volumes=4)
    notes = repeats.settle([first, second], "all")
    assert [(scan.state, scan.run) for scan in (first, second)] == [("", 1), ("", 2)]
    assert any(note.startswith("s002 is kept: its repeat s001 has 300 slices") for note in notes)


def test_runs_that_reproin_names_keep_their_numbers() -> None:
    pair = [acquisition(1, ProtocolName="func-bold_run-2"), acquisition(2, ProtocolName="func-bold_run-3")]
    for scan in pair:
        scan.match = Match("mapped", ("reproin",), "", "func", "bold", {"task": "rest"})
    repeats.settle(pair, "last")
    assert [(scan.state, scan.run, scan.stated_run) for scan in pair] == [("", None, 2), ("", None, 3)]


@pytest.mark.parametrize(
    "second", [[("phase", None)], [("magnitude", 2)], [("phase", 1), ("phase", 2)]], ids=["phase", "echo", "phases"]
)
def test_parts_of_one_thing_are_not_repeats(second: list[tuple[str, int | None]]) -> None:
    first, another = acquisition(1), acquisition(2, *second)
    repeats.settle([first, another], "last")
    assert (first.state, another.state, first.run, another.run) == ("", "", None, None)


def test_a_phase_image_goes_with_the_magnitude_it_began_with() -> None:
    aborted = acquisition(1, began="1900-01-01T01")
    magnitude = acquisition(2, began="1900-01-01T02")
    phase = acquisition(3, ("phase", None), began="1900-01-01T02")
    assert measured_together([aborted, magnitude, phase]) == [[aborted], [magnitude, phase]]


def test_echoes_of_one_scan_are_told_apart_by_their_times_where_each_series_numbers_them_from_1() -> None:
    began = "1900-01-01T00:01:00"
    echoes = [
        acquisition(
            number,
            began=f"{began}.{number}",
            EchoTime=1000 * time,
            ImageType=["M", f"TE{number}", "ND"],
            sidecar={"EchoTime": time},
        )
        for number, time in enumerate((0.012, 0.030), start=1)
    ]
    repeats.settle(echoes, "last")
    assert [(scan.state, scan.run) for scan in echoes] == [("", None), ("", None)]


def test_the_mean_of_echoes_is_no_further_echo() -> None:
    began = "1900-01-01T00:01:00"
    echoes = acquisition(1, ("magnitude", 1), ("magnitude", 2), match=T1W, began=began, ImageType=["M"])
    mean = acquisition(2, match=T1W, began=began, ImageType=["M", "MEAN"], sidecar={"EchoTime": 0.004})
    repeats.settle([echoes, mean], "last")
    assert [(scan.state, scan.run) for scan in (echoes, mean)] == [("", 1), ("", 2)]


@pytest.mark.parametrize(("protocol", "echo"), [("other", 3), ("rest", None)])
def test_what_follows_a_run_is_no_further_echo_of_it(protocol: str, echo: int | None) -> None:
    run = acquisition(1, ("magnitude", 1), ("magnitude", 2), EchoTime=[12, 30])
    other = acquisition(2, ("magnitude", echo), ProtocolName=protocol, EchoTime=35)
    repeats.settle([run, other], "last")
    assert [run.run, other.run] == [1, 2]


def test_a_run_that_is_left_out_takes_its_reference_with_it() -> None:
    scans = [acquisition(1, match=SBREF), acquisition(2), acquisition(3, match=SBREF), incomplete(4, BOLD)]
    repeats.settle(scans, "last")
    assert states(*scans) == ["kept", "kept", "incomplete", "incomplete"]
    assert scans[2].kept is scans[0]


def test_runs_and_their_references_have_one_number() -> None:
    first = [acquisition(1, match=SBREF), incomplete(2, BOLD)]
    others = [acquisition(3, match=SBREF), acquisition(4), acquisition(5), acquisition(6, match=SBREF), acquisition(7)]
    repeats.settle([*first, *others], "all")
    assert states(*first) == ["incomplete", "incomplete"]
    assert [scan.run for scan in others] == [1, 1, 2, 3, 3]


def test_a_reference_whose_run_never_began_is_not_that_of_another_run() -> None:
    alone, reference, run = acquisition(1, match=SBREF), acquisition(2, match=SBREF), acquisition(3)
    repeats.settle([alone, reference, run], "last")
    assert states(alone, reference, run) == ["incomplete", "kept", "kept"]


def test_a_stopped_run_with_its_reference_does_not_take_the_place_of_a_whole_one_without() -> None:
    stopped = [acquisition(1, match=SBREF, volumes=1), acquisition(2, volumes=3)]
    whole = acquisition(3)
    repeats.settle([*stopped, whole], "last")
    assert states(*stopped, whole) == ["incomplete", "incomplete", "kept"]


def field_map(number: int, *lost: Match) -> list[Acquisition]:
    pair = [acquisition(number, ("magnitude", 1), ("magnitude", 2), match=MAGNITUDE)]
    pair.append(acquisition(number + 1, ("phase", 2), match=PHASE))
    for scan in pair:
        if scan.match in lost:
            scan.state, scan.reason = "incomplete", "slices are missing"
    return pair


@pytest.mark.parametrize("setting", ["last", "all"])
def test_halves_of_two_field_maps_are_not_put_together(setting: str) -> None:
    maps = [*field_map(1), acquisition(3), *field_map(4, PHASE)]
    repeats.settle(maps, setting)
    assert states(*maps) == ["kept", "kept", "kept", "incomplete", "incomplete"]
    assert [scan.run for scan in maps[:2]] == [None, None]


def test_a_magnitude_and_a_phase_that_were_not_measured_together_are_ambiguous() -> None:
    magnitude, bold, phase = field_map(1)[0], acquisition(3), field_map(4)[1]
    repeats.settle([magnitude, bold, phase], "last")
    assert states(magnitude, bold, phase) == ["ambiguous", "kept", "ambiguous"]


def test_two_directions_of_a_field_map_are_repeated_together() -> None:
    maps = [acquisition(1, match=EPI_AP), acquisition(2, match=EPI_PA), acquisition(3), acquisition(4, match=EPI_AP)]
    repeats.settle(maps, "last")
    assert states(*maps) == ["kept", "kept", "kept", "incomplete"]
    maps = [acquisition(1, match=EPI_AP), acquisition(2, match=EPI_AP), acquisition(3, match=EPI_PA)]
    repeats.settle(maps, "last")
    assert states(*maps) == ["incomplete", "kept", "kept"]


def test_directions_of_two_field_maps_find_each_other_by_their_names() -> None:
    named = [(1, EPI_AP, "fm_AP_bold"), (2, EPI_AP, "fm_AP_dwi"), (3, EPI_PA, "fm_PA_bold"), (4, EPI_PA, "fm_PA_dwi")]
    maps = [acquisition(number, match=match, ProtocolName=name) for number, match, name in named]
    repeats.settle(maps, "last")
    assert [scan.run for scan in maps] == [1, 2, 1, 2]


def reconstruction(number: int, name: str, *image_type: str, **settings: Any) -> Acquisition:
    types = ["ORIGINAL", "PRIMARY", "M", *image_type]
    return acquisition(number, match=T1W, began="1900-01-01T00:01:00", ProtocolName=name, ImageType=types, **settings)


@pytest.mark.parametrize("setting", ["last", "all"])
def test_reconstructions_of_one_acquisition_are_told_apart_and_are_no_runs(setting: str) -> None:
    plain, corrected = reconstruction(1, "t1_ND", "ND"), reconstruction(2, "t1", "DIS2D", "NORM")
    again = [acquisition(number, match=T1W, began="1900-01-01T00:09:00", ProtocolName=name, ImageType=types)
             for number, name, types in ((3, "t1_ND", ["ND"]), (4, "t1", ["DIS2D", "NORM"]))]  # fmt: skip
    repeats.settle([plain, corrected, *again], setting)
    assert [scan.reconstruction for scan in (plain, corrected)] == ["nd", "dis2dnorm"]
    assert states(plain, corrected) == (["duplicate"] * 2 if setting == "last" else ["kept"] * 2)
    assert [scan.run for scan in (plain, corrected, *again)] == ([None] * 4 if setting == "last" else [1, 1, 2, 2])


def test_of_reconstructions_that_nothing_tells_apart_the_last_is_kept_and_the_other_says_so() -> None:
    first, another = reconstruction(1, "t1"), reconstruction(2, "t1")
    notes = repeats.settle([first, another], "last")
    assert (first.state, first.reason) == ("duplicate", "another reconstruction of the acquisition of s002")
    assert (another.state, another.reconstruction) == ("", "")
    assert any("s001 is another reconstruction" in note for note in notes)


@pytest.mark.parametrize(("setting", "second"), [("last", "t1 filtered"), ("all", "t1")])
def test_reconstructions_without_a_known_word_are_numbered_and_none_is_lost(
    setting: str, second: str, tmp_path: Path
) -> None:
    first, another = reconstruction(1, "t1"), reconstruction(2, second)
    for scan in (first, another):
        path = tmp_path / scan.name
        path.write_text(scan.name)
        scan.conversion = Conversion((Image(path, {}, "magnitude", None),))
    repeats.settle([first, another], setting)
    labels = [(scan.state, scan.run, scan.reconstruction) for scan in (first, another)]
    assert labels == [
        ("", None, "1"),
        ("", None, "2"),
    ]


def test_what_was_measured_with_other_b_values_is_no_other_reconstruction() -> None:
    shells = [acquisition(number, match=DWI, began="1900-01-01T00:01:00", DiffusionBValue=b_value)
              for number, b_value in ((1, 1000), (2, 3000))]  # fmt: skip
    repeats.settle(shells, "last")
    assert states(*shells) == ["kept", "kept"]


def test_the_same_images_twice_are_kept_once_whatever_is_done_with_repeats(tmp_path: Path) -> None:
    scans = []
    for number, content in enumerate((b"voxels", b"voxels"), start=1):
        path = tmp_path / f"{number}.nii"
        path.write_bytes(content)
        scan = acquisition(number, match=T1W, began="1900-01-01T00:01:00")
        scan.conversion = Conversion((Image(path, {}, "magnitude", None),))
        scans.append(scan)
    repeats.settle(scans, "all")
    assert states(*scans) == ["duplicate", "kept"]


def test_two_field_maps_of_another_shim_are_no_repeats() -> None:
    maps = [acquisition(number, match=EPI_AP, sidecar={"ShimSetting": [number]}) for number in (1, 2)]
    repeats.settle(maps, "last")
    assert states(*maps) == ["kept", "kept"]
    assert [scan.run for scan in maps] == [1, 2]
