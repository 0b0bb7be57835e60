from pathlib import Path
from typing import Any

import pytest

from unface.convert import fieldmaps
from unface.convert.acquisitions import Target
from unface.convert.dcm2niix import Image
from unface.convert.nifti_headers import Geometry

ENCODING = {"AP": "j", "PA": "j-"}
"""Of each direction, where the second axis runs to the back as in LPS."""


def target(
    datatype: str, suffix: str, shim: int = 0, echo_time: float = 0.03, scanner: str = "", **entities: str
) -> Target:
    sidecar: dict[str, Any] = {"ShimSetting": [shim], "EchoTime": echo_time, "DeviceSerialNumber": scanner}
    if "dir" in entities:
        sidecar["PhaseEncodingDirection"] = ENCODING[entities["dir"]]
    stem = f"sub-a/ses-b/{datatype}/{''.join(entities.values())}_{suffix}"
    image = Image(Path("image.nii"), sidecar, "magnitude", None)
    return Target(image, datatype, suffix, entities, dict(sidecar), Geometry((4, 4, 4), "LPS"), stem=stem)


def test_one_field_map_serves_every_epi_of_its_session() -> None:
    epis = [target("fmap", "epi", dir="AP"), target("fmap", "epi", dir="PA")]
    bold, t1w = target("func", "bold"), target("anat", "T1w")
    assert fieldmaps.link([*epis, bold, t1w]) == []
    assert {epi.sidecar["B0FieldIdentifier"] for epi in epis} == {bold.sidecar["B0FieldSource"]}
    assert epis[0].sidecar["IntendedFor"] == ["bids::sub-a/ses-b/func/_bold.nii.gz"]
    assert "B0FieldSource" not in t1w.sidecar


def test_of_several_field_maps_the_one_shimmed_alike_serves() -> None:
    first, second = (target("fmap", "fieldmap", shim, run=str(shim)) for shim in (1, 2))
    bold = target("func", "bold", 2)
    assert fieldmaps.link([first, second, bold]) == []
    assert bold.sidecar["B0FieldSource"] == second.sidecar["B0FieldIdentifier"]
    assert "IntendedFor" not in first.sidecar


def test_where_nothing_decides_between_field_maps_none_is_named() -> None:
    maps = [target("fmap", "fieldmap", 1, run=run) for run in ("1", "2")]
    bold = target("func", "bold", 1)
    assert "several field maps" in fieldmaps.link([*maps, bold])[0]
    assert "B0FieldSource" not in bold.sidecar


@pytest.mark.parametrize(("began", "number"), [("10:00", 1), ("10:20", 1), ("10:40", 2)])
def test_of_several_alike_the_last_before_an_image_serves_else_the_first_after_it(began: str, number: int) -> None:
    maps = [target("fmap", "fieldmap", 1, run=run) for run in ("1", "2")]
    bold = target("func", "bold", 1)
    for image, time in zip((*maps, bold), ("10:10", "10:30", began), strict=True):
        image.began = f"2020-01-01T{time}:00"
    assert fieldmaps.link([*maps, bold]) == []
    assert bold.sidecar["B0FieldSource"] == maps[number - 1].sidecar["B0FieldIdentifier"]


def test_a_field_map_that_was_shimmed_for_another_run_serves_none_and_it_is_said() -> None:
    first = target("fmap", "fieldmap", 1)
    rest, task = target("func", "bold", 1, task="rest"), target("func", "bold", 2, task="faces")
    (note,) = fieldmaps.link([first, rest, task])
    assert "faces" in note
    assert "another shim" in note
    assert rest.sidecar["B0FieldSource"] == first.sidecar["B0FieldIdentifier"]
    assert "B0FieldSource" not in task.sidecar


def test_magnitudes_without_a_phase_are_no_field_map() -> None:
    magnitude, bold = target("fmap", "magnitude1"), target("func", "bold")
    fieldmaps.link([magnitude, bold])
    assert "B0FieldIdentifier" not in magnitude.sidecar
    assert "B0FieldSource" not in bold.sidecar


def test_a_phase_difference_gets_the_echo_times_of_its_own_magnitudes() -> None:
    magnitudes = [target("fmap", f"magnitude{echo}", echo_time=time) for echo, time in ((1, 0.005), (2, 0.007))]
    other = target("fmap", "magnitude1", echo_time=0.001, run="2")
    phase = target("fmap", "phasediff", echo_time=0.007)
    fieldmaps.fill_echo_times([phase, other, *magnitudes])
    assert (phase.sidecar["EchoTime1"], phase.sidecar["EchoTime2"]) == (0.005, 0.007)


def test_a_rule_that_says_what_its_field_map_is_for_goes_before_the_shim() -> None:
    first, second = (target("fmap", "fieldmap", shim, run=str(shim)) for shim in (1, 2))
    bold, dwi = target("func", "bold", 1), target("dwi", "dwi", 2)
    first.intended_for, bold.rules, dwi.rules = ("rest",), ("rest",), ("diffusion",)
    assert fieldmaps.link([first, second, bold, dwi]) == []
    assert bold.sidecar["B0FieldSource"] == first.sidecar["B0FieldIdentifier"]
    assert dwi.sidecar["B0FieldSource"] == second.sidecar["B0FieldIdentifier"]


def test_one_direction_alone_corrects_images_of_the_opposite_direction_and_they_are_part_of_it() -> None:
    epi = target("fmap", "epi", dir="PA")
    opposed, same = target("func", "bold", dir="AP"), target("dwi", "dwi", dir="PA")
    assert fieldmaps.link([epi, opposed, same]) == []
    name = opposed.sidecar["B0FieldSource"]
    assert (epi.sidecar["B0FieldIdentifier"], opposed.sidecar["B0FieldIdentifier"]) == (name, name)
    assert epi.sidecar["IntendedFor"] == [f"bids::{opposed.stem}.nii.gz"]
    assert not {"B0FieldSource", "B0FieldIdentifier"} & set(same.sidecar)


def test_one_direction_without_its_opposite_measures_no_field_and_says_so() -> None:
    epi, bold, unknown = target("fmap", "epi", dir="AP"), target("func", "bold", dir="AP"), target("dwi", "dwi")
    (note,) = fieldmaps.link([epi, bold, unknown])
    assert "it corrects nothing" in note
    assert not any("B0FieldSource" in image.sidecar for image in (bold, unknown))
    assert not {"B0FieldIdentifier", "IntendedFor"} & set(epi.sidecar)


@pytest.mark.parametrize("ruled", [False, True])
def test_a_field_map_corrects_no_image_of_another_scanner(ruled: bool) -> None:
    phase, bold = target("fmap", "fieldmap", scanner="a"), target("func", "bold", scanner="b")
    if ruled:
        phase.intended_for, bold.rules = ("rest",), ("rest",)
    assert fieldmaps.link([phase, bold]) == []
    assert "B0FieldSource" not in bold.sidecar
    assert "IntendedFor" not in phase.sidecar


def test_each_of_two_scanners_or_studies_has_its_own_field_map() -> None:
    maps = [target("fmap", "fieldmap", scanner=name, run=run) for name, run in (("a", "1"), ("b", "2"))]
    bold = target("func", "bold", scanner="b")
    assert fieldmaps.link([*maps, bold]) == []
    assert bold.sidecar["B0FieldSource"] == maps[1].sidecar["B0FieldIdentifier"]
