"""Does defacing know when it failed? Real heads disturbed on purpose, in ways whose truth is known.

`python -m benchmarks.defacing [--heads NAME ...] [--cases NAME ...] [--packages FOLDER] [--results FILE] [--minutes N]`

Every head is registered once as it is; that is the truth of its face. Then its voxels or its header are disturbed by a
known map, the stage's own code finds the face in a process of its own, and the error is the mean distance of points of
the face from where they are. A *false pass* is a case that passes with an error above 5 mm. What is done stands in
FILE and is not done again while the code is the same; the section of RESULTS.md and `defacing_cases.tsv`, a row a case,
are written from it.
"""

import argparse
import contextlib
import itertools
import json
import multiprocessing
import random
import resource
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import psutil
import yaml

from benchmarks import face_heads
from benchmarks.bench import ROOT
from benchmarks.disturbances import Case, cases
from benchmarks.sections import write_section
from unface.deface import head_template, registration
from unface.deface.faces import find_faces
from unface.deface.heads import Head, working_volume
from unface.deface.registration_checks import face_distance_mm
from unface.imaging import stored_image
from unface.imaging.volume import Volume
from unface.run import settings
from unface.run.files import NOT_AVAILABLE, table_text, write_whole
from unface.run.fingerprints import code_digest

HEADING = "Defacing: disturbed heads (benchmarks/defacing.py)"
FALSE_PASS_MM = 5.0
SUFFIXES = {"CT": "ct", "trio T2w": "T2w"}
CASES = ROOT / "benchmarks" / "defacing_cases.tsv"
CASE_COLUMNS = (
    *("head", "limits", "disturbance", "truthful", "verdict", "checks_not_passed", "face_error_mm"),
    *("engine", "cpu_s", "memory_mb"),
)
Row = dict[str, Any]


def judge(file: Path, suffix: str, limits: dict[str, float] | None) -> Row:
    """Find the face of one image as the stage does: verdict, figures, CPU seconds and peak memory."""
    block = yaml.safe_load((ROOT / "config.yaml").read_text())["deface"]
    chosen = settings.Deface.of(block | {"limits": block["limits"] | (limits or {})})
    before = _cpu()
    head = Head(f"sub-x/anat/sub-x_{suffix}.nii.gz", stored_image.read_head(file, "image"))
    with tempfile.TemporaryDirectory() as scratch, Memory() as memory:
        face = find_faces([head], chosen, Path(scratch)).get(head.path)
    row: Row = {"cpu_s": round(_cpu() - before, 2), "memory_mb": round(memory.peak / 1e6), "verdict": "fail"}
    if face is not None:
        row["verdict"] = face.state
        row["engine"] = face.registration.engine
        row["checks"] = {name: check.value for name, check in face.checks.items()}
        row["failed"] = [name for name, check in face.checks.items() if check.state == "fail"]
        row["review"] = [name for name, check in face.checks.items() if check.state == "review"]
        row["head_to_template"] = face.registration.head_to_template.tolist()
    return row


def true_place(name: str, head: Volume, results: Path) -> Any:
    """Where the undisturbed head lies: of all that the engines find, what has the best gradients; found once."""
    file = results.with_suffix(".truth.json")
    known = json.loads(file.read_text()) if file.exists() else {}
    if name not in known:
        working = working_volume(head, SUFFIXES.get(name, "T1w"))
        with tempfile.TemporaryDirectory() as scratch:
            tried = list(itertools.islice(registration.attempts(working, Path(scratch)), 2))
        best = max(tried, key=lambda fit: fit.ngf)
        others = [face_distance_mm(best.head_to_template, other) for other in best.others or ()]
        known[name] = {
            "head_to_template": best.head_to_template.tolist(),
            "engine": best.engine,
            "ngf": round(best.ngf, 3),
            "others_mm": [round(other, 1) for other in others],
        }
        file.write_text(json.dumps(known, indent=1))
    return np.array(known[name]["head_to_template"])


