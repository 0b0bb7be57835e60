"""How the shipped mapping rules name series that real protocols have: right, wrong, or left for a person.

    python -m benchmarks.mapping

Two lists. Ours (mapping_names.tsv, with the headers of mapping_sequences.yaml) is written as DICOM with one patient a
vendor; the other lies beside the project (../shared/cases/mapping) and is skipped where it does not. An inventory reads
each, and protocols.tsv says what the conversion will write. *Right* looks at the datatype and the suffix. Prints every
name that is wrong or waits, and what the suggested rule for it says; writes its section of RESULTS.md.
"""

import csv
import json
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from pydicom import Dataset, dcmwrite
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, MRImageStorage, generate_uid

from benchmarks.bench import ROOT
from benchmarks.sections import write_section
from unface.identity.pseudonyms import Key
from unface.inventory.inventory import collect
from unface.inventory.scan import scan
from unface.mapping.rules import Rules, load
from unface.run.layout import Layout
from unface.run.settings import SHIPPED_RULES

SHARED_LIST = ROOT.parent / "shared" / "cases" / "mapping"
OURS = Path(__file__).with_name("mapping_names.tsv")
SEQUENCES = Path(__file__).with_name("mapping_sequences.yaml")
SIZE = 8
"""Rows and columns of a slice."""
NO_KEYWORDS = {"volumes", "slices", "b_values", "mosaic", "sequence", "types"}


@dataclass(frozen=True)
class Name:
    """A series of a list."""

    vendor: str
    number: int
    name: str
    expected: frozenset[str]
    """What is right: `anat/T1w`, or `excluded`."""


@dataclass(frozen=True)
class Named:
    """What became of it."""

    series: Name
    result: str
    """Of protocols.tsv."""
    suggestion: str
    rules: str

    @property
    def verdict(self) -> str:
        """right, wrong, or open: no rule matches, or several do."""
        return verdict(self.result, self.series.expected)

    @property
    def suggested(self) -> str:
        """right or wrong, of what the suggested rule says: to leave a series out is right always."""
        right = self.suggestion in ("", "excluded") or verdict(self.suggestion, self.series.expected) == "right"
        return "right" if right else "wrong"


def verdict(result: str, expected: frozenset[str]) -> str:
    """Hold a result against what is right."""
    if result in ("unmapped", "ambiguous", ""):
        return "open"
    if result == "excluded":
        return "right" if "excluded" in expected else "wrong"
    datatype, name = result.split("/")
    suffixes = [suffix.replace("{echo}", "1") for suffix in name.split("_")[-1].split("+")]
    first = {name.split("+")[0] for name in expected}
    return "right" if f"{datatype}/{suffixes[0]}" in first else "wrong"


def main() -> None:
    """Measure the lists at hand."""
    sections = []
    rules = load(SHIPPED_RULES)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ours = list(write_ours(folder / "ours"))
        sections.append(measured("our list", folder / "ours", ours, rules))
        if SHARED_LIST.is_dir():
            subprocess.run([sys.executable, SHARED_LIST / "make.py", folder / "theirs"], check=True, cwd=SHARED_LIST)
            theirs = list(read_truth(folder / "theirs" / "truth.json"))
            sections.append(measured("the list beside the project", folder / "theirs" / "dicom", theirs, rules))
        else:
            print(f"{SHARED_LIST} is not there: that list is left out")
    head = "| list | names | right | wrong | open | suggestions | right |\n|---|---:|---:|---:|---:|---:|---:|\n"
    write_section("Mapping: names of real protocols (benchmarks/mapping.py)", head + "\n".join(sections))


