"""Make a cohort of raw DICOM that belongs to nobody: planted identifiers in every header, and planted trouble.

    python -m demo.make_cohort demo/dicom            # nine sessions of eight subjects, 2 mm heads
    python -m demo.make_cohort /tmp/dicom --small    # three sessions, 3 mm heads

Beside the folder it writes planted_identifiers.txt (strings to be found nowhere in what leaves the restricted folder)
and expected.json (how each session has to end). The same bytes every time.
"""

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from demo import heads, others, planted, series
from demo.person import Person
from demo.series import Grid, Protocol

PLANTED = "planted_identifiers.txt"
EXPECTED = "expected.json"

_AXES = ((1, 1, 0), (1, -1, 0), (0, 1, 1), (0, 1, -1), (1, 0, 1), (-1, 0, 1))
GRADIENTS = np.array([[0, 0, 0, 0]] + [[1000, *(np.array(axis) / np.sqrt(2))] for axis in _AXES])
"""b-values in s/mm2 and directions (LPS) of the diffusion series: one b0 and six directions."""

T1W_PROTOCOLS = {"siemens": series.MPRAGE, "ge": series.BRAVO, "philips": series.TFE}


@dataclass(frozen=True)
class Expected:
    """How one session of the cohort has to end.

    Attributes
    ----------
    patient_id, study_uid, study_date : str
        Which session it is, in the source's words.
    verdict : str
        "released" or "withheld".
    codes : tuple of str
        Of the reasons; one of them has to be given.
    images : tuple of str
        Endings of the BIDS names that have to be released.
    trouble : str
        What was planted, in words.
    """

    patient_id: str
    study_uid: str
    study_date: str
    verdict: str
    codes: tuple[str, ...]
    images: tuple[str, ...]
    trouble: str


def read_expected(path: Path) -> list[Expected]:
    """The expected endings that a former run has written."""
    endings = json.loads(path.read_text())
    return [Expected(**(end | {name: tuple(end[name]) for name in ("codes", "images")})) for end in endings]


@dataclass(frozen=True)
class Sizes:
    """Grids of the cohort's series."""

    head: Grid
    epi: Grid
    volumes: int


FULL = Sizes(series.sagittal((96, 128, 128), (1.8, 2.0, 2.0)), series.axial((20, 48, 48), (5.5, 4.5, 4.5)), 12)
SMALL = Sizes(series.sagittal((60, 84, 84), (2.9, 3.0, 3.0)), series.axial((9, 24, 24), (12.0, 9.0, 9.0)), 4)


class Visit:
    """One session being written: a person, a head, a folder."""

    def __init__(self, out: Path, person: Person, sizes: Sizes, head: heads.Anatomy, name: str = "") -> None:
        self.person, self.sizes, self.head = person, sizes, head
        self.folder = out / (name or f"{person.surname}_{person.patient_id}") / person.date

    def anat(
        self,
        number: int,
        protocol: Protocol | None = None,
        *,
        contrast: heads.Contrast = heads.T1W,
        claimed: Grid | None = None,
        descriptors: bool = False,
        name: str = "{index:05d}.dcm",
        noise: float = 7.0,
        faceless: bool = False,
    ) -> list[Path]:
        """A 3D head; `claimed` is the grid that the header tells, where it differs from the true one.

        `faceless`: as another program left it, which took the face off.
        """
        grid = self.sizes.head
        protocol = protocol or T1W_PROTOCOLS[self.person.vendor]
        clean = heads.signal(self.head, grid.to_world, grid.shape, contrast)
        volume = heads.scanned(clean, self.head.seed + 100 * number, noise)
        if faceless:
            volume = heads.without_face(volume, self.head, grid.to_world)
        finish = partial(planted.plant_rarities, person=self.person, descriptors=descriptors)
        datasets = series.images(self.person, volume, claimed or grid, protocol, series_number=number, finish=finish)
        return series.write(
            self.folder / f"{number:03d}_{protocol.description.replace(' ', '_')}", datasets, self.person, name
        )

    def epi(self, number: int, protocol: Protocol, gradients: NDArray[np.float64] | None = None) -> list[Path]:
        """A bold run, or a diffusion series when there are gradients."""
        grid = self.sizes.epi
        clean = heads.signal(self.head, grid.to_world, grid.shape, heads.EPI)
        count = self.sizes.volumes if gradients is None else len(gradients)
        fading = np.ones(count) if gradients is None else np.exp(-7e-4 * gradients[:, 0])
        volumes = np.stack([heads.scanned(clean * faded, 1000 * number + index) for index, faded in enumerate(fading)])
        datasets = series.mosaics(self.person, volumes, grid, protocol, series_number=number, gradients=gradients)
        return series.write(self.folder / f"{number:03d}_{protocol.description}", datasets, self.person)

    def expected(
        self, verdict: str, images: tuple[str, ...], trouble: str = "", codes: tuple[str, ...] = ()
    ) -> Expected:
        person = self.person
        return Expected(person.patient_id, person.uid(0), person.study_date, verdict, codes, images, trouble)


