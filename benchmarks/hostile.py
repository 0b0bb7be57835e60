"""A thousand hostile sessions and a thousand harmless ones: does anything leak, get lost, crash, hang, stay in vain?

    .venv/bin/python -m benchmarks.hostile [--seed 18] [--sessions 1000] [--harmless 1000] [--cores 2] [--workflow 10]

Hostile sessions come in cohorts of twenty: made-up people, with their names, numbers, days and places in every writing
and in every place of a header, in the names of series, files and folders, in archives, tables and settings; half are
damaged besides. Each cohort goes from inventory to release on tiny images. A search of its own (`hostile_search`) then
looks for every writing in every byte and name outside `restricted/`.

Harmless sessions are of people with the most frequent surnames of six countries, usual protocols, scanners and folders.

One cohort in so many (`--workflow`) goes through Snakemake, so that its logs, names of jobs and `.snakemake` are
searched, too; the others through the same scripts in one process (`in_process`).
"""

import argparse
import itertools
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import yaml

from benchmarks import harmless_cohort, hostile_cohort, in_process
from benchmarks.bench import ROOT
from benchmarks.harmless_cohort import Harmless
from benchmarks.hostile_cohort import AFTER, BEFORE, Visit
from benchmarks.hostile_people import Planted, Victim
from benchmarks.hostile_search import Needles, search
from benchmarks.sections import write_section
from unface.run import settings
from unface.run.files import read_table
from unface.run.layout import Layout

KINDS = ("hostile", "harmless")
ENDS = ("withheld", "untold", "fewer", "crashed", "hung")
"""The lists of a result that count, in the order of the table's columns."""
IDENTIFIER_CODES = {"identifier_found", "identifier_left", "identifier_like", "file_name"}
RAW_TEXT_IN_LABELS = {
    "extends": "shipped",
    "rules": [
        {
            "name": "whatever the scanner says",
            "priority": 60,
            "criteria": {"SeriesDescription": "*"},
            "datatype": "func",
            "suffix": "bold",
            "entities": {
                "task": {
                    "field": ["ProtocolName", "SeriesDescription"],
                    "regex": "task[-_ ]?([^_]+)",
                    "default": "unnamed",
                },
                "acq": {"field": ["SeriesDescription", "ProtocolName"], "regex": "(?:acq-|rest)([^_]+)"},
            },
        }
    ],
}
"""Mapping rules of a user who trusts what technologists type."""
ATTEMPTS = 30
"""How often a user mends what is refused."""


@dataclass
class Result:
    """What became of one cohort."""

    kind: str
    number: int
    sessions: int = 0
    released: int = 0
    untold: list[str] = field(default_factory=list)
    not_read: int = 0
    fewer: list[str] = field(default_factory=list)
    codes: dict[str, int] = field(default_factory=dict)
    withheld: list[str] = field(default_factory=list)
    crashed: list[str] = field(default_factory=list)
    hung: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    planted: dict[str, int] = field(default_factory=dict)
    values_lost: list[str] = field(default_factory=list)
    leaks: list[dict[str, Any]] = field(default_factory=list)
    bytes_searched: int = 0
    seconds: float = 0


