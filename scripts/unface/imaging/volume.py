"""Images in space: grids of voxels, and one 3D image on its grid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Affine = NDArray[Any]
Shape = tuple[int, int, int]
Box = tuple[slice, ...]
"""A range of voxels along i, j, k."""


@dataclass(frozen=True)
class Grid:
    """`shape` voxels (i, j, k) and the `affine` (4, 4) from voxels to the world in mm: right, anterior, superior."""

    shape: Shape
    affine: Affine

    @property
    def voxel_mm(self) -> NDArray[np.float64]:
        """Edges of a voxel along i, j, k."""
        return np.asarray(np.linalg.norm(self.affine[:3, :3], axis=0))

    @property
    def voxel_ml(self) -> float:
        """Volume of a voxel."""
        return float(abs(np.linalg.det(self.affine[:3, :3]))) / 1000

    @property
    def points_mm(self) -> NDArray[np.float64]:
        """World positions of all voxels, (n, 3), in the order of the flattened array."""
        voxels = np.indices(self.shape).reshape(3, -1).T
        return np.asarray(voxels @ self.affine[:3, :3].T + self.affine[:3, 3], dtype=np.float64)

    def cut(self, box: Box) -> Grid:
        """The part of the grid that a box takes, at the same place in space.

        Parameters
        ----------
        box
            Slices along i, j, k, each with a start and a stop.

        Returns
        -------
        Grid
            With the box's first voxel as (0, 0, 0).
        """
        affine = self.affine.copy()
        affine[:3, 3] += affine[:3, :3] @ np.array([part.start for part in box], dtype=np.float64)
        i, j, k = (int(part.stop - part.start) for part in box)
        return Grid((i, j, k), affine)

    def lattice(self, voxel_mm: float) -> Grid:
        """Voxels of one size over the same field of view, along the same axes.

        Two images of one header have one lattice, whatever stands in their voxels.

        Parameters
        ----------
        voxel_mm
            Edge of a voxel, the same along each axis.

        Returns
        -------
        Grid
            Its middle is the middle of this grid; its edges may lie up to half a voxel elsewhere.
        """
        zoom = voxel_mm / self.voxel_mm
        counts = np.maximum(1, np.round(np.array(self.shape) / zoom)).astype(int)
        coarse = self.affine.copy()
        coarse[:3, :3] = self.affine[:3, :3] * zoom
        middle = self.affine[:3, :3] @ ((np.array(self.shape) - 1) / 2) - coarse[:3, :3] @ ((counts - 1) / 2)
        coarse[:3, 3] = self.affine[:3, 3] + middle
        return Grid((int(counts[0]), int(counts[1]), int(counts[2])), coarse)


@dataclass(frozen=True)
class Volume:
    """`data` (i, j, k) and the `affine` (4, 4) from voxels to the world in mm: right, anterior, superior."""

    data: Array
    affine: Affine

    @property
    def grid(self) -> Grid:
        """The voxels without what stands in them."""
        i, j, k = self.data.shape
        return Grid((i, j, k), self.affine)

    @property
    def voxel_mm(self) -> NDArray[np.float64]:
        """Edges of a voxel along i, j, k."""
        return self.grid.voxel_mm

    def cut(self, box: Box) -> Volume:
        """A part of the volume, at the same place in space.

        Parameters
        ----------
        box
            Slices along i, j, k, each with a start and a stop.

        Returns
        -------
        Volume
            A view of the same voxels.
        """
        return Volume(self.data[box], self.grid.cut(box).affine)
