"""The cohort's morphometry before and after defacing: tables, and what the summary page shows of them."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite, nan
from pathlib import Path
from typing import Any

from unface.compare.records import AGREEMENT
from unface.deidentify.records import characteristics
from unface.measure import records
from unface.report import agreement, plots, results
from unface.report.agreement import Agreement, Noise, Pairs
from unface.report.results import Session
from unface.run.files import NOT_AVAILABLE, read_table, table_text, write_whole
from unface.run.image_names import NIFTI
from unface.run.layout import Layout
from unface.run.sessions import SessionId

REGION_PLOTS = 30
GROUP_PLOTS = 5
"""The first of the whole measures: the volumes."""
AGE_YEARS = 10
"""Width of the groups by age: the bands of the headers are too narrow to hold many sessions."""
STATISTICS, SESSIONS, FAILURES, DICTIONARY = (
    "morphometry.tsv",
    "morphometry_sessions.tsv",
    "morphometry_failures.tsv",
    "morphometry.json",
)
SESSION_COLUMNS: Mapping[str, str] = {
    "session": "Pseudonyms of subject and session.",
    "image": "Path of the T1w image in the dataset.",
    "measure": "What was measured; see docs/morphometry.md. `dice` and `dice_...` are overlaps.",
    "region": "Region of the brain; empty for the whole.",
    "unit": "Unit of original, defaced, difference and noise.",
    "original": "Before defacing; n/a for an overlap.",
    "defaced": "After defacing; of an overlap Dice's coefficient.",
    "difference": "Defaced minus original.",
    "percent": "Difference in percent of the original.",
    "limit": "Largest allowed change in percent; of an overlap the least value. n/a: none.",
    "ok": "Whether the limit is kept.",
    "noise": "Noise floor of the cohort's sample, see morphometry.tsv.",
    "times_noise": "Size of the difference over the noise floor.",
}
FAILURE_COLUMNS: Mapping[str, str] = {
    "grouping": "What the sessions are grouped by; `all` for the whole cohort.",
    "group": "The group; n/a for the whole cohort.",
    "sessions": "Sessions whose original was to be measured.",
    "unmeasured_before": "Of those, sessions whose original could not be measured.",
    "unmeasured_after": "Sessions whose original was measured, and whose defaced image could not be.",
    "beyond_limits": "Sessions with a measure beyond its limit.",
    "failed_percent": "unmeasured_after and beyond_limits in percent of the sessions with a measured original.",
}

Row = Mapping[str, str]
Groups = Mapping[str, Mapping[str, Sequence[str]]]
"""By grouping and group the names of sessions."""


@dataclass(frozen=True)
class Compared:
    """All that is known of the cohort.

    Attributes
    ----------
    rows : sequence of (str, Row)
        A session's name and a row of its table of agreement, for each row of each session.
    measures : sequence of Pairs
        The same by measure and region.
    groups : Groups
        The sessions' names by grouping and group.
    noise : Noise
        Noise floor by measure and region.
    sampled : int
        How many sessions the noise floor comes from.
    to_sample : int
        How many more the next run measures for it, in place of some that this one could not.
    repeat_percent : float or None
        The largest change between two measurements of one image, in percent.
    """

    rows: Sequence[tuple[str, Row]]
    measures: Sequence[Pairs]
    groups: Groups
    noise: Noise
    sampled: int
    to_sample: int
    repeat_percent: float | None


def read(
    layout: Layout,
    sessions: Sequence[Session],
    sample: Sequence[SessionId],
    given: Mapping[str, Mapping[str, str]],
) -> Compared:
    """Read what the stages left.

    Parameters
    ----------
    layout
        Where they left it.
    sessions
        Of the whole cohort.
    sample
        The sessions of the noise floor.
    given
        For each subject the user's columns of participants.tsv, of which `site` makes groups.

    Returns
    -------
    Compared
        Empty where nothing was compared.
    """
    rows = list(_rows(layout, sessions))
    moved, repeated = (
        [pair for id_ in sample if all(pair := (_values(layout, "original", id_), _values(layout, again, id_)))]
        for again in ("shifted", "repeat")
    )
    return Compared(
        rows=rows,
        measures=agreement.pairs_of(rows),
        groups=_groups(layout, sessions, {name: row["image"] for name, row in reversed(rows)}, given),
        noise=agreement.noise_floor(moved),
        sampled=len(moved),
        to_sample=len(sample) - len(moved),
        repeat_percent=_largest_percent(repeated),
    )


def _rows(layout: Layout, sessions: Iterable[Session]) -> Iterator[tuple[str, Row]]:
    for session in sessions:
        if "compare" in session.outcomes:
            folder = layout.stage("compare", session.id)
            for row in read_table(folder / AGREEMENT):
                yield session.name, row


Values = dict[tuple[str, str], float]


def _values(layout: Layout, image: str, session: SessionId) -> Values:
    """The measures of a session's first image by measure and region; none if it was not measured."""
    rows = read_table(layout.stage(f"measure-{image}", session) / records.MEASURES)
    return {(row["measure"], row["region"]): float(row["value"]) for row in rows if row["image"] == rows[0]["image"]}


