"""The first elements of a clean DICOM file, without the thousands of items that enhanced files hold behind them."""

from collections.abc import Sequence
from pathlib import Path

from pydicom.datadict import tag_for_keyword
from pydicom.dataset import Dataset
from pydicom.filereader import read_partial
from pydicom.tag import BaseTag

INSTANCE_NUMBER = 0x00200013


def read(path: Path, keywords: Sequence[str]) -> Dataset:
    """Those of the elements named by `keywords` that a file has up to InstanceNumber (0020,0013)."""
    tags = [tag for keyword in keywords if (tag := tag_for_keyword(keyword)) is not None]
    with path.open("rb") as file:
        return read_partial(file, stop_when=_is_behind, specific_tags=list[BaseTag | int](tags))


def _is_behind(tag: BaseTag, _vr: str | None, _length: int) -> bool:
    return int(tag) > INSTANCE_NUMBER
