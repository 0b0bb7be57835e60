"""A head disturbed on purpose, in ways whose truth is known: the battery of `benchmarks/defacing.py`."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from scipy import ndimage

from unface.deface import head_template
from unface.imaging.resampling import coarsened, resampled
from unface.imaging.volume import Grid, Volume

Affine = Any
INFANT = {"scale_min": 0.55}
"""Limits of the settings with which heads of infants are expected."""


@dataclass(frozen=True)
class Made:
    """Voxels and header of a disturbed head; `slope` and `intercept` turn stored values into the head's own."""

    data: Any
    affine: Affine
    slope: float = 1.0
    intercept: float = 0.0


@dataclass(frozen=True)
class Case:
    """A disturbance: `moved` maps the world that the header claims to that of the undisturbed head (4, 4).

    A `truthful` one should pass; of the others the header lies or there is no face to find: they should not.
    """

    name: str
    make: Callable[[], Made]
    moved: Affine
    truthful: bool = True
    limits: dict[str, float] | None = None


def cases(head: Volume, head_to_template: Affine) -> Iterator[Case]:
    """The battery, for a head of about 1 mm with its true place; nothing is made before `Case.make` is called."""
    yield Case("as it is", lambda: Made(head.data, head.affine), np.eye(4))
    yield from other_headers(head)
    yield from other_fields_of_view(head)
    yield from other_voxels(head)
    yield from other_storage(head)
    yield from faceless(head, head_to_template)


def other_headers(head: Volume) -> Iterator[Case]:
    """The same voxels under another header: oblique, far away, smaller or larger, and headers that lie."""
    data, affine = head.data, head.affine
    middle = (affine @ [*(np.array(data.shape) / 2), 1])[:3]

    def header(name: str, linear: Any, *, truthful: bool = True, limits: dict[str, float] | None = None) -> Case:
        move = _about(middle, linear)
        return Case(name, lambda: Made(data, move @ affine), np.linalg.inv(move), truthful, limits)

    def resampled(name: str, linear: Any) -> Case:
        move = _about(middle, linear)
        voxels = np.linalg.inv(move @ affine) @ affine
        return Case(name, lambda: Made(ndimage.affine_transform(data, voxels, order=1), affine), np.linalg.inv(move))

    for axis, name in enumerate(("pitch", "roll", "yaw")):
        for degrees in (-45, -20, 30, 45):
            yield header(f"oblique {name} {degrees}", rotation(axis, degrees))
    yield header("oblique mixed 15 -15 20", rotation(0, 15) @ rotation(1, -15) @ rotation(2, 20))
    yield header("oblique mixed -25 25 -30", rotation(0, -25) @ rotation(1, 25) @ rotation(2, -30))
    yield resampled("resampled pitch 20", rotation(0, 20))
    yield resampled("resampled roll 25", rotation(1, 25))
    yield resampled("resampled yaw 30", rotation(2, 30))
    for millimetres in (50, 300):
        shift = np.eye(4)
        shift[:3, 3] = np.array([0.5, -0.7, 0.6]) * millimetres
        yield Case(f"origin off by {millimetres} mm", partial(Made, data, shift @ affine), np.linalg.inv(shift))
    for scale in (0.8, 0.9, 1.1, 1.2):
        yield header(f"size {scale}", np.eye(3) * scale)
    for scale in (0.6, 0.7):
        yield header(f"size {scale}, settings for infants", np.eye(3) * scale, limits=INFANT)
    yield header("size 0.65, settings for adults", np.eye(3) * 0.65, truthful=False)
    lies = {
        "yaw 90": rotation(2, 90),
        "yaw 180": rotation(2, 180),
        "pitch 90": rotation(0, 90),
        "pitch -90": rotation(0, -90),
        "roll 90": rotation(1, 90),
        "upside down": rotation(0, 180),
        "front to back": np.diag([1, -1, 1]),
        "head to foot": np.diag([1, 1, -1]),
    }
    for name, linear in lies.items():
        yield header(f"header lies: {name}", linear, truthful=False)


