"""The demo's DICOM is what scanners write: dcm2niix gives back the voxels and the directions that went in."""

import json
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from demo import make_cohort, planted
from tests.support.dicom_factory import planted_dataset, ramp, small_grid, write_mosaics, write_series
from tests.support.small_cohort import Cohort
from unface.run import tools


def convert(folder: Path, out: Path) -> tuple[nib.Nifti1Image, dict[str, object], str]:
    out.mkdir()
    finished = tools.run([tools.find("dcm2niix"), "-f", "x", "-o", out, folder], timeout_s=60)
    return nib.load(out / "x.nii"), json.loads((out / "x.json").read_text()), finished.output


@pytest.mark.parametrize("vendor", ["siemens", "ge", "philips"])
def test_dcm2niix_gives_back_the_voxels_where_they_were(vendor: str, tmp_path: Path) -> None:
    write_series(tmp_path / "in", vendor=vendor)
    image, _, output = convert(tmp_path / "in", tmp_path / "out")
    grid = small_grid()
    source = nib.as_closest_canonical(nib.Nifti1Image(np.rint(ramp(grid)), grid.to_world))
    found = nib.as_closest_canonical(image)
    assert np.allclose(found.affine, source.affine, atol=1e-3)
    assert np.array_equal(found.get_fdata(), source.get_fdata())
    assert "Warning" not in output


def test_mosaics_carry_slice_times_and_gradients(tmp_path: Path) -> None:
    write_mosaics(tmp_path / "in", gradients=make_cohort.GRADIENTS)
    image, sidecar, output = convert(tmp_path / "in", tmp_path / "out")
    assert image.shape == (16, 16, 8, 7)
    assert sidecar["SliceTiming"] == [2.0, 0.0, 2.5, 0.5, 3.0, 1.0, 3.5, 1.5]
    assert sidecar["PhaseEncodingDirection"] == "j-"
    assert np.loadtxt(tmp_path / "out" / "x.bval").tolist() == [0] + [1000] * 6
    # The images' rows run to the patient's left and their columns are turned over: y changes its sign against LPS.
    expected = make_cohort.GRADIENTS[:, 1:] * [1, -1, 1]
    assert np.allclose(np.loadtxt(tmp_path / "out" / "x.bvec").T, expected, atol=1e-4)
    assert "Warning" not in output


@pytest.mark.parametrize("vendor", ["siemens", "ge", "philips"])
def test_a_file_holds_every_planted_string(vendor: str, tmp_path: Path) -> None:
    ds, person = planted_dataset(3, vendor)
    assert sum(1 for _ in ds.iterall()) > 200
    planted.save(ds, tmp_path / "a.dcm", person, trailing=planted.trailer(person))
    content = (tmp_path / "a.dcm").read_bytes()
    places = {place for place, text in person.secrets.items() if text.encode() not in content}
    assert places == {place for place in person.secrets if "dashes" in place or place == "ge protocol block"}


@pytest.mark.slow
def test_the_cohort_is_the_same_bytes_each_time(cohort: Cohort, tmp_path: Path) -> None:
    make_cohort.make(tmp_path / "again", small=True)
    for path in sorted(cohort.dicom.rglob("*")):
        if path.is_file():
            assert (tmp_path / "again" / path.relative_to(cohort.dicom)).read_bytes() == path.read_bytes()
