"""The first elements of a clean DICOM file, without the thousands of items that enhanced files hold behind them."""

import re
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from pydicom.datadict import tag_for_keyword
from pydicom.dataset import Dataset
from pydicom.filereader import read_partial
from pydicom.tag import BaseTag

INSTANCE_NUMBER = 0x00200013

TIMES = (
    *("AcquisitionDateTime", "AcquisitionDate", "AcquisitionTime"),
    *("ContentDate", "ContentTime", "SeriesDate", "SeriesTime"),
)


def read(path: Path, keywords: Sequence[str]) -> Dataset:
    """Read some of the elements that a file has up to InstanceNumber (0020,0013).

    Parameters
    ----------
    path
        The file.
    keywords
        DICOM keywords of the elements.

    Returns
    -------
    Dataset
        Those of the elements that the file has.
    """
    tags = [tag for keyword in keywords if (tag := tag_for_keyword(keyword)) is not None]
    with path.open("rb") as file:
        return read_partial(file, stop_when=_is_behind, specific_tags=list[BaseTag | int](tags))


def _is_behind(tag: BaseTag, _vr: str | None, _length: int) -> bool:
    return int(tag) > INSTANCE_NUMBER


def began(folders: Sequence[Path]) -> str:
    """When an acquisition began, by the first clean file of each series.

    Parameters
    ----------
    folders
        The clean DICOM of each of its series.

    Returns
    -------
    str
        Date and time in ISO form; empty if they are not known.
    """
    starts = []
    for folder in folders:
        texts = dict.fromkeys(TIMES, "")
        # A file may write a time with another VR, as which its text is none.
        with suppress(ValueError, TypeError, ArithmeticError):
            header = read(min(folder.glob("*.dcm")), TIMES)
            texts |= {name: str(header.get(name) or "") for name in TIMES}
        for whole in (
            texts["AcquisitionDateTime"],
            texts["AcquisitionDate"] + texts["AcquisitionTime"],
            texts["ContentDate"] + texts["ContentTime"],
            texts["SeriesDate"] + texts["SeriesTime"],
        ):
            match = re.match(r"(\d{14})(\.\d{1,6})?", whole)
            if match:
                # Fourteen digits need not be a time.
                with suppress(ValueError):
                    starts.append(datetime.strptime(match[1], "%Y%m%d%H%M%S").isoformat() + (match[2] or ""))
                    break
    return min(starts, default="")
