"""De-identification judged in the manner of MIDI-B: ten kinds of checks over a cohort with planted identifiers.

Stricter than the original in three places: a missing file fails every check that its input asks for, dates must keep
their intervals (one shift for all of a patient's dates), and one old UID must have one new one and the reverse.
"""

import argparse
import re
import subprocess
import sys
import tempfile
import warnings
from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pydicom
from bench import ROOT, files_of
from pydicom import DataElement, Dataset
from sections import write_section

from unface.deidentify.selection import excluded
from unface.dicom.standard import CLASS_UIDS
from unface.identity.pseudonyms import STANDARD_UID_ROOT, Key

REMOVAL = ("text_removed", "date_shifted", "uid_changed", "pixels_hidden")
RETENTION = ("tag_retained", "text_notnull", "text_retained", "uid_consistent", "patid_consistent", "pixels_retained")
TECHNICAL = [
    "Modality",
    "Manufacturer",
    "ManufacturerModelName",
    "ImageType",
    "MagneticFieldStrength",
    "EchoTime",
    "RepetitionTime",
    "InversionTime",
    "FlipAngle",
    "EchoTrainLength",
    "PixelBandwidth",
    "ScanningSequence",
    "SequenceVariant",
    "MRAcquisitionType",
    "SliceThickness",
    "SpacingBetweenSlices",
    "ImagingFrequency",
    "ImagedNucleus",
    "NumberOfAverages",
    "PatientPosition",
    "ImagePositionPatient",
    "ImageOrientationPatient",
    "InPlanePhaseEncodingDirection",
    "AcquisitionMatrix",
    "Rows",
    "Columns",
    "PixelSpacing",
    "BitsAllocated",
    "BitsStored",
    "HighBit",
    "PixelRepresentation",
    "SamplesPerPixel",
    "PhotometricInterpretation",
    "SeriesNumber",
    "InstanceNumber",
    "AcquisitionNumber",
    "PatientSex",
    "PatientWeight",
    "SOPClassUID",
]
"""What analyses need."""
REQUIRED = [
    "SOPClassUID",
    "SOPInstanceUID",
    "StudyInstanceUID",
    "SeriesInstanceUID",
    "PatientID",
    "PatientName",
    "Modality",
    "StudyDate",
]

INTERVALS = {"StudyDate", "SeriesDate", "AcquisitionDate", "ContentDate"}
"""Dates that must survive, shifted; others may go."""


class Score:
    """Checks done and failed, by kind."""

    def __init__(self) -> None:
        self.done: dict[str, int] = defaultdict(int)
        self.failed: dict[str, list[str]] = defaultdict(list)

    def check(self, kind: str, holds: bool, what: str) -> None:
        """Count one check; `what` names it if it fails."""
        self.done[kind] += 1
        if not holds:
            self.failed[kind].append(what)

    def percent(self, kinds: tuple[str, ...]) -> float:
        done = sum(self.done[kind] for kind in kinds)
        return 100 * (1 - sum(len(self.failed[kind]) for kind in kinds) / done)


def elements(ds: Dataset) -> Iterator[DataElement]:
    """Every public element, those inside sequences too."""
    for element in ds:
        if element.VR == "SQ":
            for item in element.value:
                yield from elements(item)
        elif not element.tag.is_private:
            yield element


def day_of(text: object) -> date | None:
    value = str(text)
    try:
        return date(int(value[:4]), int(value[4:6]), int(value[6:8]))
    except ValueError:
        return None


def holds_uid(data: bytes, uid: str) -> bool:
    """Whether a UID stands somewhere, as a whole."""
    return re.search(rb"(?<![0-9.])" + re.escape(uid.encode()) + rb"(?![0-9.])", data) is not None


def read(path: Path) -> Dataset | None:
    """A file that holds a whole image; None for all others."""
    try:
        ds = pydicom.dcmread(path)
        return ds if "PixelData" in ds and "Rows" in ds and _whole(ds) else None
    except Exception:
        return None


def _whole(ds: Dataset) -> bool:
    expected = ds.Rows * ds.Columns * ds.SamplesPerPixel * ds.BitsAllocated // 8 * int(ds.get("NumberOfFrames") or 1)
    return ds.file_meta.TransferSyntaxUID.is_compressed or len(ds.PixelData) >= expected