def measured(title: str, dicom: Path, names: list[Name], rules: Rules) -> str:
    """Make an inventory, print what is not right, and return the row of the table."""
    results = list(inventoried(dicom, names))
    counts = Counter(named.verdict for named in results)
    waiting = [named for named in results if named.verdict == "open"]
    suggested = Counter(named.suggested for named in waiting)
    for kind in ("wrong", "open"):
        for named in results:
            if named.verdict == kind:
                series, expected = named.series, "/".join(sorted(named.series.expected))
                print(
                    kind,
                    series.vendor,
                    series.name,
                    named.result,
                    named.rules,
                    "not",
                    expected,
                    named.suggestion,
                    sep="  ",
                )
    print(title, len(results), dict(counts), "suggestions", dict(suggested), f"({len(rules.rules)} rules)")
    shares = (f"{counts[kind]} ({100 * counts[kind] / len(results):.0f} %)" for kind in ("right", "wrong", "open"))
    return f"| {title} | {len(results)} | {' | '.join(shares)} | {len(waiting)} | {suggested['right']} |"


def inventoried(dicom: Path, names: list[Name]) -> Iterator[Named]:
    """Read the headers, and take from the tables of the inventory what each series is called."""
    layout = Layout(dicom.parent / f"{dicom.name}_results")
    scan(dicom, layout, 0, 1)
    collect([layout.scan("0")], layout, Key(b"k" * 32), None, SHIPPED_RULES)
    groups = {row["group"]: row for row in rows(layout.protocol_groups_restricted)}
    of_series: dict[tuple[str, int], list[str]] = {}
    for row in rows(layout.inventory):
        of_series.setdefault((row["Manufacturer"], int(row["SeriesNumber"])), []).append(row["protocol_group"])
    for name in names:
        # One series that became several groups has a name only if all of them have it.
        parts = [groups[group] for group in dict.fromkeys(of_series[name.vendor, name.number])]
        result = parts[0]["result"] if len({part["result"] for part in parts}) == 1 else "ambiguous"
        yield Named(name, result, parts[0]["suggestion"], parts[0]["rules"])


def rows(path: Path) -> list[dict[str, str]]:
    """A table."""
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, delimiter="\t"))


def read_truth(path: Path) -> Iterator[Name]:
    """The list beside the project: its suffixes without a datatype are ours with any."""
    makers = {"S": "SIEMENS", "G": "GE MEDICAL SYSTEMS", "P": "Philips Medical Systems"}
    for entry in json.loads(path.read_text(encoding="utf-8")):
        expected = {with_datatype(suffix) for suffix in entry["expected"]}
        yield Name(makers[entry["vendor"]], entry["n"], entry["desc"], frozenset(expected))


def with_datatype(expected: str) -> str:
    """`func/sbref` of `sbref func`, `anat/T1w` of `T1w`."""
    if expected == "excluded":
        return expected
    suffix, *more = expected.split()
    if suffix == "sbref":
        return f"{more[0]}/sbref"
    folders = {
        "bold": "func",
        "dwi": "dwi",
        "asl": "perf",
        "m0scan": "perf",
        "pet": "pet",
        "epi": "fmap",
        "fieldmap": "fmap",
    }
    folders |= {"phasediff": "fmap", "magnitude1": "fmap", "magnitude1+magnitude2": "fmap", "TB1TFL": "fmap"}
    return f"{folders.get(suffix, 'anat')}/{suffix}"


