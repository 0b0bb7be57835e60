"""What dcm2niix makes beside and instead of plain images is understood: echoes, kinds, twins, warnings."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pydicom
import pytest
from pydicom import Dataset

from tests.support.converted_sessions import Converted, convert, take_in
from tests.support.dicom_factory import small_grid, write_series
from tests.support.fuzz import in_time
from unface.convert import dcm2niix
from unface.run.outcome import WithheldError

RULE = "rules:\n- {name: any, datatype: anat, suffix: T2starw, criteria: {SeriesInstanceUID: '*'}}\n"

Edit = Callable[[Dataset, int], None]


def given(**values: Any) -> Edit:
    def edit(ds: Dataset, _index: int) -> None:
        for name, value in values.items():
            setattr(ds, name, value)

    return edit


def tilted(ds: Dataset, index: int) -> None:
    """Slices of a CT whose gantry is tilted by 15 degrees."""
    ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.2"
    ds.Modality, ds.GantryDetectorTilt = "CT", 15
    ds.ImageOrientationPatient = [1, 0, 0, 0, 0.965926, -0.258819]
    ds.ImagePositionPatient, ds.SliceLocation = [0, 0, 5.0 * index], 5.0 * index


def drawn_on(ds: Dataset, _index: int) -> None:
    """An overlay, in which scanners keep regions that were drawn on them (PS3.3 C.9.2)."""
    elements = {0x10: ("US", 32), 0x11: ("US", 32), 0x40: ("CS", "R"), 0x50: ("SS", [1, 1]), 0x100: ("US", 1)}
    for element, (vr, value) in {**elements, 0x102: ("US", 0), 0x3000: ("OW", b"\xf0" * 128)}.items():
        ds.add_new(0x60000000 + element, vr, value)


def converted(folder: Path, *edits: Edit, lost: int | None = None) -> Converted:
    """Convert one series; with several edits it holds all its images once for each."""
    paths, _ = write_series(folder / "raw", 0, "philips", grid=small_grid(8), rare=False)
    for number, edit in enumerate(edits):
        for index, path in enumerate(paths):
            ds = pydicom.dcmread(path)
            ds.InstanceNumber = number * len(paths) + index + 1
            ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = f"{ds.SOPInstanceUID}.{number}"
            edit(ds, index)
            ds.save_as(path.with_name(f"{number}-{path.name}"))
    for index, path in enumerate(paths):
        path.unlink()
        if index == lost:
            path.with_name(f"0-{path.name}").unlink()
    (folder / "rules.yaml").write_text(RULE)
    (session,) = convert(take_in(folder / "raw", folder / "results"), folder / "rules.yaml")
    return session


MAGNITUDE = given(ImageType=["ORIGINAL", "PRIMARY", "M_FFE", "M", "FFE"])
PHASE = given(ImageType=["ORIGINAL", "PRIMARY", "PHASE MAP", "P", "FFE"])
REAL = given(ImageType=["ORIGINAL", "PRIMARY", "R", "ND"], ComplexImageComponent="REAL")
IMAGINARY = given(ImageType=["ORIGINAL", "PRIMARY", "I", "ND"], ComplexImageComponent="IMAGINARY")


@pytest.mark.parametrize(
    ("edits", "names"),
    [
        ([MAGNITUDE], ["T2starw"]),
        ([PHASE], ["part-phase_T2starw"]),
        ([REAL], ["part-real_T2starw"]),
        ([IMAGINARY], ["part-imag_T2starw"]),
        ([MAGNITUDE, PHASE], ["part-mag_T2starw", "part-phase_T2starw"]),
    ],
    ids=["magnitude", "phase", "real", "imaginary", "both in one series"],
)
def test_kinds_of_images_become_parts(tmp_path: Path, edits: list[Edit], names: list[str]) -> None:
    assert converted(tmp_path, *edits).names() == names


@pytest.mark.parametrize(
    ("edit", "twin"),
    [(tilted, "Tilt (sheared to undo the tilt of a gantry)"), (drawn_on, "ROI (a region drawn on the scanner)")],
)
def test_second_versions_beside_an_image_are_left_out_and_said(tmp_path: Path, edit: Edit, twin: str) -> None:
    session = converted(tmp_path, edit)
    assert session.names() == ["T2starw"]
    assert f"dcm2niix also made {twin}: left out" in session.series[0]["warnings"]


def test_a_gap_between_slices_makes_the_series_incomplete_and_its_resampled_twin_is_left_out(tmp_path: Path) -> None:
    session = converted(tmp_path, MAGNITUDE, lost=2)
    assert session.states() == {"s001": "incomplete"}
    assert session.names() == []
    assert any(warning.startswith("dcm2niix also made Eq") for warning in session.series[0]["warnings"])


def test_a_warning_of_a_kept_image_becomes_a_note(tmp_path: Path) -> None:
    session = converted(tmp_path, tilted)
    assert any("gantry tilt of 15 degrees" in note for note in session.outcome.notes)


@pytest.mark.parametrize("content", [b"", b"[]", b'{"EchoTime": ', b'{"a": "b\nc"}', b"[" * 100_000])
def test_a_sidecar_that_is_no_json_withholds_the_series(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "image.nii").touch()
    (tmp_path / "image.json").write_bytes(content)
    with pytest.raises(WithheldError, match="a sidecar that is no JSON") as refused:
        dcm2niix._understood(tmp_path, "")
    assert refused.value.reason.code == "conversion_failed"


def test_a_warning_is_told_in_words_without_what_it_quotes() -> None:
    said = "Warning: Unable to open '/a b/c' or x\"y z\"w in /d/e  for (Doe/Jane)"
    assert dcm2niix._plain(said) == "Unable to open ... or x...w in ... for ..."
    with in_time(2):
        dcm2niix._plain("Warning: " + "x" * 100_000)


def test_both_polarities_of_one_series_are_images_of_their_own(
    shared_data: Callable[[str], Path], tmp_path: Path
) -> None:
    raw = next(path for path in sorted(shared_data("ge_pepolar").iterdir()) if path.is_dir())
    rule = (
        "rules:\n- {name: any, datatype: fmap, suffix: epi, entities: {dir: XY}, criteria: {SeriesInstanceUID: '*'}}\n"
    )
    (tmp_path / "rules.yaml").write_text(rule)
    (session,) = convert(take_in(raw, tmp_path / "results"), tmp_path / "rules.yaml")
    assert session.names() == ["dir-AP_epi", "dir-PA_epi"]