def main(arguments: Sequence[str]) -> int:
    """Run every cohort, print and write what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=18)
    parser.add_argument("--sessions", type=int, default=1000, help="hostile sessions")
    parser.add_argument("--harmless", type=int, default=1000, help="harmless sessions")
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--workflow", type=int, default=0, help="one cohort in so many goes through Snakemake")
    parser.add_argument("--folder", type=Path, help="where to work, and what to keep (default: a temporary folder)")
    parser.add_argument("--cohort", type=int, default=20, help="sessions of a cohort")
    parser.add_argument("--only", help="one cohort, such as hostile3")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.one:
        return _one(options)
    with tempfile.TemporaryDirectory() as temporary:
        folder = (options.folder or Path(temporary)).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        names = [f"hostile{number}" for number in range(-(-options.sessions // options.cohort))]
        names += [f"harmless{number}" for number in range(-(-options.harmless // options.cohort))]
        names = [options.only] if options.only else names
        with ThreadPoolExecutor(options.cores) as pool:
            results = list(pool.map(lambda name: _in_its_own_process(name, folder, options), names))
    print(_details(results))
    print(told := report(results))
    if not options.only:
        write_section("Hostile and harmless people (benchmarks/hostile.py)", told)
    return 0


def _in_its_own_process(name: str, folder: Path, options: argparse.Namespace) -> Result:
    """Run one cohort in a process that may die without taking the others along."""
    place = folder / name
    command = [sys.executable, "-m", "benchmarks.hostile", "--one", name, "--seed", str(options.seed)]
    command += ["--folder", str(place), "--workflow", str(options.workflow), "--cohort", str(options.cohort)]
    began = time.monotonic()
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=3600, check=False)
        said = done.stderr[-3000:]
    except subprocess.TimeoutExpired:
        said = "an hour was not enough"
    written = place / "result.json"
    if written.exists():
        result = Result(**json.loads(written.read_text()))
    else:
        result = Result(name.rstrip("0123456789"), 0, crashed=[f"{name}: the process ended: {said}"])
    result.seconds = time.monotonic() - began
    if not options.folder:
        shutil.rmtree(place, ignore_errors=True)
    print(f"{name}: {result.released} of {result.sessions} released, {len(result.leaks)} leaks, "
          f"{len(result.crashed)} crashes, {result.seconds:.0f} s", flush=True)  # fmt: skip
    return result


def _one(options: argparse.Namespace) -> int:
    kind, number = options.one.rstrip("0123456789"), int(options.one.lstrip("abcdefghijklmnopqrstuvwxyz"))
    place: Path = options.folder
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    os.chdir(place)
    through_snakemake = bool(options.workflow) and number % options.workflow == 0
    run = hostile if kind == "hostile" else harmless
    result = run(place, options.seed, number, options.cohort, through_snakemake=through_snakemake)
    (place / "result.json").write_text(json.dumps(asdict(result)))
    return 0


# ------------------------------------------------------------------ hostile people


def hostile(place: Path, seed: int, number: int, sessions: int, *, through_snakemake: bool = False) -> Result:
    """Make one hostile cohort in the working folder, run it, and search what came of it."""
    dice = random.Random(f"{seed} cohort {number}")
    raw = place / "raw"
    raw.mkdir()
    visits: list[Visit] = []
    damages = [*BEFORE, *AFTER]
    for index in range(sessions):
        count = number * sessions + index
        vendor = dice.choice(("siemens", "siemens", "ge", "philips"))
        person = Victim(seed * 10**6 + count, f"{seed} {count}", vendor)
        if index % 10 == 9:
            person = visits[-2].person.again(f"{seed} {count}")
        # Every kind of damage comes in its turn, and every other session has none.
        damage = damages[(count // 2) % len(damages)] if count % 2 else ""
        packed = dice.choice(("zip", "tar")) if not damage and dice.random() < 0.15 else ""
        others = visits if dice.random() < 0.15 else []
        visits.append(hostile_cohort.write_visit(raw, index, person, dice, damage=damage, packed=packed, others=others))
    own = hostile_cohort.tables(place, visits, dice)
    result = Result("hostile", number, sessions)
    entries = [entry for visit in visits for entry in visit.planted]
    result.planted = dict(Counter(f"{entry.place}|{entry.writing.what}: {entry.writing.way}" for entry in entries))
    given = {"subjects": "subjects.tsv", "release": {"data_dictionary": "dictionary.json", **own}}
    given["report"] = {"title": own["name"]}
    if number % 4 == 1:
        (place / "rules.yaml").write_text(yaml.safe_dump(RAW_TEXT_IN_LABELS), encoding="utf-8")
        given["convert"] = {"rules": "rules.yaml"}
    looking = _Looking(place, visits, result)
    _run(given, result, through_snakemake=through_snakemake, look=looking.look)
    looking.tell()
    _account(visits, result)
    return result


def _look_for(needles: Needles, visit: Visit) -> None:
    person = visit.person
    for writing in person.writings:
        needles.add(writing.text, f"{person.number}|{writing.what}|{writing.way}")
    for secret, text in person.secrets.items():
        if text not in (person.surname, person.given_name, person.patient_id, person.birth_date):
            needles.add(text, f"{person.number}|{secret}|as it stands")
    for after_s in visit.after_s:
        time_of_day = person.time(after_s)
        spoken = f"{time_of_day[:2]}:{time_of_day[2:4]}:{time_of_day[4:]}"
        for text in (time_of_day, spoken):
            needles.add(text, f"{person.number}|time of day|as it stands")


class _Looking:
    """Looks into everything outside `restricted/` whenever a run has ended: what is mended was written before."""

    def __init__(self, place: Path, visits: Sequence[Visit], result: Result) -> None:
        self.place, self.visits, self.result = place, visits, result
        self.needles = Needles()
        self.found: dict[str, set[str]] = {}
        for visit in visits:
            _look_for(self.needles, visit)

    def look(self) -> None:
        for root in (self.place / "results", self.place / ".snakemake"):
            searched, found = search(self.needles, root)
            self.result.bytes_searched += searched
            for label, files in found.items():
                self.found.setdefault(label, set()).update(files)

    def tell(self) -> None:
        """Note in the result what leaked, person by person."""
        for number in {visit.person.number: None for visit in self.visits}:
            begin = f"{number}|"
            hits = {label.removeprefix(begin): files for label, files in self.found.items() if label.startswith(begin)}
            self.result.leaks += _told([visit for visit in self.visits if visit.person.number == number], hits)


def _told(visits: Sequence[Visit], hits: Mapping[str, set[str]]) -> list[dict[str, Any]]:
    """Each thing that leaked of one person, once: what was planted, and of the rest what is no part of that."""
    planted: dict[str, list[Planted]] = {}
    for entry in (entry for visit in visits for entry in visit.planted):
        planted.setdefault(f"{entry.writing.what}|{entry.writing.way}", []).append(entry)
    leaks: dict[str, dict[str, Any]] = {}
    explained: set[str] = set()
    # What was planted comes first; what leaks in the same files is a part of it, or the same in other words.
    for label, files in sorted(hits.items(), key=lambda hit: hit[0] not in planted):
        entries = planted.get(label, [])
        if not entries and files <= explained:
            continue
        explained |= files
        what, way = label.split("|")
        key = entries[0].writing.squeezed.casefold() if entries else label
        leak = leaks.setdefault(
            key,
            {
                "what": what, "way": way, "places": [], "texts": [], "script": visits[0].person.script,
                "damage": " / ".join(visit.damage for visit in visits), "files": sorted(files)[:4],
            },
        )  # fmt: skip
        leak["places"] += sorted({entry.place for entry in entries} or {"every header"})
        leak["texts"] += sorted({entry.text for entry in entries})
    return list(leaks.values())


# ------------------------------------------------------------------ runs


def _run(
    given: Mapping[str, Any], result: Result, *, through_snakemake: bool, look: Callable[[], None] = lambda: None
) -> None:
    """From inventory to release, as a user would who mends what is refused, and then runs it again."""
    given = {"dicom_dir": "raw", "results_dir": "results", "inventory": {"jobs": 1}, **given}
    given["measure"] = {"noise_sessions": 0}
    run = _BySnakemake if through_snakemake else _InProcess
    new_labels = True
    for _ in range(ATTEMPTS):
        try:
            part = run(given, result)
            if new_labels:
                part.inventory()
                _keep_words()
                part.sessions()
                new_labels = False
            part.release()
            _keep_words()
            look()
            said = _mendable()
        except in_process.RefusedError as error:
            said, new_labels = str(error), True
        if not said:
            return
        result.refused.append(said[:300])
        given = _mended(given, said)
    result.crashed.append("what a user mends is refused again and again")


def _keep_words() -> None:
    """What the run said at its end, which the next job would write over: to be searched."""
    words = Layout(Path("results")).closing_words
    if words.exists():
        with Path("results/said.txt").open("a", encoding="utf-8") as file:
            file.write(words.read_text(encoding="utf-8"))


_SETTINGS = re.compile(r"release\.[a-z_]+|report\.title|the dataset's name")


def _mendable() -> str:
    """What the verdicts say of the user's settings and cells; empty if there is nothing to mend."""
    told = []
    for row in read_table(Layout(Path("results")).verdicts):
        if "column note" in row["reasons"]:
            told.append(f"subject {row['subject']} column note")
        told += _SETTINGS.findall(row["reasons"])
    return "; ".join(dict.fromkeys(told))