def write_ours(folder: Path) -> Iterator[Name]:
    """Write the series of our list, each in a folder of its own."""
    content = yaml.safe_load(SEQUENCES.read_text(encoding="utf-8"))
    lines = [line for line in OURS.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    for number, row in enumerate(csv.DictReader(lines, delimiter="\t"), start=1):
        vendor = row["sequence"].split("-", 1)[0]
        header = content["sequences"][row["sequence"]]
        write_series(folder / f"{number:03d}", number, row["name"], content["vendors"][vendor], header)
        maker = content["vendors"][vendor]["Manufacturer"]
        yield Name(maker, number, row["name"], frozenset(row["expected"].split()))


def write_series(folder: Path, number: int, name: str, vendor: Mapping[str, Any], header: Mapping[str, Any]) -> None:
    """Write the images of one series: header values of the sequence, pixels of zeros."""
    folder.mkdir(parents=True)
    b_values = header.get("b_values")
    echoes = header["EchoTime"] if isinstance(header.get("EchoTime"), list) else [header.get("EchoTime")]
    types = header.get("types") or [header["ImageType"]]
    slices = 1 if header.get("mosaic") else header.get("slices", 4)
    images = [
        (volume, kind, echo, place)
        for volume in range(len(b_values) if b_values else header.get("volumes", 1))
        for kind in types
        for echo in range(len(echoes))
        for place in range(slices)
    ]
    for index, (volume, kind, echo, place) in enumerate(images, start=1):
        ds = about_patient(vendor, number, name)
        for keyword, value in (*vendor.items(), *header.items()):
            if keyword not in NO_KEYWORDS:
                setattr(ds, keyword, value)
        ds.ImageType, ds.EchoTime, ds.EchoNumbers = kind, echoes[echo], echo + 1
        ds.InstanceNumber, ds.AcquisitionNumber = index, volume + 1
        ds.ImagePositionPatient = [-10, -10, 2 * place]
        ds.SOPInstanceUID = generate_uid(entropy_srcs=["mapping", str(number), str(index)])
        tell_vendor(ds, header, b_values[volume] if b_values else None)
        ds.file_meta = FileMetaDataset()
        ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        ds.file_meta.MediaStorageSOPClassUID, ds.file_meta.MediaStorageSOPInstanceUID = (
            ds.SOPClassUID,
            ds.SOPInstanceUID,
        )
        dcmwrite(folder / f"{index:04d}.dcm", ds, enforce_file_format=True)


def about_patient(vendor: Mapping[str, Any], number: int, name: str) -> Dataset:
    """What images of all sequences have: a patient a vendor, one study, and the geometry of a slice."""
    maker = str(vendor["Manufacturer"])
    ds = Dataset()
    ds.SOPClassUID, ds.Modality = MRImageStorage, "MR"
    ds.PatientID = ds.PatientName = f"MAP{sum(maker.encode()):05d}"
    ds.StudyInstanceUID = generate_uid(entropy_srcs=["mapping", maker])
    ds.SeriesInstanceUID = generate_uid(entropy_srcs=["mapping", maker, str(number)])
    ds.StudyDate = ds.SeriesDate = ds.AcquisitionDate = ds.ContentDate = "20200310"
    ds.StudyTime = ds.SeriesTime = ds.AcquisitionTime = ds.ContentTime = f"{8 + number // 60:02d}{number % 60:02d}00"
    ds.SeriesNumber, ds.SeriesDescription, ds.ProtocolName = number, name, name
    ds.MagneticFieldStrength, ds.SliceThickness, ds.SpacingBetweenSlices = 3, 2, 2
    ds.InPlanePhaseEncodingDirection, ds.EchoTrainLength = "COL", 1
    ds.ImageOrientationPatient, ds.PixelSpacing = [1, 0, 0, 0, 1, 0], [3, 3]
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 12, 11, 0
    return ds


def tell_vendor(ds: Dataset, header: Mapping[str, Any], b_value: int | None) -> None:
    """What vendors say in elements of their own, and the pixels: Siemens' mosaics have more of them."""
    siemens = ds.Manufacturer == "SIEMENS"
    if siemens and (header.get("mosaic") or b_value is not None):
        block = ds.private_block(0x0019, "SIEMENS MR HEADER", create=True)
        if header.get("mosaic"):
            block.add_new(0x0A, "US", 4)
        if b_value is not None:
            block.add_new(0x0C, "IS", b_value)
            ds.setdefault("SequenceName", "ep_b0" if b_value == 0 else f"ep_b{b_value}#1")
    elif b_value is not None:
        ds.DiffusionBValue = float(b_value)
    if header.get("sequence"):
        ds.private_block(0x0019, "GEMS_ACQU_01", create=True).add_new(0x9C, "LO", header["sequence"])
    ds.Rows = ds.Columns = 2 * SIZE if header.get("mosaic") else SIZE
    ds.add_new("PixelData", "OW", np.zeros((ds.Rows, ds.Columns), np.uint16).tobytes())


if __name__ == "__main__":
    main()
