"""Whole DICOM series of MR images, as scanners of three makers write them: geometry, pixels, private blocks."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.uid import MRImageStorage

from demo import planted
from demo.person import Person
from demo.vendors import BLOCKS, Mosaic

MAKERS = {
    "siemens": ("SIEMENS", "Prisma_fit", ["syngo MR E11"]),
    "ge": ("GE MEDICAL SYSTEMS", "DISCOVERY MR750", ["27", "LX", "MR Software release:DV26.0_R01_1725.a"]),
    "philips": ("Philips Medical Systems", "Ingenia", ["5.3.1", "5.3.1.3"]),
}


@dataclass(frozen=True)
class Grid:
    """Where a volume's voxels lie, in DICOM's patient coordinates (LPS+ mm).

    Attributes
    ----------
    along_row, along_column : (3,) tuples
        Directions of growing column index and growing row index: the two halves of ImageOrientationPatient.
    shape : 3 ints
        Slices, rows, columns.
    spacing : 3 floats
        Between slices, rows and columns, mm.
    centre : (3,) tuple
        Middle of the volume.
    """

    along_row: tuple[float, float, float]
    along_column: tuple[float, float, float]
    shape: tuple[int, int, int]
    spacing: tuple[float, float, float]
    centre: tuple[float, float, float]

    @property
    def normal(self) -> NDArray[np.float64]:
        """Unit vector from a slice to the next."""
        return np.cross(self.along_row, self.along_column).astype(np.float64)

    @property
    def to_patient(self) -> NDArray[np.float64]:
        """(4, 4) affine from (slice, row, column) to LPS+ mm."""
        axes = np.stack([self.normal, np.array(self.along_column), np.array(self.along_row)], axis=1)
        affine = np.eye(4)
        affine[:3, :3] = axes * self.spacing
        affine[:3, 3] = self.centre - affine[:3, :3] @ ((np.array(self.shape) - 1) / 2)
        return affine

    @property
    def to_world(self) -> NDArray[np.float64]:
        """(4, 4) affine from (slice, row, column) to RAS+ mm, as NIfTI has it."""
        return np.diag([-1, -1, 1, 1]) @ self.to_patient

    def position(self, slice_index: int) -> list[float]:
        """ImagePositionPatient of one slice."""
        return [round(float(value), 6) for value in (self.to_patient @ [slice_index, 0, 0, 1])[:3]]


CENTRE = (12.0, -6.0, 18.0)
"""Middle of the template's head with its neck, LPS+ mm."""


def sagittal(shape: tuple[int, int, int], spacing: tuple[float, float, float]) -> Grid:
    """Slices from left to right."""
    return Grid((0, 1, 0), (0, 0, -1), shape, spacing, CENTRE)


def axial(shape: tuple[int, int, int], spacing: tuple[float, float, float]) -> Grid:
    """Slices from the feet to the head."""
    return Grid((1, 0, 0), (0, 1, 0), shape, spacing, CENTRE)


@dataclass(frozen=True)
class Protocol:
    """How a series was measured, in the units of DICOM (ms, degrees)."""

    description: str
    sequence_name: str
    scanning: tuple[str, ...] = ("GR", "IR")
    variant: tuple[str, ...] = ("SK", "SP", "MP")
    acquisition: str = "3D"
    image_type: tuple[str, ...] = ("ORIGINAL", "PRIMARY", "M", "ND", "NORM")
    repetition_ms: float = 2300.0
    echo_ms: float = 2.98
    inversion_ms: float | None = 900.0
    flip_degrees: float = 9.0
    bandwidth_hz: float = 240.0
    phase_encoding: str = "ROW"


