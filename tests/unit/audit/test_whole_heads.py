"""Which images outside the anatomy may show a face, by what their headers say: at each limit, on either side."""

import gzip
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest

from unface.audit.candidates import Heads
from unface.audit.whole_heads import check

BOLD = "sub-a/ses-b/func/sub-a_ses-b_task-rest_bold.nii.gz"
HEADS = Heads(("T1w",), ("sbref",))
USUAL = (3.0, 3.0, 3.0)
"""Voxels that are too coarse to show a face."""
Found = Callable[..., str]


@pytest.fixture
def found(tmp_path: Path) -> Found:
    """What is said of an image of some shape and voxels, of which there is but the header."""

    def of(
        shape: tuple[int, ...],
        voxel_mm: Iterable[float] = USUAL,
        affine: Any = None,
        *,
        path: str = BOLD,
        stage: str = "convert",
        **fields: Any,
    ) -> str:
        header = nib.Nifti1Header()
        header.set_data_dtype(np.int16)
        header["dim"][: len(shape) + 1] = len(shape), *shape
        header["pixdim"][1:4] = list(voxel_mm)
        header["magic"], header["vox_offset"] = b"n+1", 352
        if affine is not None:
            header.set_sform(affine, 1)
        for name, value in fields.items():
            header[name] = value
        file = tmp_path / "image.nii.gz"
        file.write_bytes(gzip.compress(header.binaryblock + bytes(4)))
        findings = list(check({path: (stage, file)}, HEADS))
        assert {code for code, _ in findings} <= {"face_left"}
        assert len(findings) < 2
        return findings[0][1] if findings else ""

    return of


WHOLE = "whole head"


@pytest.mark.parametrize(
    ("shape", "voxel_mm", "said"),
    [
        ((100, 150, 150), (1, 1, 1), WHOLE),
        ((150, 100, 150), (1, 1, 1), WHOLE),
        ((99, 150, 150), (1, 1, 1), ""),
        ((100, 149, 150), (1, 1, 1), ""),
        ((100, 149, 300), (1, 1, 1), ""),
        ((60, 100, 100), (1.94, 1.94, 1.94), WHOLE),
        ((100, 150, 150), (1, 1, 1.95), ""),
        ((100, 150, 150), (1.95, 1, 1), ""),
        ((100, 150, 150, 7), (1, 1, 1), WHOLE),
        ((100, 150, 150), (-1, 1, 1), WHOLE),
        ((64, 64, 36), USUAL, ""),
    ],
)
def test_fine_voxels_and_the_extent_of_a_head_may_show_a_face(
    found: Found, shape: tuple[int, ...], voxel_mm: Iterable[float], said: str
) -> None:
    sentence = found(shape, voxel_mm)
    assert said in sentence
    assert bool(sentence) is bool(said)


def test_only_images_that_leave_as_they_were_converted_are_looked_at(found: Found) -> None:
    head: tuple[Any, ...] = ((100, 150, 150), (1, 1, 1))
    assert found(*head)
    assert not found(*head, stage="deface")
    assert not found(*head, path=BOLD.replace("bold", "sbref"))
    assert not found(*head, path=BOLD.replace(".nii.gz", ".json"))


def test_every_image_is_looked_at_and_one_that_cannot_be_read_is_left_to_the_check_of_its_file(tmp_path: Path) -> None:
    (tmp_path / "none").write_bytes(b"no image")
    (tmp_path / "short").write_bytes(gzip.compress(b"no image"))
    (tmp_path / "empty").write_bytes(gzip.compress(b""))
    header = nib.Nifti1Header()
    header["dim"][:4], header["pixdim"][1:4], header["magic"] = (3, 100, 150, 150), 1, b"n+1"
    (tmp_path / "head").write_bytes(gzip.compress(header.binaryblock + bytes(4)))
    names = ("none", "short", "empty", "head", "head")
    files = {BOLD.replace("rest", f"{name}{place}"): ("convert", tmp_path / name) for place, name in enumerate(names)}
    assert [("head" in sentence) for _, sentence in check(files, HEADS)] == [True, True]


