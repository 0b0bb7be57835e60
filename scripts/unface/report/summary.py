"""The page of a whole cohort, for everyone: no face, no voxel of an original, no header's value, no raw path."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from unface.audit import records
from unface.report import morphometry, pages, plots, results
from unface.report.plots import CheckValues
from unface.report.results import Session
from unface.report.wording import ADVICE, ENGINES, STAGE_COLUMNS, STAGE_HEADINGS, in_order
from unface.run import unread
from unface.run.files import read_table, table_text, write_whole
from unface.run.image_names import NIFTI
from unface.run.layout import Layout
from unface.run.outcome import REASONS
from unface.run.sessions import SessionId
from unface.run.stages import STAGES

TEMPLATE = pages.TEMPLATES / "summary.html.j2"
FACE_STATES = ("pass", "review", "fail")
LISTED_SESSIONS = 500
"""Longer cohorts list only the sessions that were not released; cohort.tsv lists all."""

PROTOCOL_GROUP_COLUMNS = ("group", "result", "rules", "suggestion", "sessions", "series", "variants", "example")
"""The columns of protocols.tsv that hold no text of a header."""

AUDITED = {"files": "files searched", "bytes": "bytes searched", "forms": "written forms of identifiers searched for"}


def summary(
    layout: Layout,
    sessions: Iterable[SessionId],
    output_folder: Path,
    title: str,
    *,
    sample: Sequence[SessionId] = (),
    given: Mapping[str, Mapping[str, str]] | None = None,
) -> None:
    """Write `index.html`, `cohort.tsv`, and the tables of the morphometry with their dictionary.

    Parameters
    ----------
    layout
        Where the stages left what is told.
    sessions
        Every session of the inventory.
    output_folder
        Where the page goes (`layout.report`).
    title
        The name of the cohort.
    sample
        The sessions whose originals were measured again for the noise floor.
    given
        For each subject the user's columns of participants.tsv; `site` makes groups.
    """
    gate = results.read_gate(layout.verdicts)
    if any("report.title" in row["reasons"] for row in gate.values()):
        # The release found an identifier in it, and says so.
        title = "unface"
    every = [results.read_session(layout, session, gate.get(session)) for session in sorted(sessions)]
    listed = [session for session in every if len(every) <= LISTED_SESSIONS or session.standing.word != "released"]
    compared = morphometry.read(layout, every, sample, given or {})
    statistics = morphometry.statistics(compared)
    failures = morphometry.failures(every, compared.groups)
    page = pages.render(
        TEMPLATE,
        title=title,
        headline=_headline(layout, every),
        unread=unread.of_last_inventory(layout),
        stages=STAGE_COLUMNS,
        sessions=listed[:LISTED_SESSIONS],
        all_sessions=len(every),
        withheld=_withheld(every),
        series=_series(layout, every),
        protocols=_protocol_groups(layout),
        faces=_faces(every),
        checks=_checks(every),
        measures=morphometry.shown(compared, statistics, failures),
        audit=_audit(every),
        code=_code(every),
        tools=_tools(every),
    )
    morphometry.write(output_folder, compared, statistics, failures)
    write_whole(output_folder / "index.html", page)
    write_whole(output_folder / "cohort.tsv", _cohort_table(every))


def _headline(layout: Layout, sessions: Sequence[Session]) -> list[tuple[int, str]]:
    standings = Counter(session.standing.word for session in sessions)
    images = sum(
        row["path"].endswith(NIFTI) and "_defacemask" not in row["path"]
        for session in sessions
        if session.standing.word == "released"
        for row in read_table(layout.stage("audit", session.id) / records.FILE)
    )
    figures = [
        (len({session.id.subject for session in sessions}), "subjects"),
        (len(sessions), "sessions found"),
        (standings["released"], "sessions released"),
        (standings["withheld"], "sessions withheld"),
        (images, "images released"),
    ]
    waiting = standings["ready"] + standings["unfinished"]
    return figures + ([(waiting, "sessions not finished")] if waiting else [])


def _withheld(sessions: Sequence[Session]) -> list[dict[str, Any]]:
    """The reasons, most frequent first, with what to do and which sessions they hold back."""
    by_code: dict[str, list[str]] = defaultdict(list)
    for session in sessions:
        for code in dict.fromkeys(reason.code for reason in session.standing.reasons):
            by_code[code].append(session.name)
    return [
        {"code": code, "meaning": REASONS.get(code, ""), "advice": ADVICE.get(code, ""), "sessions": names}
        for code, names in sorted(by_code.items(), key=lambda item: (-len(item[1]), item[0]))
    ]


def _series(layout: Layout, sessions: Sequence[Session]) -> list[tuple[str, int, int]]:
    """State, number of series and number of files."""
    count, files = Counter[str](), Counter[str]()
    for session in sessions:
        for row in results.read_series(layout, session.id):
            count[row["state"]] += 1
            files[row["state"]] += int(row.get("files") or 0)
    return [
        (state, number, files[state]) for state, number in sorted(count.items(), key=lambda item: (-item[1], item[0]))
    ]


def _protocol_groups(layout: Layout) -> dict[str, Any]:
    rows = read_table(layout.protocol_groups)
    columns = [column for column in PROTOCOL_GROUP_COLUMNS if rows and column in rows[0]]
    return {"columns": columns, "rows": [[row[column] for column in columns] for row in rows]}


def _faces(sessions: Sequence[Session]) -> list[tuple[str, dict[str, int]]]:
    """How head images were aligned, and how many of each passed, wait for a person, or failed."""
    count: dict[str, Counter[str]] = defaultdict(Counter)
    for session in sessions:
        for image in session.heads().values():
            engine = image.get("engine", "")
            count[ENGINES.get(engine, engine) or "not at all"][image.get("state", "")] += 1
    rows = [(how, {state: states[state] for state in FACE_STATES}) for how, states in count.items()]
    return sorted(rows, key=lambda row: (-sum(row[1].values()), row[0]))


def _checks(sessions: Sequence[Session]) -> str:
    """The distribution of every check of the defacing that has a number for its value."""
    values: dict[str, list[tuple[float, bool]]] = defaultdict(list)
    limits: dict[str, set[float]] = defaultdict(set)
    for session in sessions:
        for image in session.heads().values():
            for name, check in image.get("checks", {}).items():
                value = results.number(check["value"])
                if value is not None:
                    values[name].append((value, check["state"] == "pass"))
                    limits[name].update(check["limits"])
    checks = [
        CheckValues(
            pages.words(name),
            np.array([value for value, _ in values[name]]),
            tuple(sorted(limits[name])),
            np.array([ok for _, ok in values[name]]),
        )
        for name in in_order(values)
    ]
    return plots.checks(checks) if checks else ""


def _audit(sessions: Sequence[Session]) -> dict[str, Any]:
    """What the audits of all sessions looked at, and in how many sessions they found what, by kind."""
    audited = [session.outcomes["audit"] for session in sessions if session.state("audit") in ("ok", "withheld")]
    totals = {name: sum(outcome.measurements.get(name, 0) for outcome in audited) for name in AUDITED}
    hits = Counter(
        code for made in audited for code in {reason.code for reason in made.reasons if reason.stage == "audit"}
    )
    invalid = sum(any(reason.code == "bids_invalid" for reason in session.standing.reasons) for session in sessions)
    return {
        "figures": [("sessions audited", len(audited))] + [(AUDITED[name], total) for name, total in totals.items()],
        "hits": [(code, REASONS.get(code, ""), number) for code, number in sorted(hits.items())],
        "released": any(session.standing.word == "released" for session in sessions),
        "invalid": invalid,
    }


def _code(sessions: Sequence[Session]) -> list[tuple[str, str, int]]:
    """Stage, digest of its code, number of sessions made with it."""
    # A digest of settings stays inside: they may hold names, which could be tried until it fits.
    used = Counter(
        (stage, outcome.fingerprint.get("code", ""))
        for session in sessions
        for stage, outcome in session.outcomes.items()
    )
    order = {stage: place for place, stage in enumerate(STAGES)}
    rows = sorted(used.items(), key=lambda item: (order[item[0][0]], -item[1], item[0]))
    return [(STAGE_HEADINGS[stage], code, number) for (stage, code), number in rows]


def _tools(sessions: Sequence[Session]) -> list[tuple[str, str, int]]:
    """Tool, version, number of sessions it worked on."""
    used = Counter(
        tool
        for session in sessions
        for tool in {pair for made in session.outcomes.values() for pair in made.tools.items()}
    )
    return [(name, version, number) for (name, version), number in sorted(used.items())]


def _cohort_table(sessions: Sequence[Session]) -> str:
    """Every session with the state of each stage, as TSV."""
    rows = []
    for session in sessions:
        states = [session.state(stage) for stage in STAGES]
        codes = ";".join(dict.fromkeys(reason.code for reason in session.standing.reasons))
        rows.append((*session.id, session.standing.word, *states, codes))
    return table_text(("subject", "session", "verdict", *STAGES, "codes"), rows)
