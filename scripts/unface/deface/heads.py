"""The head images of a session: which they are, and what is looked at of each."""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from unface.imaging.resampling import coarsened
from unface.imaging.stored_image import StoredImage
from unface.imaging.volume import Volume
from unface.run.image_names import NIFTI, stem, without_twins

WORKING_MM = 2.0
"""niimath's finest stage: a finer image gives no better fit, only more to read."""
SOFT_TISSUE_HU = (-200.0, 200.0)
"""Of a CT this window looks most like the template: skin, muscle and brain bright, but for air and bone."""


@dataclass(frozen=True, eq=False)
class Head:
    """One image with a head: its path in BIDS, and the image as it is stored."""

    path: str
    stored: StoredImage

    @property
    def stem(self) -> str:
        """Its name without folders and ending."""
        return stem(self.path)

    @property
    def suffix(self) -> str:
        """Its suffix of BIDS, such as `T1w`."""
        return _suffix(self.path)

    @property
    def place(self) -> tuple[str, object]:
        """Equal for images of one acquisition that lie on one grid: they share a face mask."""
        return without_twins(self.path), self.stored.place

    @property
    def is_phase(self) -> bool:
        """Whether it is a phase image, which shows no edges to align."""
        return "part-phase" in self.path

    @property
    def scan(self) -> list[str]:
        """What tells images apart that share a mask but were taken one after the other: the head may have moved."""
        return [part for part in self.path.split("_") if part.startswith(("flip-", "mt-"))]

    @cached_property
    def working(self) -> Volume:
        """What is registered, and what the checks of a registration look at."""
        return working_volume(self.stored.volume(), self.suffix)

    def in_sample(self, percent: float) -> bool:
        """Whether it is one of the images that a second engine looks at in any case: always the same ones.

        Parameters
        ----------
        percent
            Of all images.

        Returns
        -------
        bool
            By a digest of the stored voxels.
        """
        drawn = int.from_bytes(hashlib.sha256(self.stored.stored.tobytes()).digest()[:4], "big")
        return drawn < percent / 100 * 2**32


def working_volume(head: Volume, suffix: str) -> Volume:
    """A head at the resolution that engines work at, of a CT its soft tissue.

    Parameters
    ----------
    head
        In the image's unit.
    suffix
        Of the image's name.

    Returns
    -------
    Volume
        Of float32, with voxels of `WORKING_MM`.
    """
    coarse = coarsened(head, WORKING_MM)
    if suffix != "ct":
        return coarse
    low, high = SOFT_TISSUE_HU
    return Volume(np.clip(coarse.data, low, high) - low, coarse.affine)


def head_files(bids: Path, session: Path, suffixes: tuple[str, ...]) -> dict[str, Path]:
    """The files of a session that show a head.

    Parameters
    ----------
    bids
        The dataset that conversion made.
    session
        The session's folder below it.
    suffixes
        Those of images that show a head.

    Returns
    -------
    dict
        Files by their path in BIDS: T1w first, magnitudes before phase images, then by path.
    """
    files = {str(file.relative_to(bids)): file for file in (bids / session).rglob(f"*{NIFTI}")}
    heads = [path for path in files if _suffix(path) in suffixes]
    heads.sort(key=lambda path: (_suffix(path) != "T1w", "part-phase" in path, path))
    return {path: files[path] for path in heads}


def _suffix(path: str) -> str:
    return stem(path).rsplit("_", 1)[1]