def make(out: Path, *, small: bool = False) -> tuple[list[str], list[Expected]]:
    """Write the cohort below `out`.

    Returns
    -------
    planted : list of str
        Every planted string, sorted.
    expected : list of Expected
        One for each session.
    """
    people: list[Person] = []

    def visit(number: int, vendor: str, *, date: str = "", name: str = "") -> Visit:
        person = Person(number, vendor, date or f"2019{1 + number % 12:02d}{3 + number:02d}")
        people.append(person)
        return Visit(out, person, SMALL if small else FULL, heads.anatomy(11 + number), name)

    visits = SMALL_COHORT if small else COHORT
    expected = [outcome for write in visits for outcome in write(visit)]
    strings = {text for person in people for text in person.secrets.values()}
    return sorted(strings), expected


MakeVisit = Callable[..., Visit]


def all_modalities(visit: MakeVisit) -> list[Expected]:
    """Siemens: T1w, T2w, bold and diffusion; and a year later the same head again."""
    first = visit(0, "siemens")
    first.anat(2)
    first.anat(3, series.SPACE, contrast=heads.T2W)
    first.epi(4, series.BOLD)
    first.epi(5, series.DIFFUSION, GRADIENTS)
    second = visit(0, "siemens", date="20200622")
    second.head = replace(second.head, seed=555, to_template=second.head.to_template @ _shifted(4, -3, 6))
    second.anat(2)
    return [
        first.expected("released", ("T1w", "T2w", "bold", "dwi")),
        second.expected("released", ("T1w",), "the second session of a subject"),
    ]


def secondary_capture(visit: MakeVisit) -> list[Expected]:
    """GE: T1w and T2w, a screen with the patient's name in its pixels, an encapsulated document and a stray PDF."""
    scan = visit(1, "ge")
    scan.anat(2)
    scan.anat(3, series.CUBE, contrast=heads.T2W)
    others.save_screen(scan.folder / "099_screen" / "screen.dcm", scan.person)
    planted.save(others.document(scan.person), scan.folder / "report", scan.person)
    planted.save(others.structured_report(scan.person), scan.folder / "measurements", scan.person)
    stray = scan.folder.parent / f"letter_{scan.person.secret('file name')}.pdf"
    stray.write_bytes(others.pdf(scan.person.secret("stray pdf")))
    return [scan.expected("released", ("T1w", "T2w"), "a secondary capture with burned-in text, and a stray PDF")]


def unmapped_series(visit: MakeVisit) -> list[Expected]:
    """Philips: a T1w with names in its descriptors, and a series that no rule knows."""
    scan = visit(2, "philips")
    scan.anat(2, descriptors=True)
    grid = series.axial((5, 32, 32), (20.0, 8.0, 8.0))
    strange = Protocol(
        "wip_puzzle_ffe", "FFE", ("GR",), ("SS",), "2D", ("ORIGINAL", "PRIMARY", "OTHER"), 500.0, 2.1, None, 30.0
    )
    volume = heads.image(scan.head, grid.to_world, grid.shape, heads.EPI)
    series.write(
        scan.folder / "007_cal", series.images(scan.person, volume, grid, strange, series_number=7), scan.person
    )
    return [scan.expected("released", ("T1w",), "a series that no rule maps")]


