"""Slices of heads as pictures."""

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from unface.report import pictures
from unface.review import heads

ORDERS = ["RAS", "LPS", "ASR", "PIL"]


def block(path: Path, axes: str, voxel_mm: tuple[float, float, float]) -> Path:
    """A bright box of 60 x 90 x 120 mm with a marked upper front, stored in another order of axes."""
    shape = [round(size / mm) for size, mm in zip((100, 130, 160), voxel_mm, strict=True)]
    data = np.zeros(shape, dtype=np.int16)
    box = [slice(round(20 / mm), round((20 + size) / mm)) for size, mm in zip((60, 90, 120), voxel_mm, strict=True)]
    data[tuple(box)] = 500
    data[box[0], shape[1] // 2 : box[1].stop, shape[2] // 2 : box[2].stop] = 1000
    image = nib.Nifti1Image(data, np.diag([*voxel_mm, 1.0]))
    turn = nib.orientations.ornt_transform(
        nib.orientations.io_orientation(image.affine), nib.orientations.axcodes2ornt(tuple(axes))
    )
    nib.save(image.as_reoriented(turn), path)
    return path


@pytest.mark.parametrize("axes", ORDERS)
def test_slices_stand_upright_at_true_aspect_in_any_order_of_axes(axes: str, tmp_path: Path) -> None:
    volume = pictures.load(block(tmp_path / "block.nii.gz", axes, (1.0, 2.0, 2.5)))
    sagittal = pictures.planes(volume)[0]
    picture = pictures.slice_picture(volume, sagittal, (0, 1000))[..., 0].astype(float)
    rows, columns = np.flatnonzero((picture > 60).any(axis=1)), np.flatnonzero((picture > 60).any(axis=0))
    assert len(rows) / len(columns) == pytest.approx(120 / 90, rel=0.05)
    middle_row, middle_column = int(rows.mean()), int(columns.mean())
    upper_front = picture[rows[0] : middle_row, columns[0] : middle_column].mean()
    assert upper_front > 1.5 * picture[middle_row : rows[-1], middle_column : columns[-1]].mean()


def test_a_mask_on_another_grid_is_outlined_at_the_same_place(tmp_path: Path) -> None:
    volume = pictures.load(block(tmp_path / "block.nii.gz", "RAS", (1.0, 1.0, 1.0)))
    keep = nib.Nifti1Image(np.ones((50, 65, 80), dtype=np.uint8), np.diag([2.0, 2.0, 2.0, 1.0]))
    keep.dataobj[:, 40:, :40] = 0
    nib.save(keep, tmp_path / "keep.nii.gz")
    mask = pictures.load(tmp_path / "keep.nii.gz")
    plane = pictures.planes(volume, mask)[0]
    kept = pictures.sample_mask(mask, plane)
    anterior_below = (plane.points_mm[..., 1] > 81) & (plane.points_mm[..., 2] < 78)
    assert not kept[anterior_below].any()
    assert kept[(plane.points_mm[..., 1] < 78) | (plane.points_mm[..., 2] > 81)].all()


def test_the_first_volume_of_a_series_stands_for_it(tmp_path: Path) -> None:
    data = np.zeros((8, 8, 8, 3), dtype=np.int16)
    data[..., 0] = 7
    nib.save(nib.Nifti1Image(data, np.eye(4)), tmp_path / "bold.nii.gz")
    assert pictures.load(tmp_path / "bold.nii.gz").data.min() == 7


def test_an_empty_image_still_has_pictures(tmp_path: Path) -> None:
    nib.save(nib.Nifti1Image(np.zeros((20, 20, 20), dtype=np.int16), np.eye(4)), tmp_path / "empty.nii.gz")
    volume = pictures.load(tmp_path / "empty.nii.gz")
    for plane in pictures.planes(volume):
        assert pictures.slice_picture(volume, plane, pictures.window(volume)).max() == 0


def test_an_image_whose_air_is_no_number_is_shown_all_the_same(tmp_path: Path) -> None:
    data = np.asarray(nib.load(block(tmp_path / "block.nii.gz", "RAS", (2.0, 2.0, 2.0))).dataobj, dtype=np.float32)
    data[data == 0] = np.nan
    nib.save(nib.Nifti1Image(data, np.diag([2.0, 2.0, 2.0, 1.0])), tmp_path / "nan.nii.gz")
    volume = pictures.load(tmp_path / "nan.nii.gz")
    assert pictures.slice_picture(volume, pictures.planes(volume)[0], pictures.window(volume)).max() > 200


@pytest.mark.parametrize("kind", ["cut short", "no NIfTI", "flat", "of colours", "missing"])
def test_a_file_that_nobody_can_read_has_no_picture_and_stops_no_page(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "image.nii"
    colours = np.zeros((8, 8, 8), dtype=[("R", "u1"), ("G", "u1"), ("B", "u1")])
    data = {"flat": np.zeros((8, 8), np.int16), "of colours": colours}.get(kind, np.zeros((8, 8, 8), np.int16))
    content = nib.Nifti1Image(data, np.eye(4)).to_bytes()
    path.write_bytes({"cut short": content[:500], "no NIfTI": b"x" * 1000}.get(kind, content))
    assert heads._load(tmp_path / "none.nii" if kind == "missing" else path) is None
