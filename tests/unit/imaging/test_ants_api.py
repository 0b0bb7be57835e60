"""What ANTs finds does not depend on where its files lie, and what it could not write is missed."""

import tempfile
from pathlib import Path

import ants
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from unface.imaging.ants_api import AFFINE, FIELD, fit, to_image, working_in, write_affine
from unface.run.outcome import JobFailedError

SMOOTH: NDArray[np.float64] = 100 * ndimage.gaussian_filter(np.random.default_rng(0).normal(size=(20, 20, 20)), 2)
QUICK = {"reg_iterations": (3, 2, 1), "aff_iterations": (3,), "aff_shrink_factors": (1,), "aff_smoothing_sigmas": (0,)}


def found(folder: Path) -> NDArray[np.float32]:
    """The same image, carried onto another by the deformation and affine that ANTs finds in this folder."""
    image, other = to_image(SMOOTH, np.eye(4)), to_image(ndimage.shift(SMOOTH, 1), np.eye(4))
    with working_in(folder):
        start = Path("start.mat")
        write_affine(np.eye(4), start)
        affine = fit(image, other, "Affine", AFFINE, initial_transform=str(start), **QUICK)
        field = fit(image, other, "SyNOnly", FIELD, initial_transform=affine, **QUICK)
        carried: NDArray[np.float32] = ants.apply_transforms(image, other, [field, affine]).numpy()
    return carried


@pytest.mark.parametrize("name", [".h5abcdef.part", "a.xfm", "study.mat", "x.txt.d", "a, b", "[1]", "50%02d", "é 'x'"])
def test_a_fit_is_the_same_in_a_folder_of_any_name(tmp_path: Path, name: str) -> None:
    for folder in (tmp_path / "plain", tmp_path / name / "scratch"):
        folder.mkdir(parents=True)
    assert np.array_equal(found(tmp_path / name / "scratch"), found(tmp_path / "plain"))


def test_a_deformation_that_could_not_be_written_fails_the_job(tmp_path: Path) -> None:
    image, other = to_image(SMOOTH, np.eye(4)), to_image(ndimage.shift(SMOOTH, 1), np.eye(4))
    with working_in(tmp_path):
        tmp_path.rmdir()
        with pytest.raises(JobFailedError, match="could not write"):
            fit(image, other, "SyNOnly", FIELD, **QUICK)


def test_where_temporary_files_go_is_as_before_afterwards(tmp_path: Path) -> None:
    before, here = tempfile.tempdir, Path.cwd()
    with working_in(tmp_path):
        assert Path(tempfile.mkstemp()[1]).resolve().parent == tmp_path.resolve()
    assert (tempfile.tempdir, Path.cwd()) == (before, here)