def _mended(given: Mapping[str, Any], said: str) -> dict[str, Any]:
    """What the user gives after a refusal: a plain label, no note, no dictionary, no name."""
    table = Path("subjects.tsv")
    rows = [line.split("\t") for line in table.read_text(encoding="utf-8").split("\n")]
    lines = {int(number) for number in re.findall(r"line (\d+)", said)}
    noted = set(re.findall(r"subject (\w+) column note", said))
    for number, cells in enumerate(rows, start=1):
        if len(cells) > 3 and (cells[1] in noted or (number in lines and "column note" in said)):
            cells[3] = "n/a"
        elif number in lines:
            cells[1] = f"q{number + 500:03d}"
    table.write_text("\n".join(map("\t".join, rows)), encoding="utf-8")
    kept = dict(given.get("release", {}))
    if "dictionary" in said:
        kept.pop("data_dictionary", None)
    if "release.name" in said or "the dataset's name" in said:
        kept.pop("name", None)
    report = {} if "report.title" in said or "the dataset's name" in said else given.get("report", {})
    return {**given, "release": kept, "report": report}


class _InProcess:
    """A run in this process."""

    def __init__(self, given: Mapping[str, Any], result: Result) -> None:
        in_process.watch_the_clock()
        Path("tmp").mkdir(exist_ok=True)
        self.run = in_process.Run(settings.completed(given), hung=result.hung, broken=result.crashed)

    def inventory(self) -> None:
        self.run.inventory()

    def sessions(self) -> None:
        self.run.sessions()

    def release(self) -> None:
        self.run.release()


