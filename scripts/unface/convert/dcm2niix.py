"""Running dcm2niix on one acquisition, and understanding what it wrote and warned of.

The names that it writes begin with a word of ours, so that what follows is its own vocabulary: echoes, phase and real
images, twins such as `_Eq`. https://github.com/rordenlab/dcm2niix/blob/master/FILENAMING.md
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from unface.run import tools
from unface.run.outcome import WithheldError

STEM = "image"
TIME_LIMIT_S = 1800.0

KINDS = {"ph": "phase", "real": "real", "imaginary": "imaginary", "fieldmaphz": "fieldmap"}
"""What dcm2niix appends to images that are no magnitude."""

TWINS = {
    "Eq": "resampled to equal distances between slices",
    "Tilt": "sheared to undo the tilt of a gantry",
    "ROI": "a region drawn on the scanner",
    "Crop": "cropped",
    "ADC": "the map or mean that the scanner computed of a diffusion series",
    "phMag": "the magnitude of a phase image, in and out of phase",
}
"""Second versions of an image, made by interpolation or beside it; none is what the scanner measured as such."""

INCOMPLETE = re.compile(
    r"missing (images|dicoms|slices|volumes)|images may be missing|interslice distance varies|slices not equidistant"
    r"|not divisible by number of repeats",
    re.IGNORECASE,
)
"""What dcm2niix says where slices or volumes are missing, with or without calling it a warning."""

_TOKEN = re.compile(r"_(e\d+|phMag|ph|real|imaginary|fieldmaphz|(?:Eq|Tilt|ROI|Crop|ADC)(?:_?\d+)?)", re.IGNORECASE)
_SECOND = re.compile(r"[a-z]")
"""What dcm2niix puts behind a name that is taken."""


@dataclass(frozen=True)
class Image:
    """One image of an acquisition: the NIfTI file that was written, and its sidecar as dcm2niix made it."""

    nifti: Path
    sidecar: Mapping[str, Any]
    kind: str
    """`magnitude`, `phase`, `real`, `imaginary` or `fieldmap` (in Hz)."""
    echo: int | None
    """EchoNumber where dcm2niix tells echoes apart."""

    @property
    def bval(self) -> Path:
        """Where its b-values lie, if it has any."""
        return self.nifti.with_suffix(".bval")

    @property
    def bvec(self) -> Path:
        """Where its b-vectors lie, if it has any."""
        return self.nifti.with_suffix(".bvec")


@dataclass(frozen=True)
class Conversion:
    """What dcm2niix made of one acquisition.

    `twins` are the kinds of second versions beside the images; `strays` counts images that are none of these: the
    files do not form one stack.
    """

    images: tuple[Image, ...]
    twins: tuple[str, ...] = ()
    strays: int = 0
    warnings: tuple[str, ...] = ()
    version: str = ""
    missing: tuple[str, ...] = field(default=())
    """The warnings that slices or volumes are missing."""


def convert(sources: Sequence[Path], scratch: Path) -> Conversion:
    """Convert one acquisition.

    Parameters
    ----------
    sources
        Folders of clean DICOM, one a series of the acquisition.
    scratch
        An empty folder; the images stay in it.

    Returns
    -------
    Conversion
        The images, as NIfTI without compression, and what dcm2niix said of them.

    Raises
    ------
    WithheldError, JobFailedError
        As `run.tools.run`.
    """
    given, made = scratch / "in", scratch / "out"
    given.mkdir(parents=True)
    made.mkdir()
    for source in sources:
        (given / source.name).symlink_to(source.resolve(), target_is_directory=True)
    options = ["-b", "y", "-ba", "n", "-z", "n", "-w", "2", "-f", STEM]
    # A defaults file of the user's home must not change the result.
    home = {"HOME": str(scratch)}
    finished = tools.run(
        [tools.find("dcm2niix"), *options, "-o", made, given], timeout_s=TIME_LIMIT_S, environment=home
    )
    return _understood(made, finished.output.replace(str(scratch), ""))


def _understood(made: Path, output: str) -> Conversion:
    images: list[Image] = []
    twins: set[str] = set()
    strays = 0
    for nifti in sorted(made.glob(f"{STEM}*.nii")):
        rest = nifti.stem.removeprefix(STEM)
        tokens = [token.lower() for token in _TOKEN.findall(rest)]
        twin = [name for name in TWINS for token in tokens if token.startswith(name.lower())]
        sidecar = nifti.with_suffix(".json")
        if twin:
            twins.update(twin)
            continue
        unknown = _TOKEN.sub("", rest)
        if not sidecar.exists() or not (unknown == "" or _SECOND.fullmatch(unknown)):
            strays += 1
            continue
        kind = next((KINDS[token] for token in tokens if token in KINDS), "magnitude")
        echo = next((int(token[1:]) for token in tokens if re.fullmatch(r"e\d+", token)), None)
        image = Image(nifti, _content(sidecar), kind, echo)
        if unknown and not _opposed(image, images):
            strays += 1
        else:
            images.append(image)
    said = [line.strip() for line in output.splitlines()]
    told = [line for line in said if re.search(r"Warning: |Error: ", line) or INCOMPLETE.search(line)]
    warnings = tuple(dict.fromkeys(_plain(line) for line in told))
    missing = tuple(text for text in warnings if INCOMPLETE.search(text))
    if "Eq" in twins and not missing:
        missing = ("slices are not at equal distances",)
    version = re.search(r"version (v[\d.]+)", output)
    return Conversion(tuple(images), tuple(sorted(twins)), strays, warnings, version[1] if version else "", missing)


def _content(sidecar: Path) -> dict[str, Any]:
    """What a sidecar says; `WithheldError` where it is none: dcm2niix writes into it what a header holds."""
    try:
        content = json.loads(sidecar.read_text(encoding="utf-8", errors="replace"))
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise WithheldError(
            "conversion_failed", "dcm2niix wrote a sidecar that is no JSON; a rule can exclude its series"
        )
    return content


def _opposed(second: Image, images: Sequence[Image]) -> bool:
    """Whether a second image of a name is the other polarity of the first: one series may hold both (GE's pepolar)."""
    towards = second.sidecar.get("PhaseEncodingDirection")
    alike = [image for image in images if (image.kind, image.echo) == (second.kind, second.echo)]
    others = [image.sidecar.get("PhaseEncodingDirection") for image in alike]
    return towards is not None and len(others) == 1 and others[0] == (towards[:-1] if "-" in towards else f"{towards}-")


def _plain(warning: str) -> str:
    """A warning as words and numbers: what it may quote of a header, between quotes or as a path, goes."""
    warning = re.sub(r"^.*?(Warning|Error): |Philips Scaling Values.*", "", warning)
    words = re.sub(r"'[^']*'|\"[^\"]*\"", "...", warning).split()
    return " ".join("..." if "/" in word else word for word in words)