def _largest_percent(pairs: Iterable[tuple[Values, Values]]) -> float | None:
    """The largest change between the first and the second, in percent of the first; None without any."""
    alike = [(first[key], second[key]) for first, second in pairs for key in first.keys() & second.keys()]
    changes = [100 * abs(after / before - 1) for before, after in alike if before]
    return max(changes, default=None)


def _groups(
    layout: Layout, sessions: Sequence[Session], images: Mapping[str, str], given: Mapping[str, Mapping[str, str]]
) -> Groups:
    """Site, scanner, sex and age of the sessions that were compared or should have been, where they are known."""
    groups: dict[str, dict[str, list[str]]] = {"site": {}, "scanner": {}, "sex": {}, "age": {}}
    for session in sessions:
        if "measure-original" not in session.outcomes:
            continue
        person = characteristics(layout, session.id)
        age = person["age"]
        first = max(int(age) - 1, 0) // AGE_YEARS * AGE_YEARS + 1 if age != NOT_AVAILABLE else 0
        known = {
            "site": given.get(session.id.subject, {}).get("site", NOT_AVAILABLE),
            "scanner": _scanner(layout, session, images.get(session.name)),
            "sex": person["sex"],
            "age": f"{first}-{first + AGE_YEARS - 1}" if first else NOT_AVAILABLE,
        }
        for grouping, group in known.items():
            if group != NOT_AVAILABLE:
                groups[grouping].setdefault(group, []).append(session.name)
    return {grouping: dict(sorted(names.items())) for grouping, names in groups.items() if names}


def _scanner(layout: Layout, session: Session, image: str | None) -> str:
    """Maker, model and field strength as a sidecar has them, if the audit found nothing in it."""
    # That of the image that was compared, or of the first T1w of a session where none could be.
    if session.state("audit") != "ok":
        return NOT_AVAILABLE
    folder = layout.stage("convert", session.id) / "bids"
    anat = folder / session.id.bids_folder / "anat"
    sidecar = folder / f"{image.removesuffix(NIFTI)}.json" if image else min(anat.glob("*_T1w.json"), default=None)
    if sidecar is None or not sidecar.is_file():
        return NOT_AVAILABLE
    values = json.loads(sidecar.read_text(encoding="utf-8"))
    field = values.get("MagneticFieldStrength")
    words = [values.get("Manufacturer"), values.get("ManufacturersModelName"), f"{field:g} T" if field else None]
    return " ".join(str(word) for word in words if word) or NOT_AVAILABLE


def statistics(compared: Compared) -> list[Agreement]:
    """Agreement of every measure.

    Parameters
    ----------
    compared
        All that is known of the cohort.

    Returns
    -------
    list of Agreement
        In the whole cohort and then in every group.
    """
    agreements = [agreement.agreement(pairs, compared.noise.get(pairs.key, nan)) for pairs in compared.measures]
    for grouping, groups in compared.groups.items():
        agreements += agreement.by_group(compared.measures, grouping, groups, compared.noise)
    return agreements


def _has_t1w(session: Session) -> bool:
    """Whether there was anything to measure."""
    original = session.outcomes.get("measure-original")
    return original is not None and not (original.ok and original.measurements.get("images") == 0)


