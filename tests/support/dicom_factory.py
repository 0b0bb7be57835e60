"""Small DICOM for unit tests, from the same builder as the demo's cohort: quick, with planted identifiers."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from demo import planted, series
from demo.person import Person
from demo.series import Grid, Protocol

T1W_PROTOCOLS = {"siemens": series.MPRAGE, "ge": series.BRAVO, "philips": series.TFE}


def ramp(grid: Grid) -> NDArray[np.float32]:
    """A volume in which no two directions look alike, 0 to 4095."""
    depth, down, across = (np.linspace(0, 1, size, dtype=np.float32) for size in grid.shape)
    return (600 * depth[:, None, None] + 1200 * down[None, :, None] ** 2 + 2000 * across[None, None, :] ** 3).astype(
        np.float32
    )


def small_grid(slices: int = 4, size: int = 32) -> Grid:
    """Sagittal slices of `size` times `size` pixels."""
    return series.sagittal((slices, size, size), (5.0, 6.0, 6.0))


def planted_dataset(number: int = 0, vendor: str = "siemens", *, rare: bool = True) -> tuple[Dataset, Person]:
    """One slice of a T1w with 200 or more elements.

    Parameters
    ----------
    number : int
        Which invented person; each has identifiers of their own.
    vendor : str
        siemens, ge or philips.
    rare : bool
        Also overlays, curves, icon, signature, encrypted attributes, UN elements, padding (`planted.plant_rarities`).

    Returns
    -------
    dataset, person
        `person.secrets` maps each place to the string planted there. Preamble, file meta and what follows the data set
        come with `planted.save`.
    """
    person = Person(number, vendor)
    grid = small_grid()

    def finish(ds: Dataset) -> None:
        if rare:
            planted.plant_rarities(ds, person)

    return next(series.images(person, ramp(grid), grid, T1W_PROTOCOLS[vendor], finish=finish)), person


def write_series(
    folder: Path,
    number: int = 0,
    vendor: str = "siemens",
    *,
    grid: Grid | None = None,
    protocol: Protocol | None = None,
    series_number: int = 2,
    rare: bool = True,
    name: str = "{index:05d}.dcm",
) -> tuple[list[Path], Person]:
    """Write a T1w series (or `protocol`) with a ramp for a head.

    Returns
    -------
    paths, person
        The files in order of their slices; `person.secrets` as in `planted_dataset`.
    """
    person = Person(number, vendor)
    grid = grid or small_grid()

    def finish(ds: Dataset) -> None:
        if rare:
            planted.plant_rarities(ds, person)

    datasets = series.images(
        person, ramp(grid), grid, protocol or T1W_PROTOCOLS[vendor], series_number=series_number, finish=finish
    )
    return series.write(folder, datasets, person, name), person


def write_mosaics(
    folder: Path,
    number: int = 0,
    *,
    gradients: NDArray[np.float64] | None = None,
    volumes: int = 3,
    series_number: int = 4,
) -> tuple[list[Path], Person]:
    """Write a Siemens bold run of mosaics, or a diffusion series when there are (b, x, y, z) `gradients`."""
    person = Person(number, "siemens")
    grid = series.axial((8, 16, 16), (14.0, 12.0, 12.0))
    count = volumes if gradients is None else len(gradients)
    data = np.stack([ramp(grid) + 10 * index for index in range(count)])
    protocol = series.BOLD if gradients is None else series.DIFFUSION
    datasets = series.mosaics(person, data, grid, protocol, series_number=series_number, gradients=gradients)
    return series.write(folder, datasets, person), person
