"""TSV tables of this room: read and written the same way everywhere."""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

MEASURES = "measures.tsv"
"""The measures of one session's images."""
REGIONS = "regions.tsv"
"""Beside the label images: what their numbers stand for."""
AGREEMENT = "agreement.tsv"
"""Those measures before and after defacing."""
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