def two_in_one_folder(visit: MakeVisit) -> list[Expected]:
    """Siemens and GE: two patients in one flat folder, files without an ending; the first's T1w measured twice."""
    repeated = visit(3, "siemens", name="exchange")
    other = visit(4, "ge", name="exchange")
    repeated.folder = other.folder = repeated.folder.parent / "DICOM"
    repeated.anat(2, name="A{series}{index:05d}", noise=30.0)
    repeated.anat(3, name="A{series}{index:05d}")
    for path in sorted(repeated.folder.rglob("A*")):
        path.rename(repeated.folder / path.name)
    for path in other.anat(2, name="B{series}{index:05d}"):
        path.rename(other.folder / path.name)
    others.save_directory(repeated.folder.parent / "DICOMDIR", [repeated.person, other.person])
    for folder in [path for path in repeated.folder.iterdir() if path.is_dir()]:
        folder.rmdir()
    return [
        repeated.expected("released", ("T1w", "T1w"), "a repeated series, in a folder that holds two patients"),
        other.expected("released", ("T1w",), "a folder that holds two patients"),
    ]


def truncated(visit: MakeVisit) -> list[Expected]:
    """GE: the file of one slice of the T1w ends half-way through its pixels."""
    scan = visit(5, "ge")
    files = scan.anat(2)
    cut = files[len(files) // 2]
    cut.write_bytes(cut.read_bytes()[: -scan.sizes.head.shape[1] * scan.sizes.head.shape[2]])
    return [scan.expected("withheld", (), "a truncated file", ("unreadable", "incomplete"))]


def lying_header(visit: MakeVisit) -> list[Expected]:
    """Siemens: sagittal slices whose header calls them axial: the head lies on its face."""
    scan = visit(6, "siemens")
    claimed = replace(scan.sizes.head, along_row=(1, 0, 0), along_column=(0, 1, 0))
    scan.anat(2, claimed=claimed)
    return [scan.expected("withheld", (), "a head whose orientation header lies", ("registration_failed",))]


def defaced_elsewhere(visit: MakeVisit) -> list[Expected]:
    """GE: a T1w whose face another program took off before it came here: a person has to say whether that is so."""
    scan = visit(7, "ge")
    scan.anat(2, faceless=True)
    return [scan.expected("withheld", (), "a head that was defaced before, for a person to rate", ("defaced_before",))]


def small_released(visit: MakeVisit) -> list[Expected]:
    """Siemens: T1w and bold."""
    scan = visit(0, "siemens")
    scan.anat(2)
    scan.epi(4, series.BOLD)
    return [scan.expected("released", ("T1w", "bold"))]


def small_capture(visit: MakeVisit) -> list[Expected]:
    """GE: T1w, a screen with burned-in text, and a stray PDF."""
    scan = visit(1, "ge")
    scan.anat(2, descriptors=True)
    others.save_screen(scan.folder / "099_screen" / "screen.dcm", scan.person)
    (scan.folder.parent / f"letter_{scan.person.secret('file name')}.pdf").write_bytes(
        others.pdf(scan.person.secret("stray pdf"))
    )
    return [scan.expected("released", ("T1w",), "a secondary capture with burned-in text, and a stray PDF")]


COHORT = (
    all_modalities,
    secondary_capture,
    unmapped_series,
    two_in_one_folder,
    truncated,
    lying_header,
    defaced_elsewhere,
)
SMALL_COHORT = (small_released, small_capture, truncated)


def _shifted(*shift_mm: float) -> NDArray[np.float64]:
    affine = np.eye(4)
    affine[:3, 3] = shift_mm
    return affine


def main(arguments: list[str] | None = None) -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, help="folder to make; it must be empty or absent")
    parser.add_argument("--small", action="store_true", help="three sessions with coarse heads, for tests")
    parser.add_argument("--planted", type=Path, help=f"default: {PLANTED} beside OUT")
    options = parser.parse_args(arguments)
    if options.out.exists() and any(options.out.iterdir()):
        parser.error(f"{options.out} is not empty")
    strings, expected = make(options.out, small=options.small)
    (options.planted or options.out.parent / PLANTED).write_text("".join(f"{text}\n" for text in strings))
    (options.out.parent / EXPECTED).write_text(json.dumps([asdict(outcome) for outcome in expected], indent=1) + "\n")
    print(f"{len(expected)} sessions in {options.out}, {len(strings)} planted identifiers")
    return 0


if __name__ == "__main__":
    sys.exit(main())