MPRAGE = Protocol("t1_mprage_sag_p2_iso", "*tfl3d1_16ns")
SPACE = Protocol(
    "t2_space_sag_p2_iso", "*spcR_282ns", ("SE",), ("SK", "SP", "OSP"), repetition_ms=3200.0, echo_ms=408.0,
    inversion_ms=None, flip_degrees=120.0, bandwidth_hz=744.0,
)  # fmt: skip
BRAVO = Protocol(
    "Sag T1 BRAVO", "BRAVO", ("GR",), ("SS", "SP", "SK"), image_type=("ORIGINAL", "PRIMARY", "OTHER"),
    repetition_ms=8.2, echo_ms=3.2, inversion_ms=450.0, flip_degrees=12.0, bandwidth_hz=244.0,
)  # fmt: skip
CUBE = Protocol(
    "Sag T2 CUBE", "CubeT2", ("SE",), ("SK", "SS"), image_type=("ORIGINAL", "PRIMARY", "OTHER"),
    repetition_ms=2500.0, echo_ms=90.0, inversion_ms=None, flip_degrees=90.0, bandwidth_hz=488.0,
)  # fmt: skip
TFE = Protocol(
    "T1W_3D_TFE", "T1TFE", ("GR",), ("MP",), image_type=("ORIGINAL", "PRIMARY", "M_FFE", "M", "FFE"),
    repetition_ms=8.1, echo_ms=3.7, inversion_ms=1000.0, flip_degrees=8.0, bandwidth_hz=191.0,
)  # fmt: skip
BOLD = Protocol(
    "ep2d_bold_rest", "epfid2d1_48", ("EP",), ("SK",), "2D", ("ORIGINAL", "PRIMARY", "M", "ND", "MOSAIC"),
    2000.0, 30.0, None, 77.0, 2232.0, "COL",
)  # fmt: skip
DIFFUSION = Protocol(
    "ep2d_diff_6dir", "ep_b", ("EP",), ("SK", "SP"), "2D", ("ORIGINAL", "PRIMARY", "DIFFUSION", "NONE", "ND", "MOSAIC"),
    4000.0, 85.0, None, 90.0, 1502.0, "COL",
)  # fmt: skip


def describe(ds: Dataset, person: Person, grid: Grid, protocol: Protocol) -> None:
    """Set the elements of the MR image module and of geometry that all images of a series share."""
    maker, model, versions = MAKERS[person.vendor]
    _, rows, columns = grid.shape
    values: dict[str, object] = {
        "SOPClassUID": MRImageStorage,
        "ImageType": list(protocol.image_type),
        "Manufacturer": maker,
        "ManufacturerModelName": model,
        "SoftwareVersions": versions,
        "ScanningSequence": list(protocol.scanning),
        "SequenceVariant": list(protocol.variant),
        "ScanOptions": "PFP",
        "MRAcquisitionType": protocol.acquisition,
        "SequenceName": protocol.sequence_name,
        "AngioFlag": "N",
        "SliceThickness": grid.spacing[0],
        "RepetitionTime": protocol.repetition_ms,
        "EchoTime": protocol.echo_ms,
        "NumberOfAverages": 1,
        "ImagingFrequency": 123.251815,
        "ImagedNucleus": "1H",
        "EchoNumbers": 1,
        "MagneticFieldStrength": 3,
        "SpacingBetweenSlices": grid.spacing[0],
        "NumberOfPhaseEncodingSteps": rows,
        "EchoTrainLength": 1,
        "PercentSampling": 100,
        "PercentPhaseFieldOfView": 100,
        "PixelBandwidth": protocol.bandwidth_hz,
        "TransmitCoilName": "Body",
        "ReceiveCoilName": "HeadNeck_20",
        "AcquisitionMatrix": [0, rows, columns, 0] if protocol.phase_encoding == "ROW" else [rows, 0, 0, columns],
        "InPlanePhaseEncodingDirection": protocol.phase_encoding,
        "FlipAngle": protocol.flip_degrees,
        "VariableFlipAngleFlag": "N",
        "SAR": 0.0521,
        "dBdt": 0,
        "ImageOrientationPatient": [*grid.along_row, *grid.along_column],
        "SamplesPerPixel": 1,
        "PhotometricInterpretation": "MONOCHROME2",
        "Rows": rows,
        "Columns": columns,
        "PixelSpacing": [grid.spacing[1], grid.spacing[2]],
        "BitsAllocated": 16,
        "BitsStored": 12,
        "HighBit": 11,
        "PixelRepresentation": 0,
        "WindowCenter": 400,
        "WindowWidth": 900,
        "RescaleIntercept": 0,
        "RescaleSlope": 1,
        "RescaleType": "normalized",
        "BurnedInAnnotation": "NO",
        "LossyImageCompression": "00",
    }
    if protocol.inversion_ms is not None:
        values["InversionTime"] = protocol.inversion_ms
    for keyword, value in values.items():
        setattr(ds, keyword, value)


