"""Reading a NIfTI file as a volume, and writing volumes and masks."""

import zlib
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from numpy.typing import DTypeLike

from unface.imaging.volume import Volume
from unface.run.packing import gzipped

UNREADABLE = (
    *(OSError, EOFError, ValueError, TypeError, zlib.error, np.linalg.LinAlgError),
    *(nib.filebasedimages.ImageFileError, nib.orientations.OrientationError),
)
"""What reading raises on a file that is damaged, or no image in three dimensions."""


class NotAVolumeError(ValueError):
    """An image that can be read and has fewer than three dimensions, or more where only three will do."""


def read_volume(path: Path, dtype: DTypeLike = None, *, first_of_many: bool = False, canonical: bool = False) -> Volume:
    """Read a NIfTI file.

    Parameters
    ----------
    path
        The file, packed or not.
    dtype
        Of the voxels; without one as they are stored, or float64 where the file scales them.
    first_of_many
        Take the first volume of a 4D image instead of refusing it.
    canonical
        Turn the axes into the order that is closest to right, anterior, superior.

    Returns
    -------
    Volume
        In the unit that the file's scaling gives.

    Raises
    ------
    NotAVolumeError
        If the image has not three dimensions.
    UNREADABLE
        One of these errors, if the file is damaged or missing.
    """
    image: Any = nib.load(path)
    if len(image.shape) < 3:
        raise NotAVolumeError("an image needs three dimensions")
    if len(image.shape) > 3:
        if not first_of_many:
            raise NotAVolumeError("an image of three dimensions is asked for")
        image = image.slicer[(slice(None),) * 3 + (0,) * (len(image.shape) - 3)]
    if canonical:
        image = nib.as_closest_canonical(image)
    return Volume(np.asarray(image.dataobj, dtype=dtype), np.asarray(image.affine, dtype=float))


def write_volume(path: Path, volume: Volume) -> None:
    """Write a volume for another program: its voxels in their type and its affine, in an otherwise empty header.

    Parameters
    ----------
    path
        Packed if it ends with `.gz`.
    volume
        What is written.
    """
    nib.save(nib.Nifti1Image(volume.data, volume.affine), path)


def write_labels(path: Path, labels: Volume) -> None:
    """Write labels with an empty header: the same labels are the same bytes.

    Parameters
    ----------
    path
        Ends with `.nii.gz`.
    labels
        Of uint8.
    """
    path.write_bytes(gzipped(_image(labels).to_bytes()))


def write_mask(path: Path, mask: Volume) -> None:
    """Write a mask of 0 and 1 as uint8, in the space of the scanner.

    Parameters
    ----------
    path
        Ends with `.nii.gz`; its folders are made.
    mask
        True is 1.
    """
    image = _image(Volume(mask.data.astype(np.uint8), mask.affine))
    image.set_qform(mask.affine, 1)
    image.set_sform(mask.affine, 1)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzipped(image.to_bytes()))


def _image(volume: Volume) -> Any:
    image: Any = nib.Nifti1Image(volume.data, volume.affine)
    image.header.set_xyzt_units("mm")
    return image