def other_fields_of_view(head: Volume) -> Iterator[Case]:
    """Cut short on each side, and longer: what is in the field of view stays where it is."""
    data, affine, unit = head.data, head.affine, np.eye(4)
    axes, signs = _axes(affine)

    def cropped(name: str, side: int, towards: int, part: float) -> Case:
        """Without a part of the head's own extent, at the end of a world axis that `towards` names."""
        axis, sign = axes[side], signs[side] * towards
        first, last = _extent(data, axis)
        cut = int(part * (last - first))
        start, stop = (0, last - cut) if sign > 0 else (first + cut, data.shape[axis])
        shift = np.eye(4)
        shift[axis, 3] = start
        return Case(name, lambda: Made(np.take(data, np.arange(start, stop), axis=axis), affine @ shift), unit)

    yield cropped("top 15 % cropped", 2, 1, 0.15)
    yield cropped("top 30 % cropped", 2, 1, 0.3)
    yield cropped("bottom 20 % cropped", 2, -1, 0.2)
    yield cropped("bottom 35 % cropped", 2, -1, 0.35)
    yield cropped("back 20 % cropped", 1, -1, 0.2)
    yield cropped("front 5 % cropped", 1, 1, 0.05)
    yield cropped("front 12 % cropped", 1, 1, 0.12)
    yield cropped("left 20 % cropped", 0, -1, 0.2)
    yield cropped("right 20 % cropped", 0, 1, 0.2)

    def with_neck() -> Made:
        axis, sign = axes[2], signs[2]
        count = round(120 / float(head.voxel_mm[axis]))
        shift = np.eye(4)
        shift[axis, 3] = -count if sign > 0 else 0
        pad = [(0, 0)] * 3
        pad[axis] = (count, 0) if sign > 0 else (0, count)
        return Made(np.pad(data, pad, mode="edge"), affine @ shift)

    yield Case("neck + 120 mm", with_neck, unit)


def other_voxels(head: Volume) -> Iterator[Case]:
    """Other intensities and other voxel sizes."""
    data, affine, unit = head.data, head.affine, np.eye(4)
    bright = float(np.percentile(data[data > 0], 99))
    axes, _ = _axes(affine)

    def noisy(part: float) -> Made:
        return Made(np.abs(data + np.random.default_rng(0).normal(0, part * bright, data.shape)), affine)

    def biased(strength: float) -> Made:
        ramps = [np.linspace(-0.5, 0.5, size) for size in data.shape]
        field = np.exp(strength * (ramps[0][:, None, None] - ramps[1][None, :, None] + 1.2 * ramps[2][None, None, :]))
        return Made(data * field, affine)

    def inverted() -> Any:
        return np.where(data > 0.08 * bright, np.clip(1.15 * bright - data, 0, None), 0)

    def sized(voxel_mm: float) -> Made:
        small = coarsened(head, voxel_mm)
        return Made(small.data, small.affine)

    def slices(base: Any, side: int, thick_mm: float) -> Made:
        axis = axes[side]
        thick = max(1, round(thick_mm / float(head.voxel_mm[axis])))
        count = base.shape[axis] // thick
        starts = np.take(base, np.arange(count * thick), axis=axis)
        thin = np.stack([np.take(starts, np.arange(part, count * thick, thick), axis=axis) for part in range(thick)])
        scale = np.eye(4)
        scale[axis, axis], scale[axis, 3] = thick, (thick - 1) / 2
        return Made(thin.mean(axis=0), affine @ scale)

    def fine() -> Made:
        """Half a millimetre, of the head alone: a whole field of view would take gigabytes to make."""
        bounds = [_extent(data, axis) for axis in range(3)]
        part = data[tuple(slice(first, last) for first, last in bounds)]
        shift = np.eye(4)
        shift[:3, 3] = [first for first, _ in bounds]
        small = coarsened(Volume(part, affine @ shift), 0.5)
        return Made(small.data, small.affine)

    yield Case("noise 10 %", lambda: noisy(0.1), unit)
    yield Case("noise 20 %", lambda: noisy(0.2), unit)
    yield Case("bias field", lambda: biased(0.8), unit)
    yield Case("bias field, strong", lambda: biased(1.5), unit)
    yield Case("inverted contrast", lambda: Made(inverted(), affine), unit)
    yield Case("inverted contrast, axial slices of 5 mm", lambda: slices(inverted(), 2, 5), unit)
    for side, name in enumerate(("sagittal", "coronal", "axial")):
        yield Case(f"{name} slices of 5 mm", partial(slices, data, side, 5), unit)
    yield Case("0.5 mm", fine, unit)
    for voxel_mm in (2, 3, 4, 5):
        yield Case(f"{voxel_mm} mm", partial(sized, voxel_mm), unit)