class _BySnakemake:
    """A run of the workflow."""

    def __init__(self, given: Mapping[str, Any], result: Result) -> None:
        self.result = result
        Path("unface.yaml").write_text(yaml.safe_dump(dict(given), allow_unicode=True), encoding="utf-8")

    def inventory(self) -> None:
        self._snakemake("inventory")

    def sessions(self) -> None:
        pass

    def release(self) -> None:
        self._snakemake()

    def _snakemake(self, *targets: str) -> None:
        command = [sys.executable, "-m", "snakemake", *targets, "--snakefile", str(ROOT / "Snakefile"), "--cores", "1"]
        done = subprocess.run(
            [*command, "--nocolor", "--configfile", "unface.yaml"],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
        )  # fmt: skip
        with Path("results/said.txt").open("a", encoding="utf-8") as file:
            file.write(done.stdout)
        if done.returncode and any(
            kind in done.stdout for kind in ("TableError", "SettingsError", "subjects:", "config:")
        ):
            raise in_process.RefusedError(done.stdout[-2000:])
        if done.returncode:
            self.result.crashed.append(f"snakemake: {done.stdout[-600:]}")


def _account(visits: Sequence[Visit], result: Result) -> None:
    """How each session that went in ended."""
    layout = Layout(Path("results"))
    linked = {row["study_uid"]: (row["subject"], row["session"]) for row in read_table(layout.linkage)}
    by_patient = {row["patient_id"]: (row["subject"], row["session"]) for row in read_table(layout.linkage)}
    verdicts = {(row["subject"], row["session"]): row for row in read_table(layout.verdicts)}
    unused = layout.files_unused.read_text(encoding="utf-8") if layout.files_unused.exists() else ""
    codes: Counter[str] = Counter()
    for visit in visits:
        what = f"{visit.damage or 'no damage'}, {visit.person.vendor}, {visit.person.script}, {visit.packed or 'files'}"
        session = linked.get(visit.study_uid) or by_patient.get(visit.person.patient_id)
        row = verdicts.get(session) if session else None
        if row is None:
            told = visit.folder.name in unused or visit.study_uid[-6:] in unused
            result.not_read += told
            if not told:
                result.untold.append(what)
            continue
        result.released += row["verdict"] == "released"
        if row["verdict"] == "released":
            if lacking := _lacking(layout, session, visit):
                result.fewer.append(f"{what}: {lacking}")
            continue
        codes.update(set(row["codes"].split(";")))
        result.withheld.append(f"{row['codes']} | {what} | {row['reasons'][:300]}")
        if "crashed" in row["codes"]:
            result.crashed.append(f"{what}: {row['reasons'][:200]} {_last_lines(layout, session)}")
    result.codes = dict(codes)


