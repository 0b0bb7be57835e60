"""What the benchmarks share: where the scanner sets and their heads lie."""

import subprocess
import sys
import tarfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

SHARED = ROOT.parent / "shared" / "data"
"""Where the scanner sets lie, an archive each."""
SERIES = {
    "philips": ("philips_elition", "*MPRAGE*"),
    "uih": ("uih_umr770", "*t1_gre*"),
    "trio T1w": ("siemens_trio_missing_slices", "*RMS"),
    "trio T2w": ("siemens_trio_missing_slices", "*T2"),
    "xa30": ("siemens_xa30_enhanced", "6_*tfl*"),
}
"""Heads of the scanner sets: the set, and what dcm2niix calls the image."""


def unpack(archive: Path, folder: Path) -> None:
    """Unpack a scanner set into a folder."""
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")


def files_of(folder: Path) -> list[Path]:
    """All files below a folder."""
    return sorted(path for path in folder.rglob("*") if path.is_file())


def head_image(name: str, folder: Path, ending: str) -> Path | None:
    """What dcm2niix makes in `folder` of a head of the scanner sets; None where its set is not at hand.

    Parameters
    ----------
    ending
        `.nii` or `.nii.gz`.
    """
    archive, pattern = SERIES[name]
    source = SHARED / f"{archive}.tar.xz"
    if not source.exists():
        return None
    unpack(source, folder)
    dcm2niix = [str(Path(sys.executable).with_name("dcm2niix")), "-z", "y" if ending == ".nii.gz" else "n", "-d", "9"]
    subprocess.run([*dcm2niix, "-f", "%s_%d", "-o", str(folder), str(folder)], check=False, capture_output=True)
    return sorted(folder.glob(f"{pattern}{ending}"))[0]