def face_error_mm(head_to_template: Any, moved: Any, truth: Any) -> float:
    """Mean distance of the points of the face from where they are; a head whose sides are exchanged has a face, too."""
    there = head_to_template @ np.linalg.inv(moved) @ np.linalg.inv(truth) @ head_template.FACE_MM
    face = head_template.FACE_MM
    return float(
        min(np.linalg.norm((there - points)[:3], axis=0).mean() for points in (face, np.diag([-1, 1, 1, 1]) @ face))
    )


class Memory:
    """Peak of the resident memory of this process and of the programs that it runs, looked at 20 times a second.

    What the kernel keeps as a process's peak is of no use here: a child begins with that of its parent.
    """

    def __enter__(self) -> "Memory":
        self.peak, self._over = 0, threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        here = psutil.Process()
        while not self._over.wait(0.05):
            used = 0
            for process in [here, *here.children(recursive=True)]:
                with contextlib.suppress(psutil.NoSuchProcess):
                    used += process.memory_info().rss
            self.peak = max(self.peak, used)


def _cpu() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def run(name: str, case: Case, truth: Any) -> Row:
    """Make a case, judge it in a process of its own, and measure the error."""
    made = case.make()
    data = made.data
    if data.dtype not in (np.uint8, np.float32):
        data = np.round(np.clip(data, -32768, 32767)).astype(np.int16)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "image.nii"
        image = nib.Nifti1Image(data, made.affine)
        image.header.set_slope_inter(made.slope, made.intercept)
        content = bytearray(image.to_bytes())
        content[112:120] = np.array([made.slope, made.intercept], "<f4").tobytes()
        file.write_bytes(content)
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            row: Row = pool.apply(judge, (file, SUFFIXES.get(name, "T1w"), case.limits))
    error = face_error_mm(row["head_to_template"], case.moved, truth) if "head_to_template" in row else None
    return {"head": name, "case": case.name, "truthful": case.truthful, "error_mm": error} | row


