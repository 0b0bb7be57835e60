"""From a T1w image of a head to tissue probabilities and regions, on a coarse lattice of the image.

Affine by niimath to a mean head, N4 bias field, affine and SyN by ANTs to the template's brain, Atropos with the
template's tissue maps as priors. Every step starts anew from the image alone: nothing is borrowed from defacing, which
is what is to be judged.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ants
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from unface.imaging import nifti
from unface.imaging.ants_api import AFFINE, FIELD, LPS, AntsImage, fit, to_image, working_in, write_affine
from unface.imaging.resampling import on_lattice, resampled
from unface.imaging.volume import Grid, Volume
from unface.measure.brain_template import MEAN_HEAD_TO_TEMPLATE, BrainMaps, brain_maps, mean_head
from unface.measure.measures import NotMeasurableError
from unface.measure.records import TISSUES
from unface.measure.regions import Atlas
from unface.run import tools

AFFINE_TIMEOUT_S = 600
ALIGN_VOXEL_MM = 2
"""niimath loses heads that come with larger voxels."""
RIM_MM = 2
"""Around the brain of the affine fit: the room in which the brain's own edge is looked for."""
MARGIN_MM = 4
BOX_STEP_MM = 16
"""The deformation depends a little on the edges of its box, which two nearly equal images should share. Bias field and
affine depend on them more: they get the whole lattice, which is the same for two images of one header."""
PASSES = 2
"""The first fit starts from the whole head, which defacing changed; the second from where the first put the brain."""
BRAIN_MIN_ML = 300
BIAS_VOXEL_MM = 6
BIAS_ITERATIONS = {"iters": [50, 50, 50, 50], "tol": 1e-6}
"""Four levels: surface coils without correction need the fine ones."""
SYN_ITERATIONS = (40, 20, 10)
PRIOR_WEIGHT = 0.4
"""Of the template's tissue maps against the image. At 0.25 two images nearly alike could end in two different mixtures,
with a fifth more CSF in one."""
SMOOTHNESS = "[0.1,1x1x1]"
ATROPOS_ITERATIONS = "[5,0]"


