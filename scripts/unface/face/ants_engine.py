"""ANTs on one thread and with one seed: affine to the template, rigid to another image of the session."""

import os
from typing import Any

import numpy as np

from unface import tools
from unface.face import template
from unface.face.volume import Affine, Volume, resampled_to

# ITK takes its threads and ANTs its seed from the environment when they are first used.
os.environ.update(tools.ONE_THREAD)

import ants

WORKING_MM = 3.0
LPS = np.diag([-1.0, -1.0, 1.0, 1.0])
"""Between the world of NIfTI (right, anterior, superior) and that of ITK (left, posterior, superior)."""


def affine_to_template(head: Volume) -> Affine:
    """World of the head to world of the template, 12 parameters."""
    return _fit(head, template.head(), "Affine")


def rigid(head: Volume, reference: Volume) -> Affine:
    """World of the head to world of another image of the same person, 6 parameters, from where the headers put them."""
    return _fit(head, reference, "Rigid", initial_transform="Identity")


def _fit(head: Volume, base: Volume, kind: str, **options: Any) -> Affine:
    result = ants.registration(_image(head), _image(base), kind, random_seed=1, singleprecision=False, **options)
    transform = ants.read_transform(result["fwdtransforms"][0])
    parameters, centre = np.array(transform.parameters), np.array(transform.fixed_parameters)
    if parameters.size == 6:
        # A rigid transform is stored by its angles: read the matrix off three points.
        linear = np.array([np.array(transform.apply_to_point(axis)) for axis in np.eye(3)]).T
        shift = np.array(transform.apply_to_point(np.zeros(3)))
        linear = linear - shift[:, None]
    else:
        linear = parameters[:9].reshape(3, 3)
        shift = parameters[9:] + centre - linear @ centre
    matrix = np.eye(4)
    matrix[:3, :3], matrix[:3, 3] = linear, shift
    return np.asarray(LPS @ matrix @ LPS)


def _image(volume: Volume) -> Any:
    coarse = resampled_to(volume, WORKING_MM)
    world = LPS @ coarse.affine
    spacing = np.linalg.norm(world[:3, :3], axis=0)
    return ants.from_numpy(
        np.ascontiguousarray(coarse.data, dtype=np.float32),
        origin=[float(value) for value in world[:3, 3]],
        spacing=[float(value) for value in spacing],
        direction=world[:3, :3] / spacing,
    )
