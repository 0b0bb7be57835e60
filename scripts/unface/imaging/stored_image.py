"""NIfTI images as they lie in a file: stored integers, header bytes, and how to write them back unchanged."""

from __future__ import annotations

import gzip
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np

from unface.imaging.volume import Affine, Array, Volume
from unface.run.outcome import WithheldError
from unface.run.packing import gzipped

LEAST_VOXEL_MM3 = 1e-6


@dataclass(frozen=True)
class StoredImage:
    """A NIfTI-1 file: all its bytes before the voxels (`head`), its `stored` voxels, and what follows (`tail`)."""

    head: bytes
    stored: Array
    tail: bytes
    affine: Affine
    slope: float
    intercept: float
    shown: int = 0
    """Which volume of a 4D image the face is looked for in."""

    @property
    def place(self) -> tuple[tuple[int, ...], bytes]:
        """Equal for images whose voxels lie at the same places."""
        return self.stored.shape[:3], np.round(self.affine, 3).tobytes()

    def volume(self) -> Volume:
        """The one volume that the face is looked for in, as float32 in the image's unit."""
        first = self.stored.reshape((*self.stored.shape[:3], -1), order="F")[..., self.shown]
        values = first.astype(np.float32) * np.float32(self.slope) + np.float32(self.intercept)
        return Volume(np.nan_to_num(values, copy=False), self.affine)

    def stored_value(self, value: float) -> Any:
        """What stands in the file for a value in the image's unit.

        Parameters
        ----------
        value
            In the image's unit, as after scaling.

        Returns
        -------
        scalar
            The nearest that the type of the stored voxels can hold.
        """
        raw = (value - self.intercept) / self.slope
        dtype = self.stored.dtype
        if dtype.kind in "iu":
            limits = np.iinfo(dtype)
            raw = min(max(round(raw), limits.min), limits.max)
        return dtype.type(raw)

    def to_bytes(self) -> bytes:
        """The whole file, unpacked."""
        return self.head + self.stored.tobytes(order="F") + self.tail


def read(path: Path, name: str) -> StoredImage:
    """Read a NIfTI file.

    Parameters
    ----------
    path
        The file; a table of b-values may stand beside it.
    name
        What messages call the image: no path of the machine.

    Returns
    -------
    StoredImage
        Of a diffusion series with its least weighted volume as the one shown.

    Raises
    ------
    WithheldError
        `registration_failed` if it is no 3D or 4D image of plain numbers in one NIfTI-1 file.
    """
    try:
        content = path.read_bytes()
        content = gzip.decompress(content) if path.suffix == ".gz" else content
        image: Any = nib.Nifti1Image.from_bytes(content)
    except (EOFError, zlib.error, gzip.BadGzipFile, nib.spatialimages.HeaderDataError, ValueError) as error:
        raise WithheldError("registration_failed", f"{name} cannot be read as NIfTI ({type(error).__name__})") from None
    header, shape = image.header, image.shape
    dtype = header.get_data_dtype()
    # nibabel clears offset and scaling in the header object: those of the file stand with the data.
    start, size = int(image.dataobj.offset), int(np.prod(shape)) * dtype.itemsize
    if dtype.kind not in "iuf" or len(shape) < 3 or min(shape[:3]) < 8 or len(content) < start + size:
        raise WithheldError(
            "registration_failed", f"{name} is no 3D image of a head; leave its series out with `select` or a rule"
        )
    stored = np.frombuffer(content, dtype, int(np.prod(shape)), start).reshape(shape, order="F")
    return StoredImage(
        head=content[:start],
        stored=stored,
        tail=content[start + size :],
        affine=np.asarray(image.affine, dtype=float),
        slope=float(image.dataobj.slope),
        intercept=float(image.dataobj.inter),
        shown=_least_weighted(path, int(np.prod(shape[3:]))),
    )


def read_head(path: Path, name: str) -> StoredImage:
    """Read a NIfTI file that should show a head.

    Parameters
    ----------
    path, name
        As in `read`.

    Returns
    -------
    StoredImage
        As `read` gives it.

    Raises
    ------
    WithheldError
        `registration_failed` as `read`, and if the image shows nothing or lies nowhere.
    """
    image = read(path, name)
    # Integers are all finite: a 4D image of them is not copied.
    values = image.stored if image.stored.dtype.kind in "iu" else image.stored[np.isfinite(image.stored)]
    if values.size == 0 or values.min() == values.max():
        raise WithheldError("registration_failed", f"{name} is empty, all its voxels are alike; get it again")
    if not np.isfinite(image.affine).all() or abs(np.linalg.det(image.affine)) < LEAST_VOXEL_MM3:
        raise WithheldError("registration_failed", f"the header of {name} does not say where its voxels lie")
    return image


def _least_weighted(path: Path, volumes: int) -> int:
    """Of a diffusion series the volume with the least b-value, by the table beside it; else the first."""
    table = path.with_name(path.name.removesuffix(".gz").removesuffix(".nii") + ".bval")
    if not table.is_file():
        return 0
    try:
        weights = [float(word) for word in table.read_text(encoding="ascii").split()]
    except ValueError:
        return 0
    return int(np.argmin(weights)) if len(weights) == volumes else 0


def write(path: Path, image: StoredImage) -> None:
    """Write an image, its header byte for byte.

    Parameters
    ----------
    path
        Ends with `.nii.gz`; its folders are made.
    image
        What is written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzipped(image.to_bytes()))
