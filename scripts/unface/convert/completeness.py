"""Whether an acquisition has all its slices and volumes, as far as its headers tell.

dcm2niix warns of gaps between slices, but stacks what is there where whole volumes or echoes are missing.
"""

import itertools
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from unface.convert import first_elements
from unface.convert.acquisitions import Acquisition
from unface.inventory.records import Series
from unface.mapping.criteria import values_of

SERIES_OF_VOLUMES = ("func", "dwi", "perf")
"""Datatypes whose NumberOfTemporalPositions (0020,0105) counts the volumes of an image."""

MADE_OF_VOLUMES = {"ADC", "phMag"}
"""Twins (`dcm2niix.TWINS`) that dcm2niix writes of volumes of the series itself."""


def missing(acquisition: Acquisition, folders: Sequence[Path]) -> tuple[str, bool]:
    """What is missing of an acquisition, as far as its headers tell.

    Parameters
    ----------
    acquisition
        The acquisition, converted.
    folders
        The clean DICOM of each of its series.

    Returns
    -------
    sentence : str
        What is missing of what was expected; empty if nothing is.
    stopped : bool
        Whether that is the end alone, as where the scan was stopped: nothing else tells that a file was lost.
    """
    numbers = [_instance_numbers(folder) for folder in folders]
    lost = [
        *(_gap(own, acquisition) for own in numbers),
        _lost_beginning(acquisition, numbers),
        _lost_series(acquisition),
        _lost_in_conversion(acquisition),
    ]
    ended = [*(_broken_volume(series) for series in acquisition.series), _lost_volumes(acquisition)]
    sentence = next(filter(None, [*lost, *ended]), "")
    return sentence, not any(lost) and any(ended)


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


def _gap(numbers: set[int], acquisition: Acquisition) -> str:
    """Instance numbers have to be whole: echoes and parts may share them, but none is skipped."""
    lost = max(numbers, default=0) - min(numbers, default=0) + 1 - len(numbers)
    if not numbers or lost <= 0 or _steps_by_slices(numbers, acquisition) or _in_slots(numbers, acquisition):
        return ""
    return f"{lost} of {len(numbers) + lost} instance numbers ({min(numbers)} to {max(numbers)}) are missing"


def _steps_by_slices(numbers: set[int], acquisition: Acquisition) -> bool:
    """Whether each number is that of the one before it and the slices of a mosaic: so Siemens counts in 3D ASL."""
    ordered = sorted(numbers)
    steps = {after - before for before, after in itertools.pairwise(ordered)}
    mosaic = "MOSAIC" in values_of(acquisition.fields.get("ImageType"))
    return mosaic and ordered[0] == 1 and steps <= {shape.shape[2] for shape in acquisition.shapes}


def _in_slots(numbers: set[int], acquisition: Acquisition) -> bool:
    """Whether the numbers are the same places of each slice: Philips keeps one for each b-value and direction."""
    slices = acquisition.fields.get("Slices")
    philips = any("philips" in str(value).lower() for value in values_of(acquisition.fields.get("Manufacturer")))
    if not philips or acquisition.match.datatype != "dwi" or not isinstance(slices, int) or slices < 2:
        return False
    volumes, rest = divmod(len(numbers), slices)
    fewest = -(-max(numbers) // slices)
    return not rest and any(
        set(Counter((number - 1) % places for number in numbers).values()) == {slices}
        for places in range(max(fewest, volumes), fewest + volumes + 1)
    )


def _lost_beginning(acquisition: Acquisition, numbers: Sequence[set[int]]) -> str:
    """A scanner counts from 1, through all parts of an acquisition; what it derives of others may go on counting."""
    files = sum(len(series.files) for series in acquisition.series)
    derived = "DERIVED" in values_of(acquisition.fields.get("ImageType"))
    if files < 2 or not all(numbers) or derived or all(_in_slots(own, acquisition) for own in numbers):
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


def _lost_in_conversion(acquisition: Acquisition) -> str:
    """dcm2niix makes no fewer volumes than it got: it may take images that have one number or time for one image."""
    twins = acquisition.conversion.twins if acquisition.conversion else ()
    if not acquisition.shapes or set(twins) & MADE_OF_VOLUMES:
        return ""
    made, given = sum(shape.volumes for shape in acquisition.shapes), acquisition.fields.get("Volumes")
    return f"of {given} volumes the conversion left {made}" if isinstance(given, int) and made < given else ""
