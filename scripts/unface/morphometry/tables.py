"""What the stages of this room leave for one another: names of files, and tables read and written in one way.

A stage that only reads them starts without ANTs.
"""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

MEASURES = "measures.tsv"
"""The measures of one session's images."""
REGIONS = "regions.tsv"
"""Beside the label images: what their numbers stand for."""
AGREEMENT = "agreement.tsv"
"""Those measures before and after defacing."""
LABELS = "labels"
"""Folder of the label images."""
TISSUES = ("csf", "gm", "wm")
"""In the order of their labels, from 1."""
NOT_AVAILABLE = "n/a"
"""As BIDS writes a missing value."""


def write(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter="\t", lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))
