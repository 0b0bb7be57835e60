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
    """An array as an image of ANTs.

    Parameters
    ----------
    data : (i, j, k) array
        Its values become float32.
    affine : (4, 4) array
        From voxels to the world in mm, RAS.

    Returns
    -------
    ants.ANTsImage
        In ITK's world (LPS).
    """
    world = LPS @ affine
    spacing = np.linalg.norm(world[:3, :3], axis=0)
    return ants.from_numpy(
        np.ascontiguousarray(data, dtype=np.float32),
        origin=[float(value) for value in world[:3, 3]],
        spacing=[float(value) for value in spacing],
        direction=world[:3, :3] / spacing,
    )


def write_affine(affine: NDArray[np.float64], file: Path) -> None:
    """Write an affine as ITK reads it.

    Parameters
    ----------
    affine : (4, 4) array
        World to world, mm, RAS.
    file
        Where it goes; its name ends with `.mat`.
    """
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

    Parameters
    ----------
    folder
        Takes the files; ANTs never sees its path.

    Yields
    ------
    None
        With the folder as the working directory, and as that of temporary files.
    """
    before = tempfile.tempdir
    with chdir(folder):
        tempfile.tempdir = os.curdir
        try:
            yield
        finally:
            tempfile.tempdir = before


def fit(fixed: AntsImage, moving: AntsImage, kind: str, result: str, **options: Any) -> str:
    """Register two images in the folder of `working_in`.

    Parameters
    ----------
    fixed, moving
        Images of ANTs: what is found takes points of `fixed` to `moving`.
    kind, options
        `type_of_transform` and others of `ants.registration`.
    result
        `AFFINE` or `FIELD`.

    Returns
    -------
    str
        The file of the transform whose name ends with `result`.

    Raises
    ------
    JobFailedError
        If it is not there: ANTs reports no error when it cannot write.
    """
    made = ants.registration(fixed, moving, kind, outprefix=f"{kind}_", **options)["fwdtransforms"]
    files = [str(name) for name in made if name.endswith(result)]
    if len(files) != 1:
        raise JobFailedError(f"ANTs could not write the transform that it found ({kind})")
    return files[0]
