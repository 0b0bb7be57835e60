"""Brain measures of other programs: FreeSurfer's and FastSurfer's tables of statistics, SynthSeg's table of volumes.

Formats: `aseg.stats` and `?h.aparc.stats` as `mri_segstats` and `mris_anatomical_stats` write them (comment lines
`# Measure name, short name, text, value, unit` and `# ColHeaders`, then columns separated by spaces; volumes in mm3,
thickness in mm); the CSV of `mri_synthseg --vol` (a column a structure, a row an image, mm3).
"""

import csv
import math
import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path

from unface.measure.measures import Measure, NotMeasurableError
from unface.run import settings, tools
from unface.run.outcome import JobFailedError

COMMAND_TIMEOUT_S = 24 * 3600
ASEG = ("stats/aseg.stats", "stats/aseg+DKT.stats")
"""FreeSurfer's and FastSurfer's; the first that is there counts."""
APARC = ("stats/{hemi}.aparc.stats", "stats/{hemi}.aparc.DKTatlas.mapped.stats", "stats/{hemi}.aparc.DKTatlas.stats")
WHOLE: Mapping[str, tuple[str, str]] = {
    "eTIV": ("icv", "mL"),
    "BrainSegVolNotVent": ("brain", "mL"),
    "TotalGrayVol": ("gm", "mL"),
    "CerebralWhiteMatterVol": ("wm", "mL"),
}
"""Short names of `# Measure` lines, and what they are here."""
SIDES = {"lh": "left", "rh": "right"}


def results_of(
    measuring: settings.Measure, placeholders: Mapping[str, str], file: Path, scratch: Path
) -> list[Measure]:
    """The measures of one image by another program.

    Parameters
    ----------
    measuring
        With `results`, where they are, or `command`, what makes them.
    placeholders
        What fills the templates of the settings: `subject`, `session`, and as `image` one of `original`, `defaced`,
        `repeat`, `shifted`.
    file
        The image itself, for a command.
    scratch
        Folder that a command works in.

    Returns
    -------
    list of Measure
        In the order of the program's tables.

    Raises
    ------
    NotMeasurableError
        If the results are not there, cut short, or of another form.
    JobFailedError
        If the settings name neither results nor a command, or hold a placeholder that is none.
    """
    if measuring.results:
        return list(read_results(Path(_filled(measuring.results, "results", placeholders))))
    if not measuring.command:
        raise JobFailedError("measure.engine is external: set measure.results or measure.command")
    output = scratch / "results"
    output.mkdir(exist_ok=True)
    placeholders = {**placeholders, "input": str(file), "output": str(output)}
    # Split before they are filled in: a space in a path makes no new word.
    words = [_filled(word, "command", placeholders) for word in shlex.split(measuring.command)]
    finished = tools.run([tools.find(words[0]), *words[1:]], timeout_s=COMMAND_TIMEOUT_S, cwd=scratch)
    if finished.status:
        raise NotMeasurableError(f"the command of measure.command ended with status {finished.status}")
    return list(read_results(output))


def _filled(template: str, setting: str, placeholders: Mapping[str, str]) -> str:
    try:
        return template.format_map(placeholders)
    except (KeyError, IndexError, ValueError):
        known = ", ".join(f"{{{name}}}" for name in placeholders)
        raise JobFailedError(f"measure.{setting} holds a placeholder that is none of {known}") from None


def read_results(path: Path) -> Iterator[Measure]:
    """Read what another program measured.

    Parameters
    ----------
    path
        A subject's folder, one `.stats` file, or a CSV of volumes.

    Yields
    ------
    Measure
        Volumes in mL, thicknesses in mm.

    Raises
    ------
    NotMeasurableError
        If nothing of a known form is there, or a file is cut short.
    """
    files = [path] if path.is_file() else _of_folder(path)
    if not files:
        raise NotMeasurableError(
            "no results of FreeSurfer, FastSurfer or SynthSeg are where measure.results or the command should "
            "have put them"
        )
    for file in files:
        yield from _synthseg(file) if file.suffix == ".csv" else _statistics(file)


def _of_folder(folder: Path) -> list[Path]:
    choices = [ASEG, *(tuple(name.format(hemi=hemi) for name in APARC) for hemi in SIDES)]
    firsts = [next((folder / name for name in names if (folder / name).is_file()), None) for names in choices]
    return [file for file in firsts if file] or sorted(folder.glob("*.csv"))[:1]


def _statistics(file: Path) -> Iterator[Measure]:
    headers: list[str] = []
    side = ""
    rows = 0
    for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
        if line.startswith("# Measure "):
            yield from _whole([part.strip() for part in line.removeprefix("# Measure ").split(",")], side, file)
        elif match := re.match(r"# hemi (lh|rh)\b", line):
            side = SIDES[match[1]]
        elif line.startswith("# ColHeaders"):
            headers = line.split()[2:]
        elif line.strip() and not line.startswith("#"):
            values = dict(zip(headers, line.split(), strict=False))
            if len(values) < len(headers) or "StructName" not in values:
                raise NotMeasurableError(f"{file.name} is cut short or of another form")
            rows += 1
            yield from _structure(values, side, file)
    if not rows:
        raise NotMeasurableError(f"{file.name} holds no table of structures")


def _whole(parts: list[str], side: str, file: Path) -> Iterator[Measure]:
    if len(parts) >= 4 and parts[1] in WHOLE:
        name, unit = WHOLE[parts[1]]
        yield Measure(name, "", _number(parts[3], file) / 1000, unit)
    elif len(parts) >= 4 and parts[1] == "MeanThickness" and side:
        yield Measure("thickness", f"{side} cortex", _number(parts[3], file), "mm")


def _structure(values: Mapping[str, str], side: str, file: Path) -> Iterator[Measure]:
    name = values["StructName"]
    if "Volume_mm3" in values:
        volume = _number(values["Volume_mm3"], file) / 1000
        # The whole brain's CSF has no line of its own in aseg.stats: what it calls CSF lies around the brain stem.
        yield Measure("volume", name.replace("-", " ").replace("_", " ").lower(), volume, "mL")
    elif "GrayVol" in values and "ThickAvg" in values:
        yield Measure("gm", f"{side} {name}".strip(), _number(values["GrayVol"], file) / 1000, "mL")
        yield Measure("thickness", f"{side} {name}".strip(), _number(values["ThickAvg"], file), "mm")
    else:
        raise NotMeasurableError(f"{file.name} has neither volumes nor thicknesses")


def _synthseg(file: Path) -> Iterator[Measure]:
    with file.open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    if len(rows) != 1:
        raise NotMeasurableError(f"{file.name} has {len(rows)} rows; one image, one row is asked")
    values = {name.strip().lower(): value for name, value in rows[0].items() if name and name.strip() != "subject"}
    if "total intracranial" not in values:
        raise NotMeasurableError(f"{file.name} is no table of SynthSeg: it has no column `total intracranial`")
    volumes = {name: _number(value, file) / 1000 for name, value in values.items()}
    yield Measure("icv", "", volumes.pop("total intracranial"), "mL")
    white = [volume for name, volume in volumes.items() if name.endswith("cerebral white matter")]
    if white:
        yield Measure("wm", "", sum(white), "mL")
    for name, volume in volumes.items():
        yield Measure("volume", name, volume, "mL")


def _number(text: str | None, file: Path) -> float:
    try:
        value = float(text or "")
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise NotMeasurableError(f"{file.name} holds something that is no number")
    return value
