"""Clean files of real scanners beside their sources: dcm2niix makes the same of them, dciodvfy finds no new error.

    python -m benchmarks.scanners [FOLDER]

FOLDER holds the scanner sets, each in a folder of its own or as .tar.xz. Every series is de-identified with the
settings that config.yaml comes with. dcm2niix converts it before and after; voxels, affine, b-values and b-vectors
must be equal, and so must every value of the sidecars, but for those that de-identification means to change, which must
have changed as they are meant to. dciodvfy (Debian dicom3tools) looks at the first and last file
of each series. Prints every difference and writes its section of RESULTS.md.
"""

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pydicom

from benchmarks.bench import SHARED, files_of, unpack
from benchmarks.sections import write_section
from unface.deidentify import command
from unface.deidentify.selection import excluded
from unface.identity.pseudonyms import Key

HEADING = "Headers: clean files of real scanners (benchmarks/scanners.py)"
REPLACED = {
    *("PatientID", "PatientName", "SeriesInstanceUID", "StudyInstanceUID", "AcquisitionDateTime", "PatientAge"),
    *("AcquisitionTime",),
    *("DeidentificationMethod", "DeidentificationMethodCodeSequence"),
}
"""Sidecar keys of which another value is meant, or none: pseudonyms, new UIDs, shifted days, ages in bands."""
GONE = {
    *("AccessionNumber", "DeviceSerialNumber", "InstitutionAddress", "InstitutionName", "InstitutionalDepartmentName"),
    *("PatientBirthDate", "PerformingPhysicianName", "ReferringPhysicianName", "StationName", "StudyID"),
    *("OperatorsName", "WipMemBlock"),
}
"""Keys that tell of a person, place or device: none is meant. The last one names who compiled a sequence when."""
FEWER_WORDS = {
    *("ImageComments", "ProcedureStepDescription", "ProtocolName", "SeriesDescription", "StudyDescription"),
    "PulseSequenceDetails",
}
"""Keys that hold text that someone typed: some of its words, in their order, are meant."""
SAYS_NOTHING = (None, "None", "REMOVED")
"""What stands where a value was that had to be there, and what dcm2niix makes of an empty one."""
ABOUT_CONVERSION = {"ConversionSoftware", "ConversionSoftwareVersion", "BidsGuess"}
"""The guess follows the descriptions."""
NAMED = "SOPClassUID", "Modality", "BurnedInAnnotation", "SeriesInstanceUID", "SOPInstanceUID"


@dataclass
class Compared:
    """One set: its series and images, and what differs."""

    series: int = 0
    excluded: int = 0
    images: int = 0
    unequal: list[str] = field(default_factory=list)
    """Images whose voxels, affine or gradients are not the same."""
    values: int = 0
    """Values of sidecars that were compared."""
    lost: Counter[str] = field(default_factory=Counter)
    """Keys whose value differs or is gone and is not meant to, in how many images."""
    identifying: Counter[str] = field(default_factory=Counter)
    """Keys whose value differs as it is meant to."""
    checked: int = 0
    errors_before: int = 0
    errors_new: Counter[str] = field(default_factory=Counter)


def series_of(folder: Path) -> dict[str, dict[str, Path]]:
    """Images below a folder, by SeriesInstanceUID and SOPInstanceUID; those that never enter under no series."""
    by_series: dict[str, dict[str, Path]] = defaultdict(dict)
    for path in files_of(folder):
        try:
            ds = pydicom.dcmread(path, specific_tags=list(NAMED), stop_before_pixels=True)
        except pydicom.errors.InvalidDicomError:
            continue
        if "SOPClassUID" not in ds:
            continue  # A DICOMDIR.
        out = excluded({name: str(ds.get(name, "")) for name in NAMED}, [])
        by_series["" if out else str(ds.get("SeriesInstanceUID"))][str(ds.get("SOPInstanceUID"))] = path
    return by_series


def converted(files: list[Path], work: Path) -> dict[str, tuple[Any, ...]]:
    """What dcm2niix makes of files: by image, voxels, affine, b-values with b-vectors, and the sidecar."""
    source, target = Path(tempfile.mkdtemp(dir=work)), Path(tempfile.mkdtemp(dir=work))
    for number, path in enumerate(files):
        (source / f"{number:06d}.dcm").symlink_to(path)
    program = Path(sys.executable).parent / "dcm2niix"
    arguments = ["-z", "n", "-b", "y", "-ba", "n", "-f", "%s_%e", "-o", str(target), str(source)]
    subprocess.run([str(program), *arguments], check=False, capture_output=True, timeout=600)
    made = {}
    for path in sorted(target.glob("*.nii")):
        image = nib.nifti1.load(path)
        gradients = "".join(text.read_text() for text in sorted(target.glob(f"{path.stem}.bv*")))
        sidecar = path.with_suffix(".json")
        keys = json.loads(sidecar.read_text()) if sidecar.exists() else {}
        made[path.name] = np.array(np.asanyarray(image.dataobj)), np.asarray(image.affine), gradients, keys
    shutil.rmtree(source)
    shutil.rmtree(target)
    return made


def errors_of(path: Path) -> Counter[str]:
    """dciodvfy's errors in a file, without the values that it quotes."""
    done = subprocess.run(
        ["dciodvfy", "-new", str(path)], capture_output=True, text=True, check=False, errors="replace"
    )
    lines = (done.stdout + done.stderr).splitlines()
    return Counter(re.sub(r"<[^>]*>|= .*", "", line) for line in lines if line.startswith("Error"))