@pytest.mark.parametrize(
    ("shape", "pile"),
    [
        ((150, 150, 3, 20), True),
        ((150, 150, 1, 52), True),
        ((150, 150, 1, 51), False),
        ((150, 150, 4, 60), False),
        ((140, 150, 1, 60), False),
        ((150, 150, 1), False),
        ((150, 150), False),
        ((150, 150, 1, 26, 2), True),
    ],
)
def test_many_volumes_of_hardly_a_slice_may_be_one_head(found: Found, shape: tuple[int, ...], *, pile: bool) -> None:
    assert (WHOLE in found(shape, (1, 1, 3))) is pile


def test_a_pile_of_coarse_slices_is_no_head(found: Found) -> None:
    assert not found((100, 100, 1, 60), (2, 2, 3))


def placed(voxel_mm: Iterable[float], *first_mm: float) -> np.ndarray:
    affine = np.diag([*voxel_mm, 1.0])
    affine[:3, 3] = first_mm or (0, 0, 0)
    return affine


@pytest.mark.parametrize(
    ("shape", "voxel_mm", "words"),
    [
        ((64, 64, 36), (0.1, 3, 3), ""),
        ((64, 64, 36), (0.09, 3, 3), "size"),
        ((64, 64, 36), (3, 3, 20), ""),
        ((30, 30, 36), (20, 20, 20), ""),
        ((30, 30, 36), (20, 20.1, 20), "size"),
        ((64, 64, 36), (0, 3, 3), "size"),
        ((64, 64, 36), (3, 3, np.nan), "size"),
        ((64, 64, 36), (3, np.inf, 3), "size"),
        ((64, 64, 1), (3, 3, 50), ""),
        ((64, 64, 1), (3, 3, 0), "size"),
        ((64, 64, 1), (3, 3, np.nan), "size"),
        ((70, 70, 36), (10, 10, 10), ""),
        ((71, 71, 36), (10, 10, 10), "field"),
        ((71, 70, 36), (10, 10, 10), ""),
        ((10, 10, 250), (10, 10, 10), ""),
        ((10, 10, 251), (10, 10, 10), "field"),
    ],
)
def test_voxels_and_a_field_of_view_that_no_scanner_makes_tell_nothing(
    found: Found, shape: tuple[int, ...], voxel_mm: tuple[float, ...], words: str
) -> None:
    sentence = found(shape, voxel_mm)
    assert words in sentence
    assert bool(sentence) is bool(words)


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize(
    ("first_mm", "fine"),
    [(3000, True), (-3000, True), (3001, False), (-3001, False), (np.nan, False), (-np.inf, False)],
)
def test_a_position_that_no_scanner_has_tells_nothing(found: Found, axis: int, first_mm: float, *, fine: bool) -> None:
    affine = placed(USUAL)
    affine[axis, 3] = first_mm
    assert ("position" in found((64, 64, 36), USUAL, affine)) is not fine


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize(("edge_mm", "fine"), [(3.1, True), (2.9, True), (3.2, False), (2.8, False)])
def test_sizes_that_a_header_gives_twice_agree(found: Found, axis: int, edge_mm: float, *, fine: bool) -> None:
    affine = placed(USUAL)
    affine[axis, axis] = -edge_mm
    assert ("two sizes" in found((64, 64, 36), USUAL, affine)) is not fine


@pytest.mark.parametrize(("cosine", "fine"), [(0.04, True), (-0.04, True), (0.06, False), (-0.06, False)])
@pytest.mark.parametrize("axes", [(0, 1), (0, 2), (1, 2)])
def test_axes_are_at_right_angles(found: Found, axes: tuple[int, int], cosine: float, *, fine: bool) -> None:
    affine = placed(USUAL)
    first, second = axes
    affine[first, second], affine[second, second] = 3 * cosine, 3 * np.sqrt(1 - cosine**2)
    assert ("skewed" in found((64, 64, 36), USUAL, affine)) is not fine


def test_a_head_turned_in_the_scanner_is_no_fault(found: Found) -> None:
    turn = np.array([[0.8, -0.6, 0], [0.6, 0.8, 0], [0, 0, 1]])
    affine = np.eye(4)
    affine[:3, :3] = turn * 3
    assert found((64, 64, 36), USUAL, affine) == ""


def test_a_matrix_that_does_not_count_tells_nothing(found: Found) -> None:
    wrong = placed((9, 9, 9), 9999)
    assert found((64, 64, 36), USUAL, wrong, sform_code=0) == ""
    assert found((64, 64, 36), USUAL, wrong, sform_code=-1) == ""
    assert found((64, 64, 36), USUAL, wrong)
