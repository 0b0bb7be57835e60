"""Every head that would be released against its face mask: what the mask removes must be gone from the image."""

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from unface.audit.candidates import Heads
from unface.audit.files import Finding
from unface.audit.streams import read_voxels

SHARED = {"echo", "part", "inv", "flip", "mt"}
"""Entities of images that one acquisition takes at one place: they share a mask, whose BIDS name has none of these."""


def check(files: Mapping[str, tuple[str, Path]], heads: Heads, unreleased: Path) -> Iterator[Finding]:
    """Heads without a mask of their own, with a mask that removes nothing, or with voxels left where it removes.

    Parameters
    ----------
    files
        Stage and file by path in the dataset.
    heads
        Which images show the head.
    unreleased
        Folder of masks that BIDS has no name for, each by the path of its image.

    Yields
    ------
    Finding
        `face_left`, or `unaudited` for what cannot be read.
    """
    masks = [
        (ImageName.of_masked(path), file) for path, (_, file) in files.items() if path.endswith("_defacemask.nii.gz")
    ]
    for path, (_, file) in files.items():
        if path in heads:
            image = ImageName.of(path)
            beside = unreleased / path
            own = [beside] if beside.is_file() else [mask for name, mask in masks if name.is_of(image)]
            if len(own) == 1:
                yield from _compare(path, file, own[0])
            else:
                yield "face_left", f"{path} has {'no' if not own else 'more than one'} face mask"


@dataclass(frozen=True)
class ImageName:
    """What the BIDS name of an image says: folder, entities in any order, suffix."""

    folder: str
    entities: frozenset[str]
    suffix: str

    @classmethod
    def of(cls, path: str) -> Self:
        """Read a name.

        Parameters
        ----------
        path
            Of an image in the dataset.

        Returns
        -------
        ImageName
            Entities are `key-label`.
        """
        folder, _, name = path.rpartition("/")
        *entities, last = name.split(".", 1)[0].split("_")
        return cls(folder, frozenset(entities), last)

    @classmethod
    def of_masked(cls, path: str) -> Self:
        """Read from a mask's name that of the image which it belongs to: entity `mod` names its suffix.

        Parameters
        ----------
        path
            Of a face mask in the dataset.

        Returns
        -------
        ImageName
            Of one image, or of several that share the mask.
        """
        mask = cls.of(path)
        kinds = [entity for entity in mask.entities if entity.startswith("mod-")]
        return cls(mask.folder, mask.entities.difference(kinds), "".join(kinds).removeprefix("mod-"))

    def is_of(self, image: "ImageName") -> bool:
        """Whether a mask serves an image: its own, or that of the acquisition which the image is an echo or part of.

        Parameters
        ----------
        image
            The image; this is what the mask's name says (`of_masked`).

        Returns
        -------
        bool
            False also where they differ in an entity that does not share a mask, such as the run.
        """
        further = {entity.split("-")[0] for entity in image.entities - self.entities}
        alike = (self.folder, self.suffix) == (image.folder, image.suffix) and self.entities <= image.entities
        return alike and further <= SHARED


def _compare(path: str, file: Path, mask_file: Path) -> Iterator[Finding]:
    try:
        image, mask = read_voxels(file), read_voxels(mask_file)
    except (ValueError, KeyError, zlib.error):
        # The check of the file itself says what is wrong with it.
        yield "unaudited", f"{path} or its face mask cannot be read"
        return
    if mask.shape != image.shape[: mask.ndim] or not np.isin(np.unique(mask), (0, 1)).all():
        yield "face_left", f"the face mask of {path} is not of 0 and 1 on the image's own grid"
        return
    removed = image[mask == 0]
    if not len(removed):
        yield "face_left", f"the face mask of {path} removes nothing"
    elif (removed != removed.flat[0]).any():
        yield "face_left", f"{path} has voxels left where its face mask removes"