def other_storage(head: Volume) -> Iterator[Case]:
    """The same image stored in another way."""
    data, affine, unit = head.data, head.affine, np.eye(4)
    bright = float(np.percentile(data[data > 0], 99))

    def backwards() -> Made:
        flip = np.diag([-1.0, -1, -1, 1])
        flip[:3, 3] = np.array(data.shape) - 1
        return Made(data[::-1, ::-1, ::-1], affine @ flip)

    def swapped(order: tuple[int, int, int]) -> Made:
        swap = np.zeros((4, 4))
        swap[3, 3] = 1
        for place, axis in enumerate(order):
            swap[axis, place] = 1
        return Made(np.transpose(data, order), affine @ swap)

    yield Case("stored back to front", backwards, unit)
    yield Case("stored axes 1 2 0", lambda: swapped((1, 2, 0)), unit)
    yield Case("stored axes 2 1 0", lambda: swapped((2, 1, 0)), unit)
    yield Case("4D", lambda: Made(np.stack([data, data], axis=3), affine), unit)
    yield Case("uint8", lambda: Made(np.clip(data / bright * 200, 0, 255).astype(np.uint8), affine), unit)
    yield Case("float32", lambda: Made(data.astype(np.float32) / 7, affine), unit)
    yield Case("int16 with slope", lambda: Made(data, affine, slope=0.25, intercept=10.0), unit)


def faceless(head: Volume, head_to_template: Affine) -> Iterator[Case]:
    """Nothing to find: a face that is gone already, a brain without its head, noise."""
    data, affine, unit = head.data, head.affine, np.eye(4)

    def where(mask: Volume, outside: float | None) -> Any:
        return resampled(mask, Grid(data.shape, affine), head_to_template, outside=outside) >= 0.5

    low = float(data.min())
    keep, brain = head_template.keep(), head_template.brain()
    yield Case("defaced before", lambda: Made(np.where(where(keep, None), data, low), affine), unit, False)
    yield Case("brain alone", lambda: Made(np.where(where(brain, 0), data, low), affine), unit, False)
    noise = np.random.default_rng(1)
    yield Case("noise alone", lambda: Made(np.abs(noise.normal(0, 100, data.shape)), affine), unit, False)


def rotation(axis: int, degrees: float) -> Any:
    angle, (first, second) = np.deg2rad(degrees), [(1, 2), (0, 2), (0, 1)][axis]
    matrix = np.eye(3)
    matrix[first, first] = matrix[second, second] = np.cos(angle)
    matrix[first, second], matrix[second, first] = -np.sin(angle), np.sin(angle)
    return matrix


def _about(middle: Any, linear: Any) -> Affine:
    move = np.eye(4)
    move[:3, :3] = linear
    move[:3, 3] = middle - np.asarray(linear) @ middle
    return move


def _axes(affine: Affine) -> tuple[list[int], list[int]]:
    """For each axis of the world the voxel axis that runs along it, and which way."""
    axes = [int(np.abs(affine[side, :3]).argmax()) for side in range(3)]
    return axes, [int(np.sign(affine[side, axis])) for side, axis in enumerate(axes)]


def _extent(data: Any, axis: int) -> tuple[int, int]:
    """First and one past the last slice along an axis that a head takes up."""
    low, high = np.percentile(data[::3, ::3, ::3], (1, 99))
    others = tuple(other for other in range(3) if other != axis)
    full = np.flatnonzero((data > low + 0.15 * (high - low)).mean(axis=others) > 0.01)
    return int(full[0]), int(full[-1]) + 1