def _last_lines(layout: Layout, session: tuple[str, str] | None) -> str:
    lines = [path.read_text().splitlines()[-3:] for path in layout.tracebacks.glob(f"{'_'.join(session or ())}*")]
    return " / ".join(line.strip() for some in lines for line in some)


def _lacking(layout: Layout, session: tuple[str, str] | None, visit: Visit) -> str:
    """What a released session has less than went in; empty for nothing."""
    assert session
    folder = layout.release / f"sub-{session[0]}" / f"ses-{session[1]}"
    images = [np.asarray(nib.nifti1.load(path).dataobj) for path in sorted(folder.rglob("*_bold.nii.gz"))]
    came = sorted((image.size, int(image.astype(np.int64).sum())) for image in images)
    if visit.sizeless:
        return f"released although {visit.damage}"
    missing = Counter(visit.voxels) - Counter(came)
    return f"{sum(missing.values())} of {len(visit.voxels)} runs are missing or other" if missing else ""


# ------------------------------------------------------------------ harmless people


def harmless(place: Path, seed: int, number: int, sessions: int, *, through_snakemake: bool = False) -> Result:
    """Make one harmless cohort in the working folder and run it."""
    dice = random.Random(f"{seed} harmless {number}")
    raw = place / "raw"
    raw.mkdir()
    people = list(itertools.islice(harmless_cohort.surnames(), 2000))
    visits, rows = [], ["patient_id\tsubject\tgroup"]
    for index in range(sessions):
        count = number * sessions + index
        country, surname = people[count % len(people)]
        vendor = dice.choice(("siemens", "siemens", "ge", "philips"))
        person = Harmless(seed * 10**6 + count, f"{seed} harmless {count}", vendor, country, surname)
        visits.append(harmless_cohort.write_visit(raw, count, person, dice))
        # What BIDS allows and most projects have: a number with zeros, alone or behind letters.
        rows.append(f"{person.patient_id}\t{('', 'p', 's')[number % 3]}{index + 301:03d}\t{dice.choice('ab')}")
    Path("subjects.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    result = Result("harmless", number, sessions)
    _run({"subjects": "subjects.tsv"}, result, through_snakemake=through_snakemake)
    _account(visits, result)
    result.values_lost = _values_lost(visits)
    return result


def _values_lost(visits: Sequence[Visit]) -> list[str]:
    """Keys of sidecars that most released sessions of the same maker have, and some lack."""
    layout = Layout(Path("results"))
    linked = {row["study_uid"]: (row["subject"], row["session"]) for row in read_table(layout.linkage)}
    keys: dict[str, list[tuple[Visit, set[str]]]] = {}
    for visit in visits:
        subject, session = linked.get(visit.study_uid, ("", ""))
        for path in (layout.release / f"sub-{subject}" / f"ses-{session}").rglob("*_bold.json"):
            keys.setdefault(visit.person.vendor, []).append((visit, set(json.loads(path.read_text(encoding="utf-8")))))
    lost = []
    for sidecars in keys.values():
        counts = Counter(key for _, some in sidecars for key in some)
        usual = {key for key, count in counts.items() if count * 2 > len(sidecars)}
        lost += [
            f"{visit.person.latin_name}: {', '.join(sorted(usual - some))}" for visit, some in sidecars if usual - some
        ]
    return lost


# ------------------------------------------------------------------ what came of it


def report(results: Sequence[Result]) -> str:
    """What came of all cohorts, as tables."""
    columns = ("sessions", "released", "withheld", "not read, and said so", "lost", "fewer voxels", "crashes", "hangs")
    lines = [f"| people | {' | '.join(columns)} | identifiers found | MB searched |", "|---|" + "---:|" * 10]
    for kind in KINDS:
        some = [result for result in results if result.kind == kind]
        ended = [sum(result.sessions for result in some), sum(result.released for result in some)]
        lists = [sum(len(getattr(result, name)) for result in some) for name in ENDS]
        cells = [*ended, lists[0], sum(result.not_read for result in some), *lists[1:]]
        searched = sum(result.bytes_searched for result in some) / 1e6
        found = sum(len(result.leaks) for result in some)
        lines.append(f"| {kind} | {' | '.join(f'{cell:,}' for cell in cells)} | {found} | {searched:.0f} |")
    hostile_ones, harmless_ones = ([result for result in results if result.kind == kind] for kind in KINDS)
    parts = ["\n".join(lines)]
    if hostile_ones:
        parts.append(
            "Hostile sessions are withheld for: " + _listed(_sum(result.codes for result in hostile_ones)) + "."
        )
        parts += [_by(hostile_ones, "place", 0), _by(hostile_ones, "writing", 1)]
    if harmless_ones:
        sessions = sum(result.sessions for result in harmless_ones)
        codes = _sum(result.codes for result in harmless_ones)
        for_identifier = sum(codes[code] for code in IDENTIFIER_CODES)
        lost = sum(len(result.values_lost) for result in harmless_ones)
        refused = sum(len(result.refused) for result in harmless_ones)
        share = 100 * for_identifier / max(sessions, 1)
        parts.append(
            f"Of the harmless sessions {share:.1f} % are withheld for an identifier; all reasons: "
            f"{_listed(codes) or 'none'}. {lost} lack a value in a sidecar that others of the same maker have; "
            f"{refused} tables of subjects were refused."
        )
    return "\n\n".join(parts)


def _sum(counts: Iterable[Mapping[str, int]]) -> Counter[str]:
    total: Counter[str] = Counter()
    for some in counts:
        total.update(some)
    return total


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.most_common())


