"""Heads that belong to nobody: pydeface's mean head with its face, and nilearn's MNI tissue maps as its brain.

Every head is the same template seen through a map of its own (an affine and a smooth random field), with its own
contrast, bias field and noise. Worlds are RAS+ millimetres as in NIfTI.
"""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import nibabel as nib
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Volume = NDArray[np.float32]

MEAN_TO_MNI = np.array(
    [
        [1.151834011, -0.07960378379, -0.02604468167, 6.073234558],
        [0.08605520427, 1.106141806, 0.1839822382, -16.18483925],
        [0.01068240218, -0.1608485281, 1.243612647, 4.959900856],
        [0, 0, 0, 1],
    ]
)
"""World of pydeface's mean head to MNI's, as `niimath MNI_T1 -allineate MEAN_HEAD -savemat` finds it."""

CENTRE = np.array([0.0, -10.0, 0.0])
"""Where the template's head turns, in mm of its world."""

FIELD_SPACING_MM = 40.0


@dataclass(frozen=True)
class Contrast:
    """Signal of each tissue, and how the rest of the head's T1 signal shows: `scale * t1 ** power`."""

    white: float
    grey: float
    fluid: float
    scale: float
    power: float


T1W = Contrast(white=460, grey=315, fluid=95, scale=1.0, power=1.0)
T2W = Contrast(white=260, grey=400, fluid=900, scale=0.8, power=1.0)
EPI = Contrast(white=480, grey=620, fluid=800, scale=0.5, power=1.0)


@dataclass(frozen=True)
class Anatomy:
    """One head: how its world maps to the template's.

    Attributes
    ----------
    to_template : (4, 4) array
        Affine from the head's world to the template's, before the field.
    field : (3, n, n, n) array
        Displacements in mm on a coarse grid over the template's world.
    contrast : float
        How far the tissues' signals lie from one another, 1 as in the templates.
    seed : int
        Of noise and bias field.
    """

    to_template: NDArray[np.float64]
    field: NDArray[np.float64]
    contrast: float
    seed: int


def anatomy(seed: int) -> Anatomy:
    """A head drawn from `seed`."""
    random = np.random.default_rng(seed)
    angles = np.radians(random.uniform(-6, 6, 3))
    scales = random.uniform(0.95, 1.06) * random.uniform(0.98, 1.02, 3)
    shift = random.uniform(-6, 6, 3)
    linear = _turn(angles) @ np.diag(1 / scales)
    affine = np.eye(4)
    affine[:3, :3] = linear
    affine[:3, 3] = CENTRE - linear @ (CENTRE + shift)
    return Anatomy(affine, random.normal(0, 2.0, (3, 8, 8, 8)), random.uniform(0.92, 1.05), seed)


def image(head: Anatomy, to_world: NDArray[np.float64], shape: tuple[int, int, int], contrast: Contrast) -> Volume:
    """The head on a grid, as a scanner would give it: magnitudes with bias field and noise.

    Parameters
    ----------
    to_world : (4, 4) array
        Voxel indices to RAS+ mm.
    shape : 3 ints
        Of the result.

    Returns
    -------
    float32 array of `shape`, not negative.
    """
    return scanned(signal(head, to_world, shape, contrast), head.seed)


def signal(head: Anatomy, to_world: NDArray[np.float64], shape: tuple[int, int, int], contrast: Contrast) -> Volume:
    """The head's signal on a grid, without bias field and noise (see `image`)."""
    points = template_points(head, to_world, shape)
    outside, white, grey, brain = (sampled(points) for sampled in template_maps())
    middle = (contrast.white + contrast.grey) / 2
    signals = [middle + head.contrast * (tissue - middle) for tissue in (contrast.white, contrast.grey, contrast.fluid)]
    fluid = np.clip(brain - white - grey, 0, 1)
    inside = white * signals[0] + grey * signals[1] + fluid * max(signals[2], 20)
    rest = contrast.scale * np.maximum(outside, 0) ** contrast.power
    return (inside + (1 - brain) * rest).astype(np.float32)