class Judge:
    """Compares the files of a cohort before and after."""

    def __init__(self, planted: list[bytes]) -> None:
        self.score = Score()
        self.planted = planted
        self.uids: dict[str, set[str]] = defaultdict(set)
        self.patients: dict[str, set[str]] = defaultdict(set)
        self.shifts: dict[str, int] = {}

    def pair(self, source: Path, before: Dataset, target: Path | None, after: Dataset) -> None:
        """Check one file; a missing one is an empty data set."""
        check = self.score.check
        old, new = source.read_bytes(), target.read_bytes() if target else b""
        for text in self.planted:
            if text in old:
                check("text_removed", target is not None and text not in new, "text")
        for keyword in TECHNICAL:
            if before.get(keyword) not in (None, ""):
                check("tag_retained", keyword in after, keyword)
                check("text_retained", before.get(keyword) == after.get(keyword), keyword)
        for keyword in REQUIRED:
            check("text_notnull", after.get(keyword) not in (None, ""), keyword)
        self._dates(before, after)
        self._uids(before, after, new)
        self.patients[str(before.get("PatientID"))].add(str(after.get("PatientID")))
        check("pixels_retained", before.PixelData == after.get("PixelData"), "PixelData")

    def _dates(self, before: Dataset, after: Dataset) -> None:
        for element in before:
            day = day_of(element.value) if element.VR in ("DA", "DT") else None
            if day is None or element.keyword == "PatientBirthDate":
                continue
            if element.tag not in after and element.keyword not in INTERVALS and after:
                self.score.check("date_shifted", True, element.keyword)
                continue
            moved = day_of(after.get(element.tag).value) if element.tag in after else None
            days = (moved - day).days if moved else 0
            same = self.shifts.setdefault(str(before.PatientID), days) == days
            self.score.check("date_shifted", days != 0 and same, element.keyword)

    def _uids(self, before: Dataset, after: Dataset, new: bytes) -> None:
        for element in elements(before):
            uid = str(element.value)
            if element.VR != "UI" or element.tag in CLASS_UIDS or not uid or uid.startswith(STANDARD_UID_ROOT):
                continue
            self.score.check("uid_changed", bool(new) and not holds_uid(new, uid), element.keyword)
            if element.tag in before and element.tag in after and before[element.tag].value == element.value:
                self.uids[uid].add(str(after[element.tag].value))

    def finish(self) -> Score:
        """Add the checks of the whole cohort: one new name for each old one, and the reverse."""
        for kind, names in (("uid_consistent", self.uids), ("patid_consistent", self.patients)):
            back: dict[str, set[str]] = defaultdict(set)
            for name, new_names in names.items():
                for new_name in new_names:
                    back[new_name].add(name)
            for new_names in names.values():
                only = next(iter(new_names))
                self.score.check(kind, len(new_names) == 1 and len(back[only]) == 1 and only != "None", kind)
        return self.score


def judge(source: Path, target: Path, key: Key, planted: list[bytes]) -> tuple[Score, int]:
    """Check a cohort; returns the score and how many files there were to check."""
    written = {ds.SOPInstanceUID: (path, ds) for path in files_of(target) if (ds := read(path)) is not None}
    court, count = Judge(planted), 0
    for path in files_of(source):
        before = read(path)
        if before is None:
            continue
        count += 1
        clean = written.get(key.uid(str(before.SOPInstanceUID)))
        named = ("SOPClassUID", "Modality", "BurnedInAnnotation")
        if excluded({name: str(before.get(name, "")) for name in named}, []):
            court.score.check("pixels_hidden", clean is None, "burned in")
            continue
        court.pair(path, before, *(clean or (None, Dataset())))
    return court.finish(), count


def section(score: Score, files: int, planted: int) -> str:
    """The section of RESULTS.md."""
    lines = [
        f"`python benchmarks/midi.py`: {files} images of the small demo cohort, {planted} identifiers planted.",
        "",
        "| check | done | failed | % | what failed |",
        "|---|---|---|---|---|",
    ]
    for kind in (*REMOVAL, *RETENTION):
        failed = score.failed[kind]
        names = ", ".join(sorted(set(failed))) or "-"
        lines.append(f"| {kind} | {score.done[kind]} | {len(failed)} | {score.percent((kind,)):.2f} | {names} |")
    lines += ["", f"Removal {score.percent(REMOVAL):.2f} %, retention {score.percent(RETENTION):.2f} %."]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.parse_args()
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        source, target, strings = work / "in", work / "out", work / "planted.txt"
        make = ["-m", "demo.make_cohort", source, "--small", "--planted", strings]
        subprocess.run([sys.executable, *map(str, make)], cwd=ROOT, check=True, capture_output=True)
        clean = [ROOT / "scripts" / "deidentify_dicom.py", source, target, "--key", work / "key"]
        subprocess.run([sys.executable, *map(str, clean)], check=False, capture_output=True)
        planted = [line.encode() for line in strings.read_text(encoding="utf-8").splitlines() if line]
        score, files = judge(source, target, Key.load(work / "key"), planted)
    text = section(score, files, len(planted))
    print(text)
    write_section("Headers: ten kinds of checks in MIDI-B's manner (benchmarks/midi.py)", text)


if __name__ == "__main__":
    main()