def images(
    person: Person, volume: NDArray[np.float32], grid: Grid, protocol: Protocol, *, series_number: int = 2,
    finish: Callable[[Dataset], None] = lambda ds: None,
) -> Iterator[Dataset]:  # fmt: skip
    """The data sets of a 3D series, one a slice; one object whose per-image elements change.

    Parameters
    ----------
    volume : (slices, rows, columns) array
        Signal, 0 to 4095.
    finish : callable
        Has the last word on what the series shares.
    """
    ds = planted.header(person, series_number=series_number, description=protocol.description)
    describe(ds, person, grid, protocol)
    finish(ds)
    stored = np.clip(np.rint(volume), 0, 4095).astype("<u2")
    for index, pixels in enumerate(stored):
        _image(ds, person, grid, series_number, index)
        BLOCKS[person.vendor](ds, person, grid, None)
        _pixels(ds, pixels)
        yield ds


def mosaics(
    person: Person, volumes: NDArray[np.float32], grid: Grid, protocol: Protocol, *, series_number: int,
    gradients: NDArray[np.float64] | None = None,
) -> Iterator[Dataset]:  # fmt: skip
    """The data sets of a Siemens EPI series, one a volume, its slices tiled as a mosaic.

    Parameters
    ----------
    volumes : (volumes, slices, rows, columns) array
    gradients : (volumes, 4) array, optional
        b-value in s/mm2 and direction in LPS; without, the series is no diffusion series.
    """
    slices, rows, columns = grid.shape
    tiles = int(np.ceil(np.sqrt(slices)))
    ds = planted.header(person, series_number=series_number, description=protocol.description)
    describe(ds, person, grid, protocol)
    ds.Rows, ds.Columns = rows * tiles, columns * tiles
    # Odd slices first, then the even ones, as syngo orders an interleaved run of an even number of slices.
    order = [*range(1, slices, 2), *range(0, slices, 2)]
    times_ms = np.empty(slices)
    times_ms[order] = np.arange(slices) * np.floor(protocol.repetition_ms / slices / 2.5) * 2.5
    for index, volume in enumerate(volumes):
        gradient = None if gradients is None else gradients[index]
        _image(ds, person, grid, series_number, index)
        seconds = 10 + index * protocol.repetition_ms / 1000
        ds.AcquisitionTime = f"{ds.SeriesTime[:4]}{seconds:09.6f}"
        ds.AcquisitionDateTime = f"{ds.AcquisitionDate}{ds.AcquisitionTime}+0100"
        ds.AcquisitionNumber = index + 1
        # syngo gives the corner that the first slice would have, were it as large as the mosaic.
        shift = grid.to_patient[:3, 1:3] @ [-(tiles - 1) * rows / 2, -(tiles - 1) * columns / 2]
        ds.ImagePositionPatient = [round(float(value), 6) for value in grid.to_patient[:3, 3] + shift]
        if gradient is not None:
            ds.SequenceName = f"ep_b{gradient[0]:.0f}" + (f"#{index}" if gradient[0] else "")
        BLOCKS[person.vendor](ds, person, grid, Mosaic(times_ms, gradient))
        stored = np.zeros((tiles * rows, tiles * columns), "<u2")
        for number, pixels in enumerate(np.clip(np.rint(volume), 0, 4095)):
            down, across = divmod(number, tiles)
            stored[down * rows : (down + 1) * rows, across * columns : (across + 1) * columns] = pixels
        _pixels(ds, stored)
        yield ds


def _image(ds: Dataset, person: Person, grid: Grid, series_number: int, index: int) -> None:
    ds.SOPInstanceUID = person.uid(series_number, index + 1)
    ds.InstanceNumber = index + 1
    ds.AcquisitionNumber = 1
    ds.ImagePositionPatient = grid.position(index)
    ds.SliceLocation = round(float(np.dot(grid.normal, ds.ImagePositionPatient)), 6)


def _pixels(ds: Dataset, stored: NDArray[np.uint16]) -> None:
    ds.SmallestImagePixelValue, ds.LargestImagePixelValue = int(stored.min()), int(stored.max())
    ds.PixelData = stored.tobytes()
    ds["PixelData"].VR = "OW"


def write(folder: Path, datasets: Iterator[Dataset], person: Person, name: str = "{index:05d}.dcm") -> list[Path]:
    """Write data sets one by one; `name` may use {index}, {series} and {surname}.

    Returns
    -------
    list of Path
        The files, in order.
    """
    paths = []
    for index, ds in enumerate(datasets, start=1):
        path = folder / name.format(index=index, series=ds.SeriesNumber, surname=person.surname)
        planted.save(ds, path, person)
        paths.append(path)
    return paths