def scanned(clean: Volume, seed: int, noise: float = 7.0) -> Volume:
    """Signal with a smooth bias field of +-8 % and Rician noise."""
    random = np.random.default_rng(seed + 1)
    zoom = [size / 4 for size in clean.shape]
    bias = ndimage.zoom(random.uniform(-0.08, 0.08, (4, 4, 4)), zoom, order=1)
    real = clean * (1 + bias) + random.normal(0, noise, clean.shape)
    magnitudes: Volume = np.hypot(real, random.normal(0, noise, clean.shape)).astype(np.float32)
    return magnitudes


def without_face(volume: Volume, head: Anatomy, to_world: NDArray[np.float64]) -> Volume:
    """The image as another program left it, which took the face off before: pydeface's mask, through the head's map."""
    points = template_points(head, to_world, (volume.shape[0], volume.shape[1], volume.shape[2]))
    kept: Volume = np.where(_face_mask()(points) >= 0.5, volume, 0).astype(np.float32)
    return kept


def _turn(angles: NDArray[np.float64]) -> NDArray[np.float64]:
    (cx, cy, cz), (sx, sy, sz) = np.cos(angles), np.sin(angles)
    about_x = np.array([[1, 0, 0], [0, cx, -sx], [0, sx, cx]])
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_z = np.array([[cz, -sz, 0], [sz, cz, 0], [0, 0, 1]])
    turn: NDArray[np.float64] = about_x @ about_y @ about_z
    return turn


def template_points(head: Anatomy, to_world: NDArray[np.float64], shape: tuple[int, int, int]) -> NDArray[np.float32]:
    """World points of the template for every voxel, (3, n_voxels)."""
    indices = np.indices(shape, dtype=np.float32).reshape(3, -1)
    affine = (head.to_template @ to_world).astype(np.float32)
    points = affine[:3, :3] @ indices + affine[:3, 3:]
    # The field is smooth: it is interpolated on every fourth voxel, and linearly between them.
    coarse = tuple((size + 7) // 4 for size in shape)
    grid = np.indices(coarse, dtype=np.float32).reshape(3, -1) * 4
    where = (affine[:3, :3] @ grid + affine[:3, 3:]) / FIELD_SPACING_MM + 3.5
    for axis in range(3):
        low = ndimage.map_coordinates(head.field[axis], where, order=3, mode="nearest").reshape(coarse)
        points[axis] += ndimage.map_coordinates(
            low.astype(np.float32), indices / 4, order=1, mode="nearest", output=np.float32
        )
    return points.reshape(3, *shape)


@dataclass(frozen=True)
class _Map:
    """A template's image and how the mean head's world leads into it."""

    data: Volume
    from_world: NDArray[np.float64]

    def __call__(self, points: NDArray[np.float32]) -> Volume:
        matrix = self.from_world.astype(np.float32)
        indices = np.tensordot(matrix[:3, :3], points, axes=1) + matrix[:3, 3, None, None, None]
        sampled: Volume = ndimage.map_coordinates(self.data, indices, order=1, mode="constant", output=np.float32)
        return sampled


@cache
def template_maps() -> tuple[_Map, _Map, _Map, _Map]:
    """Mean head, white matter, grey matter and brain mask, each to be called with points of the mean head's world."""
    mean = nib.Nifti1Image.from_filename(str(files("pydeface") / "data" / "mean_reg2mean.nii.gz"))
    head = _Map(np.asarray(mean.dataobj, dtype=np.float32), np.linalg.inv(mean.affine))
    white, grey, t1w = (_mni(name) for name in ("wm", "gm", "t1"))
    brain = ndimage.gaussian_filter((t1w.data > 0).astype(np.float32), 0.5)
    return head, white, grey, _Map(brain, t1w.from_world)


@cache
def _face_mask() -> _Map:
    mask = nib.Nifti1Image.from_filename(str(files("pydeface") / "data" / "facemask.nii.gz"))
    return _Map(np.asarray(mask.dataobj, dtype=np.float32), np.linalg.inv(mask.affine))


def _mni(name: str) -> _Map:
    path = files("nilearn") / "datasets" / "data" / f"mni_icbm152_{name}_tal_nlin_sym_09a_converted.nii.gz"
    loaded = nib.Nifti1Image.from_filename(str(path))
    return _Map(
        np.asarray(loaded.dataobj, dtype=np.float32) / np.float32(255), np.linalg.inv(loaded.affine) @ MEAN_TO_MNI
    )
