"""Conversion to BIDS beside dcm2bids and heudiconv, on the scanner sets, with the same names asked for.

    .venv/bin/python -m benchmarks.conversion PEERS [folder of scanner sets]

PEERS is a virtual environment with dcm2bids and heudiconv. Every tool gets the raw files of one session after the
other and the same mapping: for dcm2bids and heudiconv it is written out from unface's plan, one rule a protocol, so
that none of them is measured by how well its rules were guessed. Writes its section of RESULTS.md.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nibabel

from benchmarks.bench import SHARED, unpack
from benchmarks.sections import write_section
from tests.support.converted_sessions import Converted, convert, take_in
from unface.mapping import names
from unface.run import tools

IDENTIFYING = {
    *("PatientName", "PatientID", "PatientBirthDate", "InstitutionName", "InstitutionAddress", "StationName"),
    *("InstitutionalDepartmentName", "DeviceSerialNumber", "StudyDescription", "ProcedureStepDescription"),
    *("ImageComments", "AcquisitionTime", "AcquisitionDateTime", "StudyInstanceUID", "SeriesInstanceUID"),
    *("AccessionNumber", "ReferringPhysicianName", "StudyID", "WipMemBlock", "ConsistencyInfo"),
}
"""Sidecar keys that tell of a person, place, device or time."""
TEXT_FIELDS = ("descrip", "aux_file", "db_name", "intent_name")


@dataclass
class Result:
    """What one tool made of all sets; `files` are raw DICOM files."""

    tool: str
    accounted: int = 0
    lost: int = 0
    images: int = 0
    wrong_names: int = 0
    sidecars_with_keys: int = 0
    headers_with_text: int = 0
    cpu_s: float = 0.0
    failures: list[str] = field(default_factory=list)
    """The last words of each run that ended with an error."""

    def look_at(self, folder: Path) -> None:
        """Count what stands in a dataset, hidden folders and leftovers aside."""
        for path in sorted(folder.rglob("*.nii.gz")):
            inside = path.relative_to(folder).parts
            if any(part.startswith((".", "tmp_dcm2bids")) for part in inside):
                continue
            self.images += 1
            self.wrong_names += not names.is_valid("/".join(inside))
            header: Any = nibabel.load(path).header
            self.headers_with_text += any(bytes(header[name]).strip(b"\0 ") for name in TEXT_FIELDS)
            sidecar = path.with_name(path.name.replace(".nii.gz", ".json"))
            if sidecar.exists():
                self.sidecars_with_keys += bool(set(json.loads(sidecar.read_text())) & IDENTIFYING)

    def row(self, alone_s: float) -> str:
        cells = [
            *(self.tool, self.accounted, self.lost, self.images, self.wrong_names),
            *(self.sidecars_with_keys, self.headers_with_text, f"{self.cpu_s:.1f}", f"{self.cpu_s / alone_s:.2f}"),
        ]
        return "| " + " | ".join(str(cell) for cell in cells) + " |"


def main(arguments: list[str]) -> None:
    """Run every tool on every set at hand."""
    peers = Path(arguments[0])
    archives = sorted((Path(arguments[1]) if arguments[1:] else SHARED).glob("*.tar.xz"))
    ours, alone = Result("unface"), Result("dcm2niix alone")
    dcm2bids, heudiconv = (Result(f"{tool} {_version(peers, tool)}") for tool in ("dcm2bids", "heudiconv"))
    with tempfile.TemporaryDirectory() as name:
        for archive in archives:
            folder = Path(name) / archive.name.removesuffix(".tar.xz")
            unpack(archive, folder / "raw")
            layout = take_in(folder / "raw", folder / "results")
            began = _cpu_s()
            sessions = convert(layout)
            ours.cpu_s += _cpu_s() - began
            for number, session in enumerate(sessions):
                total = sum(len(series.files) for series in session.record.series)
                ours.accounted += sum(entry["files"] for entry in session.series)
                ours.lost += total - sum(entry["files"] for entry in session.series)
                ours.look_at(session.bids)
                raw = layout.stage("deidentify", session.outcome.id) / "dicom"
                _run_alone(alone, raw, folder / f"alone{number}")
                _run_dcm2bids(dcm2bids, peers, session, raw, folder / f"dcm2bids{number}")
                _run_heudiconv(heudiconv, peers, session, raw, folder / f"heudiconv{number}")
            print(archive.name, *(f"{one.tool} {one.cpu_s:.1f} s" for one in (ours, alone, dcm2bids, heudiconv)))
    for one in (ours, alone, dcm2bids, heudiconv):
        print(*(f"{one.tool} failed: {words}" for words in one.failures), sep="\n")
    write_section("Conversion to BIDS (benchmarks/conversion.py)", table([ours, dcm2bids, heudiconv], alone))


def _cpu_s() -> float:
    """CPU seconds of this process and of all programs it ran."""
    return sum(os.times()[:4])


def _run(result: Result, arguments: Iterable[str | Path], peers: Path | None = None, cwd: Path | None = None) -> None:
    """Run a program and add its CPU seconds; a failure is kept by its status."""
    began = _cpu_s()
    search = (
        f"{peers / 'bin'}:{Path(tools.find('dcm2niix')).parent}:{os.environ['PATH']}" if peers else os.environ["PATH"]
    )
    finished = subprocess.run(
        [str(argument) for argument in arguments],
        capture_output=True,
        env={**os.environ, "PATH": search},
        cwd=cwd,
        check=False,
    )
    result.cpu_s += _cpu_s() - began
    if finished.returncode:
        result.failures.append(finished.stderr.decode(errors="replace")[-300:])


def _version(peers: Path, tool: str) -> str:
    code = f"from importlib.metadata import version; print(version('{tool}'))"
    return subprocess.run(
        [peers / "bin" / "python", "-c", code], capture_output=True, text=True, check=True
    ).stdout.strip()


def _run_alone(result: Result, raw: Path, folder: Path) -> None:
    folder.mkdir()
    _run(result, [tools.find("dcm2niix"), "-b", "y", "-z", "y", "-f", "%3s_%d", "-o", folder, raw])


@dataclass(frozen=True)
class Wanted:
    """One image that unface made: where it came from, and what it is called."""

    series: str
    number: int
    description: str
    datatype: str
    suffix: str
    entities: str
    sidecar: dict[str, Any]


def _wanted(session: Converted) -> list[Wanted]:
    """The images of a session with what a rule can tell them by."""
    found = []
    by_name = {series.series: series for series in session.record.series}
    for entry in session.series:
        for output in entry["outputs"]:
            if output.endswith(".nii.gz"):
                sidecar = json.loads((session.bids / output.replace(".nii.gz", ".json")).read_text())
                _, _, *entities = Path(output).name.removesuffix(".nii.gz").split("_")
                fields = by_name[entry["series"]].fields
                kept = "_".join(entity for entity in entities[:-1] if not entity.startswith("run-"))
                description = str(fields.get("SeriesDescription", ""))
                datatype = output.split("/")[2]
                number = int(fields.get("SeriesNumber", 0))
                found.append(Wanted(entry["series"], number, description, datatype, entities[-1], kept, sidecar))
    return found


def _run_dcm2bids(result: Result, peers: Path, session: Converted, raw: Path, folder: Path) -> None:
    """One rule a protocol, echo and kind of image; its own default options."""
    descriptions = []
    for one in _wanted(session):
        criteria: dict[str, Any] = {"SeriesDescription": one.description} if one.description else {"Modality": "MR"}
        for key in ("EchoTime", "ImageType"):
            if key in one.sidecar:
                criteria[key] = one.sidecar[key] if key == "EchoTime" else list(one.sidecar[key])
        rule = {"datatype": one.datatype, "suffix": one.suffix, "custom_entities": one.entities, "criteria": criteria}
        if rule not in descriptions:
            descriptions.append(rule)
    folder.mkdir()
    config = folder / "config.json"
    config.write_text(json.dumps({"descriptions": descriptions}))
    dataset = folder / "bids"
    _run(result, [peers / "bin" / "dcm2bids", "-d", raw, "-p", "x", "-s", "y", "-c", config, "-o", dataset], peers)
    result.look_at(dataset)
    # What it converted and did not name stays in its temporary folder, and it says so: that is not lost.
    seen = {json.loads(path.read_text()).get("SeriesNumber") for path in dataset.rglob("*.json") if path.stat().st_size}
    _count(result, session, {number for number in seen if number is not None})


HEURISTIC = """
import json
PLAN = json.load(open({plan!r}))

