"""Brains whose volumes are known: the demo's heads, their tissue maps made into labels and warped as they are."""

from typing import Any

import numpy as np
from scipy import ndimage

from demo import heads
from unface.measure.regions import MIXED_LOBES, label_points, regions

SIZE_MM = (192, 240, 224)
CORNER_MM = (-95.0, -130.0, -110.0)
RIM_MM = 3
"""Of CSF around the brain, which the known volumes leave out as the template's brain mask does."""

Labels = Any


class Phantom:
    """A brain with known volumes in a head with a face: `tissue` and `region` are its labels, uint8 (i, j, k).

    Tissues are numbered as `tables.TISSUES`: CSF, grey matter, white matter. The map from the head to the
    template (an affine and a smooth random field) is that of `heads.anatomy(seed)`.
    """

    def __init__(self, seed: int, voxel_mm: float = 1.0) -> None:
        self.seed, self.voxel_mm, self.voxel_ml = seed, voxel_mm, voxel_mm**3 / 1000
        self.affine = np.diag([voxel_mm, voxel_mm, voxel_mm, 1])
        self.affine[:3, 3] = CORNER_MM
        shape = tuple(int(size / voxel_mm) for size in SIZE_MM)
        points = heads.template_points(heads.anatomy(seed), self.affine, (shape[0], shape[1], shape[2]))
        self.around, white, grey, brain = (one(points) for one in heads.template_maps())
        fluid = np.clip(brain - white - grey, 0, 1)
        self.tissue = np.where(brain > 0.5, np.argmax([fluid, grey, white], axis=0) + 1, 0).astype(np.uint8)
        flat = heads.MEAN_TO_MNI[:3, :3] @ points.reshape(3, -1) + heads.MEAN_TO_MNI[:3, 3:]
        self.region = np.where(self.tissue > 0, label_points(flat.T).reshape(shape), 0).astype(np.uint8)

    def atrophied(self, name: str, percent: float) -> Labels:
        """The tissue labels with `percent` of a region's grey matter turned to CSF, from its surface inwards."""
        places = np.flatnonzero((self.tissue == 2) & (self.region == _label(name)))
        near_csf = ndimage.gaussian_filter((self.tissue <= 1).astype(np.float32), 1.5 / self.voxel_mm)
        outermost = places[np.argsort(-near_csf.ravel()[places], kind="stable")]
        tissue = self.tissue.copy()
        tissue.ravel()[outermost[: round(len(places) * percent / 100)]] = 1
        return tissue

    def image(self, tissue: Labels) -> Any:
        """The T1w image of some tissue labels in the head: partial volumes, a bias field and Rician noise."""
        signals = [heads.T1W.fluid, heads.T1W.grey, heads.T1W.white]
        rim = ndimage.binary_dilation(self.tissue > 0, iterations=round(RIM_MM / self.voxel_mm)) & (self.tissue == 0)
        clean = np.select([rim, *(tissue == label for label in (1, 2, 3))], [signals[0], *signals], self.around)
        blurred = ndimage.gaussian_filter(clean.astype(np.float32), 0.5)
        return np.round(heads.scanned(blurred, self.seed)).astype(np.int16)

    def cut(self, data: Any) -> Any:
        """The image without what lies in front of the middle of the left temporal pole and below its upper edge."""
        x, y, z = np.argwhere(self.region == _label("left temporal pole")).mean(axis=0)
        i, j, k = np.indices(data.shape)
        return np.where((j > y) & (k < z + 10 / self.voxel_mm) & (abs(i - x) < 30 / self.voxel_mm), np.int16(0), data)

    def truth_ml(self) -> dict[tuple[str, str], float]:
        """Known volumes by measure and region."""
        count = np.bincount(self.tissue.ravel(), minlength=4) * self.voxel_ml
        found = {("csf", ""): count[1], ("gm", ""): count[2], ("wm", ""): count[3]}
        found |= {("icv", ""): count[1:].sum(), ("brain", ""): count[2:].sum()}
        gm, brain = (np.bincount(self.region[where], minlength=256) for where in (self.tissue == 2, self.tissue > 1))
        for part in regions():
            measure, by_label = ("brain", brain) if part.lobe in MIXED_LOBES else ("gm", gm)
            found[measure, part.name] = by_label[part.label] * self.voxel_ml
        return {key: float(value) for key, value in found.items()}


def _label(name: str) -> int:
    return next(part.label for part in regions() if part.name == name)
