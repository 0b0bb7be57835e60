import gzip
import struct
from pathlib import Path

import nibabel
import numpy as np
import pytest
from nibabel.nifti1 import Nifti1Extension

from unface.convert import nifti_headers


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """A NIfTI file with text in every field, an extension, scaling and an oblique grid."""
    affine = np.array([[0, 0.2, -2, 5], [-1.5, 0, 0.1, 6], [0.1, 3, 0.3, 7], [0, 0, 0, 1]])
    made = nibabel.Nifti1Image(np.arange(24, dtype=np.int16).reshape(2, 3, 4), affine)
    for name in ("descrip", "aux_file", "db_name", "intent_name"):
        made.header[name] = b"DOE JANE"
    made.header.extensions.append(Nifti1Extension("comment", b"DOE^JANE"))
    made.header.set_slope_inter(0.5, 3)
    path = tmp_path / "image.nii"
    nibabel.save(made, path)
    return path


def test_text_and_extensions_go_and_everything_else_stays(image: Path, tmp_path: Path) -> None:
    nifti_headers.write_clean_gz(image, tmp_path / "clean.nii.gz")
    content = gzip.decompress((tmp_path / "clean.nii.gz").read_bytes())
    before, after = nibabel.load(image), nibabel.load(tmp_path / "clean.nii.gz")
    assert b"DOE" not in content
    assert content[352:] == image.read_bytes()[-48:]
    np.testing.assert_array_equal(before.get_fdata(), after.get_fdata())
    np.testing.assert_array_equal(before.affine, after.affine)
    changed = {name for name in before.header if before.header[name].tobytes() != after.header[name].tobytes()}
    assert changed == {"descrip", "aux_file", "db_name", "intent_name"}


TEXTS = (slice(4, 32), slice(148, 252), slice(328, 344))
"""Where nifti1.h has data_type and db_name, descrip and aux_file, intent_name."""
OFFSET = slice(108, 112)
"""vox_offset, which says where the voxels begin."""


@pytest.mark.parametrize("order", ["<", ">"])
def test_no_other_byte_of_a_header_changes(order: str, image: Path, tmp_path: Path) -> None:
    made = nibabel.load(image)
    turned = nibabel.Nifti1Image(np.asanyarray(made.dataobj), made.affine, made.header.as_byteswapped(order))
    nibabel.save(turned, tmp_path / "turned.nii")
    nifti_headers.write_clean_gz(tmp_path / "turned.nii", tmp_path / "clean.nii.gz")
    before = bytearray((tmp_path / "turned.nii").read_bytes()[:348])
    after = gzip.decompress((tmp_path / "clean.nii.gz").read_bytes())
    assert struct.unpack(f"{order}f", after[OFFSET]) == (352.0,)
    for place in TEXTS:
        assert not any(after[place])
        before[place] = bytes(place.stop - place.start)
    before[OFFSET] = after[OFFSET]
    assert after[:352] == bytes(before) + bytes(4)


def test_the_same_image_gives_the_same_bytes_wherever_it_lies(image: Path, tmp_path: Path) -> None:
    nifti_headers.write_clean_gz(image, tmp_path / "one.nii.gz")
    nifti_headers.write_clean_gz(image.rename(tmp_path / "other.nii"), tmp_path / "two.nii.gz")
    packed = (tmp_path / "one.nii.gz").read_bytes()
    assert packed == (tmp_path / "two.nii.gz").read_bytes()
    assert packed[3:8] == bytes(5)


def test_geometry_tells_which_way_each_axis_runs(image: Path) -> None:
    geometry = nifti_headers.geometry(image)
    assert (geometry.shape, geometry.volumes) == ((2, 3, 4), 1)
    assert geometry.axes == "".join(nibabel.aff2axcodes(nibabel.load(image).affine))


def test_what_is_no_nifti_image_is_refused(tmp_path: Path) -> None:
    (tmp_path / "image.nii").write_bytes(bytes(400))
    with pytest.raises(nifti_headers.NotNiftiError):
        nifti_headers.write_clean_gz(tmp_path / "image.nii", tmp_path / "clean.nii.gz")