def as_meant(key: str, before: dict[str, Any], after: dict[str, Any]) -> bool:
    """Whether the value of a sidecar's key became what de-identification means to make of it."""
    old, new = before.get(key), after.get(key)
    if old == new or key in REPLACED | ABOUT_CONVERSION:
        return True
    if key in GONE:
        return new in SAYS_NOTHING
    if key not in FEWER_WORDS:
        return False
    # Where nothing is left of a name dcm2niix takes another.
    return new in SAYS_NOTHING or any(_fewer_words(str(before.get(name)), str(new)) for name in (key, *FEWER_WORDS))


def _fewer_words(old: str, new: str) -> bool:
    words = iter(re.findall(r"[A-Za-z0-9]+", old))
    return all(word in words for word in re.findall(r"[A-Za-z0-9]+", new))


def compare_images(compared: Compared, label: str, before: dict[str, Any], after: dict[str, Any]) -> None:
    """Compare what dcm2niix made of one series before and after."""
    compared.images += len(before)
    if before.keys() != after.keys():
        compared.unequal.append(f"{label}: images {sorted(before)} became {sorted(after)}")
    for name in before.keys() & after.keys():
        (voxels, affine, gradients, old), (new_voxels, new_affine, new_gradients, new) = before[name], after[name]
        for what, same in (
            ("voxels", np.array_equal(voxels, new_voxels)),
            ("affine", np.array_equal(affine, new_affine)),
            ("gradients", gradients == new_gradients),
        ):
            if not same:
                compared.unequal.append(f"{label} {name}: {what}")
        for key in sorted(old.keys() | new.keys()):
            compared.values += 1
            if old.get(key) != new.get(key):
                meant = as_meant(key, old, new)
                (compared.identifying if meant else compared.lost)[key] += 1
                if not meant:
                    print(f"  {label} {name} {key}: {old.get(key)!r} -> {new.get(key)!r}"[:300], flush=True)


def compare(source: Path, work: Path) -> Compared:
    """De-identify one set and compare every series."""
    compared, target, key_path = Compared(), work / "clean", work / "key"
    command.main([str(source), str(target), "--key", str(key_path)])
    key = Key.load(key_path)
    sources = series_of(source)
    clean = {uid: path for series in series_of(target).values() for uid, path in series.items()}
    compared.excluded = len(sources.pop("", {}))
    for number, files in enumerate(sources.values(), start=1):
        compared.series += 1
        pairs = [(path, clean.get(key.uid(uid))) for uid, path in files.items()]
        missing = sum(after is None for _, after in pairs)
        if missing:
            compared.unequal.append(f"series {number}: {missing} of {len(pairs)} files were refused")
        befores, afters = [before for before, _ in pairs], [after for _, after in pairs if after is not None]
        compare_images(compared, f"series {number}", converted(befores, work), converted(afters, work))
        for before, after in {pairs[0], pairs[-1]} if shutil.which("dciodvfy") else ():
            if after is not None:
                old, new = errors_of(before), errors_of(after)
                compared.checked += 1
                compared.errors_before += sum(old.values())
                compared.errors_new += new - old
                for error in new - old:
                    print(f"  series {number} {before.name}: {error}", flush=True)
    shutil.rmtree(target)
    return compared


def sets(folder: Path, work: Path) -> Iterator[Path]:
    """The folder of each set that holds DICOM; archives are unpacked one at a time."""
    for archive in sorted(folder.glob("*.tar.xz")):
        target = work / "sets" / archive.name.removesuffix(".tar.xz")
        unpack(archive, target)
        if series_of(target):
            yield target
        shutil.rmtree(target)
    yield from sorted(path for path in folder.iterdir() if path.is_dir() and series_of(path))


def table(by_set: dict[str, Compared]) -> str:
    """The section of RESULTS.md."""
    have = shutil.which("dciodvfy") is not None
    series = sum(compared.series for compared in by_set.values())
    images = sum(compared.images for compared in by_set.values())
    lines = [
        f"`python -m benchmarks.scanners`: {len(by_set)} sets, {series} series, {images} images by dcm2niix, before "
        "and after de-identification; of their sidecars every value is compared. "
        + ("dciodvfy looks at two files a series." if have else "dciodvfy is not installed: not looked at."),
        "",
        "| set | series | files excluded | images | voxels, affine or gradients differ | values | differ and must not "
        "| files with dciodvfy | errors before | errors that are new |",
        "|---|---:|---:|---:|---:|---:|---|---:|---:|---:|",
    ]
    for name, compared in by_set.items():
        lost = ", ".join(f"{key} ({count})" for key, count in sorted(compared.lost.items())) or "none"
        new = sum(compared.errors_new.values())
        lines.append(
            f"| {name} | {compared.series} | {compared.excluded} | {compared.images} | {len(compared.unequal)} "
            f"| {compared.values} | {lost}"
            f" | {compared.checked} | {compared.errors_before} | {new} |"
        )
    differing = sum((compared.identifying for compared in by_set.values()), Counter[str]())
    keys = ", ".join(f"{key} ({count})" for key, count in sorted(differing.items()))
    lines += ["", f"Keys that differ as they are meant to, with the number of images: {keys or 'none'}."]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", default=SHARED)
    options = parser.parse_args()
    if not shutil.which("dciodvfy"):
        print("dciodvfy (Debian dicom3tools) is not installed: errors are not compared")
    by_set: dict[str, Compared] = {}
    with tempfile.TemporaryDirectory() as folder:
        for source in sets(options.folder, Path(folder)):
            print(source.name, flush=True)
            by_set[source.name] = compare(source, Path(folder))
            for line in by_set[source.name].unequal:
                print(f"  {line}", flush=True)
    text = table(by_set)
    print(text)
    write_section(HEADING, text)


if __name__ == "__main__":
    main()