def create_key(template):
    return (template, ("nii.gz",), None)

def infotodict(seqinfo):
    info = {{}}
    for one in seqinfo:
        for rule in PLAN:
            if rule["description"] == one.series_description and rule["number"] == int(one.series_id.split("-")[0]):
                info.setdefault(create_key(rule["template"]), []).append(one.series_id)
                break
    return info
"""


def _run_heudiconv(result: Result, peers: Path, session: Converted, raw: Path, folder: Path) -> None:
    """One rule a series: heudiconv's heuristics see series and not images, and echoes are its own business."""
    plan: dict[str, dict[str, object]] = {}
    for one in _wanted(session):
        suffix = one.suffix.rstrip("12") if one.suffix.startswith(("magnitude", "phase")) else one.suffix
        entities = "_".join(part for part in one.entities.split("_") if part and not part.startswith(("echo", "part")))
        name = "_".join(filter(None, ["{bids_subject_session_prefix}", entities, "run-{item}", suffix]))
        template = f"{{bids_subject_session_dir}}/{one.datatype}/{name}"
        plan.setdefault(one.series, {"description": one.description, "number": one.number, "template": template})
    folder.mkdir()
    (folder / "plan.json").write_text(json.dumps(list(plan.values())))
    (folder / "heuristic.py").write_text(HEURISTIC.format(plan=str(folder / "plan.json")))
    dataset = folder / "bids"
    arguments = ["-s", "x", "-ss", "y", "-f", str(folder / "heuristic.py"), "-c", "dcm2niix", "-b", "-o", str(dataset)]
    _run(result, [peers / "bin" / "heudiconv", "--files", raw, *arguments, "-g", "all", "--minmeta"], peers)
    result.look_at(dataset)
    seen = set()
    for path in dataset.rglob("dicominfo*.tsv"):
        header, *rows = [line.split("\t") for line in path.read_text().splitlines()]
        seen |= {int(row[header.index("series_id")].split("-")[0]) for row in rows}
    _count(result, session, seen)