def _by(results: Sequence[Result], heading: str, part: int, *, whole: bool = False) -> str:
    """How often each place, or each writing, was planted, and how often it was found; groups of them if not `whole`."""
    planted, found = Counter[str](), Counter[str]()
    group = str if whole else _GROUPS[heading]
    for result in results:
        for key, count in result.planted.items():
            planted[group(key.split("|")[part])] += count
        for leak in result.leaks:
            names = leak["places"] if heading == "place" else [f"{leak['what']}: {leak['way']}"]
            found.update(map(group, names))
    rows = [f"| {name} | {planted[name] or 'all'} | {found[name]} |" for name in sorted({*planted, *found})]
    return "\n".join([f"| {heading} | planted | found |", "|---|---:|---:|", *rows])


def _group_of_place(place: str) -> str:
    if place in hostile_cohort.PLACES:
        return "other elements of a header, one at a time"
    if place == "every header":
        return "elsewhere in a header: 150 places of each"
    if place.endswith("of another subject"):
        return "names of series, of another subject of the cohort"
    return "names of series" if place in hostile_cohort.LABELS else "tables and settings of the user"


_GROUPS: Mapping[str, Callable[[str], str]] = {
    "place": _group_of_place,
    "writing": lambda name: name.split(": ")[0],
}


def _details(results: Sequence[Result]) -> str:
    """Each single thing, for whoever mends it."""
    lines = [f"leak: {json.dumps(leak, ensure_ascii=False)}" for result in results for leak in result.leaks]
    for name in (*ENDS, "values_lost", "refused"):
        lines += [f"{result.kind} {name}: {entry}" for result in results for entry in getattr(result, name)]
    ones = [result for result in results if result.kind == "hostile"]
    return "\n".join([*lines, "", _by(ones, "place", 0, whole=True), "", _by(ones, "writing", 1, whole=True), ""])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