def main(arguments: list[str] | None = None) -> int:
    """Run what is asked for and not done yet, for at most `--minutes`; write the section."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--heads", nargs="*", default=face_heads.NAMES)
    parser.add_argument("--cases", nargs="*", default=[], help="beginnings of names")
    parser.add_argument("--packages", type=Path, help="folder of packages that hold further heads (face_heads.py)")
    parser.add_argument("--results", type=Path, default=Path("defacing.jsonl"))
    parser.add_argument("--minutes", type=float, default=np.inf)
    parser.add_argument("--report-only", action="store_true")
    chosen = parser.parse_args(arguments)
    code, until = code_digest("deface"), time.monotonic() + 60 * chosen.minutes
    done = {(row["head"], row["case"]) for row in _read(chosen.results) if row["code"] == code}
    heads: dict[str, tuple[Any, list[Case]]] = {}
    if not chosen.report_only:
        for name in chosen.heads:
            if head := face_heads.load(name, chosen.packages):
                truth = true_place(name, head, chosen.results)
                heads[name] = truth, list(cases(head, truth))
    waiting = [(name, case) for name, (_, battery) in heads.items() for case in battery]
    # In any order, but always the same: what is done when the time is over is a fair sample.
    random.Random(0).shuffle(waiting)
    for name, case in waiting:
        wanted = not chosen.cases or case.name.startswith(tuple(chosen.cases))
        if wanted and (name, case.name) not in done and time.monotonic() < until:
            row = {"code": code} | run(name, case, heads[name][0])
            with chosen.results.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")
    rows = [row for row in _read(chosen.results) if row["code"] == code]
    if rows:
        write_section(HEADING, report(rows))
        write_cases(rows)
    return 0


def _read(file: Path) -> list[Row]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] if file.exists() else []


def report(rows: list[Row]) -> str:
    """The section of RESULTS.md: both halves of the heads, then each disturbance over all heads."""
    names = sorted({row["head"] for row in rows})
    asked = len(names) * len(battery())
    lines = [
        f"{len(rows)} of {asked} cases on {len(names)} heads ({', '.join(names)})"
        ". *Face error*: mean distance of points of the face from where the best fit of the undisturbed head puts "
        "them. CPU and peak memory of the whole way from voxels to verdict, programs called included. A case with a "
        "truthful header should pass; one with a lying header, or without a face, should not.",
        "",
        "| heads | cases | false passes (error > 5 mm) | truthful: passed | review | fail | untruthful: passed "
        "| median CPU s | median MB |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    halves = {
        "limits set on these": [row for row in rows if row["head"] in face_heads.CALIBRATION],
        "limits tested on these": [row for row in rows if row["head"] not in face_heads.CALIBRATION],
        "T1w of both": [row for row in rows if row["head"] not in SUFFIXES],
        "all": rows,
    }
    lines += [_half(name, part) for name, part in halves.items() if part]
    lines += [
        "",
        "| disturbance | pass | review | fail | largest face error of those passed, mm | median CPU s | largest MB |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    lines += [_case(name, part) for name in battery() if (part := [row for row in rows if row["case"] == name])]
    held = [row for row in rows if row["truthful"] and row["verdict"] != "pass"]
    if held:
        lines += ["", "Truthful cases that did not pass:", ""]
        lines += [_held(row) for row in sorted(held, key=lambda row: (row["head"], row["case"]))]
    return "\n".join(lines)


def write_cases(rows: list[Row]) -> None:
    """The table of all cases, beside RESULTS.md."""
    order = battery()
    lines = []
    for row in sorted(rows, key=lambda row: (row["head"], order.index(row["case"]))):
        error = NOT_AVAILABLE if row["error_mm"] is None else f"{row['error_mm']:.2f}"
        held = ", ".join(row.get("failed", []) + row.get("review", []))
        half = "set" if row["head"] in face_heads.CALIBRATION else "tested"
        cells = (row["head"], half, row["case"], row["truthful"], row["verdict"], held, error)
        lines.append((*cells, row.get("engine", NOT_AVAILABLE), row["cpu_s"], row["memory_mb"]))
    write_whole(CASES, table_text(CASE_COLUMNS, lines))


def _held(row: Row) -> str:
    because = ", ".join(row.get("failed", []) + row.get("review", []))
    error = "no fit" if row["error_mm"] is None else f"face error {row['error_mm']:.1f} mm"
    return f"- {row['head']}, {row['case']}: {row['verdict']} ({because}), {error}"


def _half(name: str, rows: list[Row]) -> str:
    truthful = [row["verdict"] for row in rows if row["truthful"]]
    others = [row["verdict"] for row in rows if not row["truthful"]]
    false = [row for row in rows if row["verdict"] == "pass" and row["error_mm"] > FALSE_PASS_MM]
    share = 100 * truthful.count("pass") / max(len(truthful), 1)
    return (
        f"| {name} | {len(rows)} | **{len(false)}** | {truthful.count('pass')} of {len(truthful)} (**{share:.1f} %**) "
        f"| {truthful.count('review')} | {truthful.count('fail')} | {others.count('pass')} of {len(others)} "
        f"| {np.median([row['cpu_s'] for row in rows]):.1f} | {np.median([row['memory_mb'] for row in rows]):.0f} |"
    )


def _case(name: str, rows: list[Row]) -> str:
    verdicts = [row["verdict"] for row in rows]
    errors = [row["error_mm"] for row in rows if row["verdict"] == "pass"]
    return (
        f"| {name} | {verdicts.count('pass')} | {verdicts.count('review')} | {verdicts.count('fail')} "
        f"| {f'{max(errors):.1f}' if errors else '-'} | {np.median([row['cpu_s'] for row in rows]):.1f} "
        f"| {max(row['memory_mb'] for row in rows)} |"
    )


def battery() -> list[str]:
    """Names of all disturbances, in order."""
    return [case.name for case in cases(Volume(np.pad(np.ones((16, 16, 16)), 8), np.eye(4)), np.eye(4))]


if __name__ == "__main__":
    sys.exit(main())
