"""ANTs on one thread and with one seed: affine to the template, rigid to another image of the session."""

import itertools
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import ants
import numpy as np

from unface.deface import head_template
from unface.deface.registration_checks import gradient_agreement
from unface.imaging.ants_api import AFFINE, LPS, fit, to_image, working_in, write_affine
from unface.imaging.head import air_threshold
from unface.imaging.resampling import coarsened
from unface.imaging.volume import Affine, Volume

FULL_MM = 3.0
ROUGH_MM = 8.0
STARTS_DEGREES = (-40.0, 0.0, 40.0)
"""Rotations about one axis or two: between them they reach every head that a scanner holds."""
BEST_STARTS = 2


def affine_to_template(head: Volume, *, negative: bool = False, start: Affine | None = None) -> Affine:
    """Affine registration, 12 parameters.

    Parameters
    ----------
    head
        At any resolution.
    negative
        Whether it is aligned with the template's negative.
    start
        World to world, where to begin; without one from centre upon centre.

    Returns
    -------
    (4, 4) array
        World of the head to world of the template.
    """
    return _fit(_image(head, FULL_MM), _template(FULL_MM, negative), "Affine", start=start)


def affine_from_many_starts(head: Volume, *, negative: bool = False) -> Affine:
    """The same from many rotations: roughly from each, then in full from those with the best gradients (NGF).

    Parameters
    ----------
    head, negative
        As in `affine_to_template`.

    Returns
    -------
    (4, 4) array
        World of the head to world of the template.
    """
    coarse = coarsened(head, head_template.COARSE_MM)
    image, base = _image(coarse, ROUGH_MM), _template(ROUGH_MM, negative)
    rough = [
        _fit(
            image, base, "Affine", start=start, aff_iterations=(40,), aff_shrink_factors=(1,), aff_smoothing_sigmas=(0,)
        )
        for start in _starts(coarse)
    ]

    def gradients(fit: Affine) -> float:
        return gradient_agreement(coarse, head_template.coarse_head(), fit)

    best = sorted(rough, key=gradients, reverse=True)[:BEST_STARTS]
    image, base = _image(head, FULL_MM), _template(FULL_MM, negative)
    return max((_fit(image, base, "Affine", start=start) for start in best), key=gradients)


def _starts(head: Volume) -> list[Affine]:
    """The head's middle at that of the template, turned in every way."""
    middle, size = _middle_and_size(head)
    base_middle, base_size = _middle_and_size(head_template.coarse_head())
    starts = []
    for angles in itertools.product(np.deg2rad(STARTS_DEGREES), repeat=3):
        if np.count_nonzero(angles) not in (1, 2):
            continue
        turn = np.eye(3)
        for (first, second), angle in zip(((1, 2), (0, 2), (0, 1)), angles, strict=True):
            about = np.eye(3)
            about[first, first] = about[second, second] = np.cos(angle)
            about[first, second], about[second, first] = -np.sin(angle), np.sin(angle)
            turn = turn @ about
        start = np.eye(4)
        start[:3, :3] = turn * np.clip(base_size / size, 0.8, 1.8)
        start[:3, 3] = base_middle - start[:3, :3] @ middle
        starts.append(start)
    return starts


def _middle_and_size(head: Volume) -> tuple[Any, float]:
    """Centre of a head and the spread of its voxels about it, mm."""
    points = np.argwhere(head.data > air_threshold(head.data)) @ head.affine[:3, :3].T + head.affine[:3, 3]
    return np.median(points, axis=0), float(np.median(np.linalg.norm(points - np.median(points, axis=0), axis=1)))


def rigid(head: Volume, reference: Volume) -> Affine:
    """Rigid registration, 6 parameters, from where the headers put the two.

    Parameters
    ----------
    head, reference
        Images of one person.

    Returns
    -------
    (4, 4) array
        World of the head to world of the reference.
    """
    return _fit(_image(head, FULL_MM), _image(reference, FULL_MM), "Rigid", initial_transform="Identity")


def _fit(image: Any, base: Any, kind: str, start: Affine | None = None, **options: Any) -> Affine:
    with tempfile.TemporaryDirectory() as folder, working_in(Path(folder)):
        if start is not None:
            options["initial_transform"] = "start.mat"
            write_affine(start, Path("start.mat"))
        return _matrix(ants.read_transform(fit(image, base, kind, AFFINE, singleprecision=False, **options)))


def _matrix(transform: Any) -> Affine:
    """A transform of ITK as an affine of the world of NIfTI."""
    # Its matrix is read off four points, which ITK gives in single precision: its parameters have other last digits.
    linear = np.array([np.array(transform.apply_to_point(axis)) for axis in np.eye(3)]).T
    shift = np.array(transform.apply_to_point(np.zeros(3)))
    matrix = np.eye(4)
    matrix[:3, :3], matrix[:3, 3] = linear - shift[:, None], shift
    return np.asarray(LPS @ matrix @ LPS)


@cache
def _template(voxel_mm: float, negative: bool) -> Any:
    return _image(head_template.negative() if negative else head_template.head(), voxel_mm)


def _image(volume: Volume, voxel_mm: float) -> Any:
    coarse = coarsened(volume, voxel_mm)
    return to_image(coarse.data, coarse.affine)