def failures(sessions: Sequence[Session], groups: Groups) -> list[dict[str, Any]]:
    """Count the sessions that could not be measured, or changed by more than the limits.

    Parameters
    ----------
    sessions
        Of the whole cohort.
    groups
        The sessions' names by grouping and group.

    Returns
    -------
    list of dict
        Rows by `FAILURE_COLUMNS`: the whole cohort and then every group.
    """
    by_name = {session.name: session for session in sessions if _has_t1w(session)}
    parts = [("all", NOT_AVAILABLE, list(by_name))]
    parts += [
        (grouping, group, [name for name in names if name in by_name])
        for grouping, part in groups.items()
        for group, names in part.items()
    ]
    rows = []
    for grouping, group, names in parts:
        reasons = {name: {(r.stage, r.code) for r in by_name[name].standing.reasons} for name in names}
        reached = [name for name in names if by_name[name].state("measure-original") in ("ok", "withheld")]
        before = sum(by_name[name].state("measure-original") == "withheld" for name in reached)
        after = sum(by_name[name].state("measure-defaced") == "withheld" for name in reached)
        beyond = sum(("compare", "morphometry_changed") in reasons[name] for name in reached)
        measured = len(reached) - before
        rows.append(
            {
                "grouping": grouping,
                "group": group,
                "sessions": len(reached),
                "unmeasured_before": before,
                "unmeasured_after": after,
                "beyond_limits": beyond,
                "failed_percent": round(100 * (after + beyond) / measured, 3) if measured else NOT_AVAILABLE,
            }
        )
    return [row for row in rows if row["sessions"]]


def write(
    folder: Path, compared: Compared, agreements: Sequence[Agreement], failed: Sequence[Mapping[str, Any]]
) -> None:
    """Write the tables and their data dictionary.

    Parameters
    ----------
    folder
        Of the report.
    compared
        All that is known of the cohort.
    agreements
        Of `statistics`.
    failed
        Of `failures`.
    """
    session_rows = []
    for name, row in compared.rows:
        noise = compared.noise.get((row["measure"], row["region"]), 0.0)
        difference = results.number(row["difference"])
        times = f"{abs(difference) / noise:.4g}" if noise and difference is not None else NOT_AVAILABLE
        floor = f"{noise:.6g}" if noise else NOT_AVAILABLE
        own = {**row, "session": name, "noise": floor, "times_noise": times}
        session_rows.append([own[column] for column in SESSION_COLUMNS])
    for file, columns, rows in (
        (STATISTICS, agreement.DESCRIPTIONS, [row.cells() for row in agreements]),
        (SESSIONS, SESSION_COLUMNS, session_rows),
        (FAILURES, FAILURE_COLUMNS, failed),
    ):
        write_whole(folder / file, table_text(columns, rows))
    dictionary = {
        file: {column: {"Description": text} for column, text in columns.items()}
        for file, columns in (
            (STATISTICS, agreement.DESCRIPTIONS),
            (SESSIONS, SESSION_COLUMNS),
            (FAILURES, FAILURE_COLUMNS),
        )
    }
    write_whole(folder / DICTIONARY, json.dumps(dictionary, indent=1) + "\n")


def shown(compared: Compared, agreements: Sequence[Agreement], failed: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What the page shows: plots of the whole measures and of the regions, and a table.

    Parameters
    ----------
    compared
        All that is known of the cohort.
    agreements
        Of `statistics`.
    failed
        Of `failures`.

    Returns
    -------
    dict
        `measures` of the page's template.
    """
    overall = {row.key: row for row in agreements if row.grouping == "all"}
    whole = [pairs for pairs in compared.measures if not pairs.region]
    regions = [pairs for pairs in compared.measures if pairs.region]
    known = [pairs for pairs in regions if isfinite(overall[pairs.key].bias_percent)]
    worst = sorted(known, key=lambda pairs: -abs(overall[pairs.key].bias_percent))[:REGION_PLOTS]
    several = {grouping for grouping, groups in compared.groups.items() if len(groups) > 1}
    grouped = [
        rows
        for pairs in whole[:GROUP_PLOTS]
        if (rows := [row for row in agreements if row.key == pairs.key and row.grouping in several])
    ]
    return {
        "rows": len(compared.rows),
        "outside": sum(row["ok"] == "false" for _, row in compared.rows),
        "sampled": compared.sampled,
        "to_sample": compared.to_sample,
        "repeat_percent": compared.repeat_percent,
        "table": [overall[pairs.key] for pairs in whole],
        "failures": failed if compared.rows else [],
        "bland_altman": plots.bland_altman([(pairs, overall[pairs.key]) for pairs in whole]) if whole else "",
        "forest": plots.bias_forest([overall[pairs.key] for pairs in whole + worst]) if compared.measures else "",
        "groups": plots.group_forest(grouped) if grouped else "",
        "regions": plots.region_map(regions) if regions else "",
    }
