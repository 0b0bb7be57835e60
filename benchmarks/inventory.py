"""How fast an inventory reads headers, beside pydicom.

    .venv/bin/python -m benchmarks.inventory [folder of scanner sets]

CPU seconds of one process, the best of three; every file lies in the page cache. Writes its section of RESULTS.md.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pydicom

from benchmarks.bench import SHARED, files_of, unpack
from benchmarks.sections import write_section
from tests.support.dicom_factory import small_grid, write_series
from unface.dicom.fields import WANTED
from unface.inventory.scan import scan
from unface.run.layout import Layout

REPEATS = 3


def main(arguments: list[str]) -> None:
    """Measure the demo's headers and every scanner set at hand."""
    archives = sorted((Path(arguments[0]) if arguments else SHARED).glob("*.tar.xz"))
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for number, vendor in enumerate(("siemens", "ge", "philips")):
            write_series(folder / "demo" / vendor, number, vendor, grid=small_grid(200, 128))
        rows.append(measured("demo headers, 3 vendors", folder / "demo"))
        for archive in archives:
            unpack(archive, folder / archive.name)
            rows.append(measured(archive.name.removesuffix(".tar.xz"), folder / archive.name))
    write_section("Inventory: reading headers (benchmarks/inventory.py)", table(rows))


def measured(name: str, folder: Path) -> tuple[str, ...]:
    """Files, and files a CPU second for each way of reading them."""
    files = files_of(folder)
    speeds = [
        len(files) / best(lambda: fresh_scan(folder)),
        len(files) / best(lambda: scan(folder, Layout(folder.parent / "kept"), 0, 1)),
        len(files) / best(lambda: read_all(files)),
        len(files) / best(lambda: read_all(files, sorted(WANTED))),
    ]
    print(name, len(files), *(round(speed) for speed in speeds))
    return (name, str(len(files)), *(f"{speed:,.0f}" for speed in speeds), f"{speeds[0] / speeds[2]:.1f}")


def best(work: Callable[[], object]) -> float:
    """CPU seconds of the fastest of three runs."""
    seconds = []
    for _ in range(REPEATS):
        began = time.process_time()
        work()
        seconds.append(time.process_time() - began)
    return min(seconds)


def fresh_scan(folder: Path) -> None:
    """A first inventory's scan: nothing kept from before."""
    with tempfile.TemporaryDirectory() as results:
        scan(folder, Layout(Path(results)), 0, 1)


def read_all(files: list[Path], tags: list[int] | None = None) -> None:
    """Read the headers with pydicom: all elements, or those alone that an inventory asks for."""
    for path in files:
        pydicom.dcmread(path, stop_before_pixels=True, force=True, specific_tags=tags)


def table(rows: list[tuple[str, ...]]) -> str:
    """The rows in Markdown, with what they mean."""
    head = ("set", "files", "unface", "unface again", "pydicom", "pydicom, wanted tags", "unface / pydicom")
    lines = ["| " + " | ".join(head) + " |", "|---|" + "---:|" * (len(head) - 1)]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return (
        "Files a CPU second, one process, best of three. *unface* is a whole scan: walking the folders, reading the "
        "headers, grouping them into series, writing the result. *unface again* is the same scan when nothing changed. "
        "*pydicom* is `dcmread(stop_before_pixels=True)` and keeps nothing; *wanted tags* adds `specific_tags` with "
        "what unface reads.\n\n" + "\n".join(lines)
    )


if __name__ == "__main__":
    main(sys.argv[1:])
