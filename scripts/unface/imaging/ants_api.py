"""ANTs: its images from arrays, its fits, and a folder of its own for its files.

Imported only where it is needed: it takes two seconds.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from pathlib import Path
from typing import Any

import ants
import numpy as np
from numpy.typing import NDArray

from unface.run.outcome import JobFailedError

LPS = np.diag([-1.0, -1.0, 1.0, 1.0])
"""Between the world of NIfTI (right, anterior, superior) and that of ITK (left, posterior, superior)."""

AFFINE, FIELD = "GenericAffine.mat", "Warp.nii.gz"
"""How ANTs calls the files of its transforms, after a prefix and a number."""

AntsImage = Any
"""ANTs has no types of its own."""


def to_image(data: NDArray[Any], affine: NDArray[np.float64]) -> AntsImage:
    """An ANTs image of an array (i, j, k) and its voxel-to-world affine (4, 4) in mm, RAS."""
    world = LPS @ affine
    spacing = np.linalg.norm(world[:3, :3], axis=0)
    return ants.from_numpy(
        np.ascontiguousarray(data, dtype=np.float32),
        origin=[float(value) for value in world[:3, 3]],
        spacing=[float(value) for value in spacing],
        direction=world[:3, :3] / spacing,
    )


def write_affine(affine: NDArray[np.float64], file: Path) -> None:
    """Write an affine (4, 4; world to world, mm, RAS) as ITK reads it."""
    matrix = LPS @ affine @ LPS
    transform = ants.create_ants_transform(
        "AffineTransform", precision="double", dimension=3, matrix=matrix[:3, :3], offset=matrix[:3, 3]
    )
    ants.write_transform(transform, str(file))


@contextmanager
def working_in(folder: Path) -> Iterator[None]:
    """ANTs with its files in a folder where it knows them by their bare names; no other path may be relative.

    Of a path it takes commas and brackets for its own, and ".h5" or ".xfm" anywhere for the kind of file: told to write
    a deformation field below such a folder it writes none, and reports no error.
    """
    before = tempfile.tempdir
    with chdir(folder):
        tempfile.tempdir = os.curdir
        try:
            yield
        finally:
            tempfile.tempdir = before


def fit(fixed: AntsImage, moving: AntsImage, kind: str, result: str, **options: Any) -> str:
    """Register two images in the folder of `working_in`; the file of the transform whose name ends with `result`.

    Parameters
    ----------
    kind, options
        `type_of_transform` and others of `ants.registration`.
    result
        `AFFINE` or `FIELD`.

    Raises
    ------
    JobFailedError
        If it is not there: ANTs reports no error when it cannot write.
    """
    made = ants.registration(fixed, moving, kind, outprefix=f"{kind}_", **options)["fwdtransforms"]
    found = [str(name) for name in made if name.endswith(result)]
    if len(found) != 1:
        raise JobFailedError(f"ANTs could not write the transform that it found ({kind})")
    return found[0]