@dataclass(frozen=True)
class Segmentation:
    """Arrays (i, j, k) on `grid`, a box of the image's lattice `full` that begins at `start`.

    `intensity` : float32, bias field taken out. `brain` : bool. `tissues` : float32 posteriors by name, summing to 1
    inside the brain. `labels` : uint8, 0 or the most probable tissue's label. `regions` : uint8 labels.
    `likeness` : correlation of image and warped template inside the brain.
    """

    full: Grid
    grid: Grid
    start: tuple[int, int, int]
    intensity: NDArray[np.float32]
    brain: NDArray[np.bool_]
    tissues: dict[str, NDArray[np.float32]]
    labels: NDArray[np.uint8]
    regions: NDArray[np.uint8]
    likeness: float

    def whole(self, part: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Labels of the box put back into the image's whole lattice.

        Parameters
        ----------
        part : (i, j, k) uint8 array
            On `grid`.

        Returns
        -------
        (i, j, k) uint8 array
            On `full`, 0 outside of the box.
        """
        values = np.zeros(self.full.shape, np.uint8)
        box = tuple(slice(start, start + size) for start, size in zip(self.start, part.shape, strict=True))
        values[box] = part
        return values


def segment(image: Path, voxel_mm: float, scratch: Path, atlas: Atlas | None = None) -> Segmentation:
    """Segment the brain of one T1w image.

    Parameters
    ----------
    image
        NIfTI of a head; of a 4D image the first volume counts.
    voxel_mm
        The working resolution; the template's maps are brought to it too.
    scratch
        Folder for files of niimath and ANTs.
    atlas
        The user's atlas of regions; without one unface's own regions count.

    Returns
    -------
    Segmentation
        The same for the same voxels and affine, whatever else is in the file.

    Raises
    ------
    NotMeasurableError
        If the image is no volume of a head that the template's brain can be aligned with.
    """
    head = _read(image)
    maps = brain_maps(voxel_mm, atlas)
    full = head.grid.lattice(voxel_mm)
    head_to_template = MEAN_HEAD_TO_TEMPLATE @ _head_to_mean_head(head, scratch)

    coarse = np.maximum(on_lattice(head, voxel_mm).data, 0)
    with working_in(scratch):
        for _ in range(PASSES):
            in_template = Grid(full.shape, head_to_template @ full.affine)
            roughly = resampled(Volume(maps.brain, maps.affine), in_template) > 0.5
            if roughly.sum() * full.voxel_ml < BRAIN_MIN_ML:
                raise NotMeasurableError("the template's brain falls outside of the image")
            near = ndimage.binary_dilation(roughly, iterations=max(1, round(RIM_MM / voxel_mm)))
            around = to_image(near, full.affine)
            even = ants.n4_bias_field_correction(
                to_image(coarse, full.affine),
                mask=around,
                shrink_factor=max(1, round(BIAS_VOXEL_MM / voxel_mm)),
                convergence=BIAS_ITERATIONS,
            )
            head_to_template = _affine(even * around, maps, head_to_template)
        box = _box_of(near, margin=max(1, round(MARGIN_MM / voxel_mm)), step=max(1, round(BOX_STEP_MM / voxel_mm)))
        grid = full.cut(box)
        even = to_image(even.numpy()[box], grid.affine)
        transforms = _deform(even * to_image(near[box], grid.affine), maps, head_to_template)
        warped = {
            name: _carried(getattr(maps, name), maps, even, transforms, "linear") for name in ("t1", "brain", *TISSUES)
        }
        brain = warped["brain"].numpy() > 0.5
        if brain.sum() * grid.voxel_ml < BRAIN_MIN_ML:
            raise NotMeasurableError("no brain is left after the alignment with the template")
        # Atropos takes priors by file, whose rounded origin it then finds to differ: it gets a plain grid.
        plain = np.diag([voxel_mm, voxel_mm, voxel_mm, 1.0])
        mixture = ants.atropos(
            a=to_image(even.numpy(), plain),
            x=to_image(brain, plain),
            i=[to_image(warped[name].numpy(), plain) for name in TISSUES],
            m=SMOOTHNESS,
            c=ATROPOS_ITERATIONS,
            priorweight=PRIOR_WEIGHT,
            r=0,  # a constant seed: Atropos visits voxels in random order
            v=0,
        )
        regions = _carried(maps.regions, maps, even, transforms, "nearestNeighbor").numpy().astype(np.uint8)
    intensity = even.numpy()
    return Segmentation(
        full=full,
        grid=grid,
        start=(box[0].start, box[1].start, box[2].start),
        intensity=intensity,
        brain=brain,
        tissues={
            name: posterior.numpy() * brain
            for name, posterior in zip(TISSUES, mixture["probabilityimages"], strict=True)
        },
        labels=(mixture["segmentation"].numpy() * brain).astype(np.uint8),
        regions=np.where(brain, regions, 0).astype(np.uint8),
        likeness=float(np.corrcoef(intensity[brain], warped["t1"].numpy()[brain])[0, 1]),
    )


def _read(image: Path) -> Volume:
    """The first volume of an image, in the canonical order of axes."""
    try:
        head = nifti.read_volume(image, np.float32, first_of_many=True, canonical=True)
    except nifti.NotAVolumeError:
        head = None
    if head is None or min(head.data.shape) < 8:
        raise NotMeasurableError("it is no volume of at least 8 slices")
    if not np.isfinite(head.data).all() or head.data.std() == 0:
        raise NotMeasurableError("its voxels are all alike, or not finite")
    return head


def _box_of(mask: NDArray[np.bool_], margin: int, step: int) -> tuple[slice, slice, slice]:
    """The smallest box around a mask and `margin` voxels more, within the grid; its edges are multiples of `step`."""
    around = ndimage.find_objects(mask.astype(np.uint8))[0]
    parts = [
        slice(max(0, part.start - margin) // step * step, min(size, -(-(part.stop + margin) // step) * step))
        for part, size in zip(around, mask.shape, strict=True)
    ]
    return parts[0], parts[1], parts[2]


def _head_to_mean_head(image: Volume, scratch: Path) -> NDArray[np.float64]:
    """The world-to-world matrix (4, 4) from the head to pydeface's mean head, in mm, RAS."""
    # A whole head finds its place on a whole head; on a brain without skull, bright scalp goes to the brain's edge.
    # Square roots of intensities keep the scalp beside a surface coil from outshining the rest.
    head, base, result = scratch / "head.nii", scratch / "base.nii", scratch / "affine.json"
    coarse = on_lattice(image, ALIGN_VOXEL_MM)
    nifti.write_volume(head, Volume(np.sqrt(np.maximum(coarse.data, 0)), coarse.affine))
    nifti.write_volume(base, mean_head(ALIGN_VOXEL_MM))
    result.unlink(missing_ok=True)
    finished = tools.run(
        [tools.find("niimath"), head, "-allineate", base, "-savemat", result, scratch / "aligned"],
        timeout_s=AFFINE_TIMEOUT_S,
    )
    if finished.status != 0 or not result.exists():
        raise NotMeasurableError("it could not be aligned with the template")
    return np.array(json.loads(result.read_text(encoding="utf-8"))["moving_to_fixed"], dtype=np.float64)


def _affine(brain: AntsImage, maps: BrainMaps, head_to_template: NDArray[np.float64]) -> NDArray[np.float64]:
    """A better fit of the brain alone (world to world, mm, RAS) from a rough one."""
    file = fit(
        brain,
        to_image(maps.t1, maps.affine),
        "Affine",
        AFFINE,
        initial_transform=_written(head_to_template),
        aff_iterations=(200, 100),
        aff_shrink_factors=(4, 2),
        aff_smoothing_sigmas=(2, 1),
    )
    fitted = ants.read_transform(file)
    matrix, centre = np.eye(4), np.array(fitted.fixed_parameters)
    matrix[:3, :3] = np.reshape(fitted.parameters[:9], (3, 3))
    matrix[:3, 3] = fitted.parameters[9:] + centre - matrix[:3, :3] @ centre
    return np.asarray(LPS @ matrix @ LPS)


def _deform(brain: AntsImage, maps: BrainMaps, head_to_template: NDArray[np.float64]) -> list[str]:
    """Files of the transforms that carry the template to the head: a deformation field, then an affine."""
    affine = _written(head_to_template)
    field = fit(
        brain,
        to_image(maps.t1, maps.affine),
        "SyNOnly",
        FIELD,
        initial_transform=affine,
        syn_metric="mattes",
        reg_iterations=SYN_ITERATIONS,
    )
    return [field, affine]


def _written(head_to_template: NDArray[np.float64]) -> str:
    """The file of an affine (world to world, mm, RAS) as ANTs reads it."""
    path = Path("head_to_template.mat")
    write_affine(head_to_template, path)
    return str(path)


def _carried(
    values: NDArray[Any], maps: BrainMaps, to: AntsImage, transforms: list[str], interpolator: str
) -> AntsImage:
    return ants.apply_transforms(to, to_image(values, maps.affine), transforms, interpolator=interpolator)