def _count(result: Result, session: Converted, seen: set[int]) -> None:
    """Files of acquisitions that the tool named anywhere are accounted for, all others lost without a word."""
    told = {series.merge_group for series in session.record.series if series.fields.get("SeriesNumber") in seen}
    for series in session.record.series:
        if series.merge_group in told:
            result.accounted += len(series.files)
        else:
            result.lost += len(series.files)


def table(results: list[Result], alone: Result) -> str:
    """The rows in Markdown, with what they mean."""
    head = ["tool", "files accounted for", "files lost without a word", "images", "names BIDS does not know"]
    head += ["sidecars with identifying keys", "NIfTI headers with text", "CPU s", "x dcm2niix alone"]
    lines = ["| " + " | ".join(head) + " |", "|---|" + "---:|" * (len(head) - 1)]
    lines += [result.row(alone.cpu_s) for result in results]
    failed = [f"{one.tool} failed on {len(one.failures)} sessions." for one in results if one.failures]
    return (
        "Raw files of all scanner sets, session by session, one process at a time. A file is accounted for if the tool "
        "names its acquisition anywhere: in the dataset, in a table, in a folder of leftovers. unface works on raw "
        "headers here, so that the last columns show what its conversion alone leaves; of withheld sessions it writes "
        "the state of every file and no image. CPU seconds are those of the whole tool, start included; unface does "
        "all sessions in one process and its inventory has a section of its own. *dcm2niix alone*, one call a "
        f"session with its own gzip, needs {alone.cpu_s:.1f} s.\n\n" + "\n".join([*lines, "", *failed])
    )


if __name__ == "__main__":
    main(sys.argv[1:])
