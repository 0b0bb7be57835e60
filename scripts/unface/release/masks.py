"""Every head that would be released against its face mask: what the mask removes must be gone from the image."""

import zlib
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

import numpy as np

from unface.release.checks import Finding
from unface.release.contents import is_image, suffix
from unface.release.streams import read_voxels


def check(files: Mapping[str, tuple[str, Path]], faced_suffixes: Collection[str]) -> Iterator[Finding]:
    """Heads without a mask of their own, with a mask that removes nothing, or with voxels left where it removes.

    Parameters
    ----------
    files
        Stage and file by path in the dataset.
    faced_suffixes
        BIDS suffixes of images that show the head.
    """
    masks = {_masked(path): file for path, (_, file) in files.items() if path.endswith("_defacemask.nii.gz")}
    for path, (_, file) in files.items():
        if is_image(path) and suffix(path) in faced_suffixes:
            mask = masks.get(_image(path))
            if mask is None:
                yield "face_left", f"{path} has no face mask"
            else:
                yield from _compare(path, file, mask)


def _image(path: str) -> tuple[str, frozenset[str], str]:
    """Folder, entities and suffix of an image's name: entities in any order are the same image."""
    folder, _, name = path.rpartition("/")
    *entities, last = name.split(".", 1)[0].split("_")
    return folder, frozenset(entities), last


def _masked(path: str) -> tuple[str, frozenset[str], str]:
    """The same of the image that a mask belongs to: entity `mod` names its suffix."""
    folder, entities, _ = _image(path)
    kinds = [entity.removeprefix("mod-") for entity in entities if entity.startswith("mod-")]
    return folder, frozenset(entity for entity in entities if not entity.startswith("mod-")), "".join(kinds)


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
