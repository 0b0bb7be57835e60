"""Whether an acquisition has all its slices and volumes, as far as its headers tell.

dcm2niix warns of gaps between slices, but stacks what is there where whole volumes or echoes are missing.
"""

from collections.abc import Sequence
from pathlib import Path

from unface.convert import first_elements
from unface.convert.acquisitions import Acquisition
from unface.inventory.records import Series
from unface.mapping.criteria import values_of

SERIES_OF_VOLUMES = ("func", "dwi", "perf")
"""Datatypes whose NumberOfTemporalPositions (0020,0105) counts the volumes of an image."""


def missing(acquisition: Acquisition, folders: Sequence[Path]) -> str:
    """What is missing of an acquisition, as far as its headers tell.

    Parameters
    ----------
    acquisition
        The acquisition, converted.
    folders
        The clean DICOM of each of its series.

    Returns
    -------
    str
        A sentence with what was expected; empty if nothing is missing.
    """
    numbers = [_instance_numbers(folder) for folder in folders]
    findings = [
        *map(_gap, numbers),
        _lost_beginning(acquisition, numbers),
        *(_broken_volume(series) for series in acquisition.series),
        _lost_series(acquisition),
        _lost_volumes(acquisition),
    ]
    return next(filter(None, findings), "")


def _instance_numbers(folder: Path) -> set[int]:
    """Those of the clean files of a series; an empty set if one file has no number there."""
    numbers = set()
    for file in sorted(folder.glob("*.dcm")):
        try:
            number = first_elements.read(file, ["InstanceNumber"]).get("InstanceNumber")
            if number is None:
                return set()
            numbers.add(int(number))
        except (ValueError, TypeError, ArithmeticError):
            # The element may hold what is no number, or several.
            return set()
    return numbers


def _gap(numbers: set[int]) -> str:
    """Instance numbers have to be whole: echoes and parts may share them, but none is skipped."""
    lost = max(numbers, default=0) - min(numbers, default=0) + 1 - len(numbers)
    if not numbers or lost <= 0:
        return ""
    return f"{lost} of {len(numbers) + lost} instance numbers ({min(numbers)} to {max(numbers)}) are missing"


def _lost_beginning(acquisition: Acquisition, numbers: Sequence[set[int]]) -> str:
    """A scanner counts from 1, through all parts of an acquisition; what it derives of others may go on counting."""
    files = sum(len(series.files) for series in acquisition.series)
    if files < 2 or not all(numbers) or "DERIVED" in values_of(acquisition.fields.get("ImageType")):
        return ""
    lost = min(map(min, numbers)) - 1
    return f"the first {lost} instance numbers are missing" if lost > 0 else ""


def _broken_volume(series: Series) -> str:
    """Classic images: as many at each slice position."""
    slices, frames = series.fields.get("Slices"), series.fields.get("NumberOfFrames")
    mosaic = "MOSAIC" in values_of(series.fields.get("ImageType"))
    if not isinstance(slices, int) or slices < 2 or frames is not None or mosaic or not len(series.files) % slices:
        return ""
    return f"{len(series.files)} images do not fill whole volumes of {slices} slices"


def _lost_series(acquisition: Acquisition) -> str:
    """An acquisition that was exported as several series numbers them without a gap."""
    numbers = [series.fields.get("SeriesNumber") for series in acquisition.series]
    known = {number for number in numbers if isinstance(number, int)}
    lost = max(known, default=0) - min(known, default=0) + 1 - len(known)
    if len(acquisition.series) < 2 or len(known) < len(numbers) or lost <= 0:
        return ""
    return f"{lost} of the {len(known) + lost} series it was exported as are missing"


def _lost_volumes(acquisition: Acquisition) -> str:
    """Images have as many volumes as the header announces, and all echoes and parts the same number."""
    if acquisition.match.datatype not in SERIES_OF_VOLUMES or not acquisition.shapes:
        return ""
    volumes = {shape.volumes for shape in acquisition.shapes}
    announced = [value for value in values_of(acquisition.fields.get("NumberOfTemporalPositions")) if value]
    expected = max([*volumes, *(value for value in announced if isinstance(value, int))])
    fewest = min(volumes)
    return f"{fewest} of {expected} volumes are there" if fewest < expected else ""
