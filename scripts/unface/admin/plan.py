"""What a run would redo after a change: by stage, how many sessions, why, and what it costs.

It asks what the gate asks: in what every outcome differs from one that today's settings, code and inputs would make.
"""

import json
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from unface.admin.effort import efforts
from unface.mapping import labels
from unface.run import outcome
from unface.run.files import read_table
from unface.run.layout import Layout
from unface.run.outcome import JobFailedError
from unface.run.provenance import Conversions, Fingerprints, of_session, stale
from unface.run.sessions import SessionId, by_subject
from unface.run.stages import EVERY_STAGE, NOISE_STAGES, STAGES

NEW = "not done yet"
FILES = "raw files changed"
SETTINGS = "settings changed"
REASONS = {
    "owner": "it holds the result of another session or stage",
    "settings": SETTINGS,
    "code": "unface's code changed",
    "inputs": "its inputs changed since",
}
"""What a plan says of each way in which a result differs (`provenance.STALE`)."""
AGAIN = "the clean DICOM was not kept"
FOLLOWS = "follows from "


@dataclass(frozen=True)
class Redo:
    """Sessions of one stage that are done again for one reason; `cpu_h` hours of a core, None if nothing tells."""

    stage: str
    reason: str
    sessions: int
    cpu_h: float | None


@dataclass(frozen=True)
class Plan:
    """All that would be done again, of how many sessions."""

    sessions: int
    redo: Sequence[Redo]


def plan(
    layout: Layout,
    fingerprints: Fingerprints,
    conversions: Conversions | None = None,
    changed: Sequence[str] = (),
    sample: Collection[SessionId] = (),
) -> Plan:
    """What a run with today's settings and code would do.

    Parameters
    ----------
    layout
        Where everything of the run lies.
    fingerprints
        Today's digests of settings and code, by stage (`run.fingerprints.fingerprint`).
    conversions
        Those of the conversion of single sessions, where the plan of their mapping is known.
    changed
        The settings that differ from those of the last release (`differing`), to name them.
    sample
        The sessions whose originals are measured again, for the noise floor.

    Returns
    -------
    Plan
        What is done again, in the order of the stages.
    """
    sessions = layout.read_sessions()
    sessions_of = by_subject(sessions)
    counts: Counter[tuple[str, str]] = Counter()
    for session in sessions:
        stages = [*STAGES, *NOISE_STAGES] if session in sample else list(STAGES)
        today = of_session(fingerprints, conversions, session)
        counts.update(_session(layout, session, stages, today, sessions_of[session.subject]).items())
    costs = {stage: seconds / 3600 for stage, seconds in efforts(layout).items()}
    order = {stage: place for place, stage in enumerate((*STAGES, *NOISE_STAGES))}
    redo = [
        Redo(stage, _named(stage, reason, changed), count, costs[stage] * count if stage in costs else None)
        for (stage, reason), count in sorted(counts.items(), key=lambda item: (order[item[0][0]], -item[1], item[0]))
    ]
    return Plan(len(sessions), redo)


def _session(
    layout: Layout, session: SessionId, stages: Sequence[str], fingerprints: Fingerprints, sessions: Sequence[str]
) -> dict[str, str]:
    """The stages that one session goes through again, each with its first reason. `sessions`: all of the subject's."""
    redo: dict[str, str] = {}
    for stage in stages:
        try:
            result = outcome.read(layout.stage(stage, session))
        except JobFailedError:
            redo[stage] = NEW
            continue
        first = next((source for source in EVERY_STAGE[stage].sources if source in redo), None)
        # Inputs that a stage before it will make anew are no reason of its own.
        differing_in = stale(layout, result, stage, session, fingerprints[stage], sessions=sessions)
        own = [part for part in differing_in if part != "inputs" or not first]
        if stage == "deidentify" and "inputs" in own:
            redo[stage] = FILES
        elif own:
            redo[stage] = REASONS[own[0]]
        elif first:
            redo[stage] = redo[first] if redo[first].startswith(FOLLOWS) else FOLLOWS + first
    if "convert" in redo and "deidentify" not in redo and not layout.clean_dicom(session).exists():
        redo["deidentify"] = AGAIN
    return redo


def _named(stage: str, reason: str, changed: Sequence[str]) -> str:
    """The reason, with the settings of that stage that changed. Their values may identify: only names are told."""
    if reason != SETTINGS:
        return reason
    known = EVERY_STAGE[stage]
    own = (*known.settings, *known.files, *(["convert.rules", "convert.label_words"] if stage == "convert" else []))
    mine = [path for path in changed if any(f"{path}.".startswith(f"{setting}.") for setting in own)]
    return f"{reason}: {', '.join(mine)}" if mine else reason


def lines(planned: Plan) -> Iterator[str]:
    """The plan for readers.

    Parameters
    ----------
    planned
        The plan.

    Yields
    ------
    str
        A line without its end.
    """
    if not planned.redo:
        yield f"All stages of all sessions ({planned.sessions}) are as today's settings, code and files make them."
        yield "A run would do no more than the release and the pages, if those."
        return
    yield f"Of {planned.sessions} sessions, a run would do:"
    yield ""
    yield f"  {'stage':22}{'sessions':>10}{'CPU hours':>12}  because"
    for redo in planned.redo:
        hours = "unknown" if redo.cpu_h is None else f"{redo.cpu_h:.2f}"
        yield f"  {redo.stage:22}{redo.sessions:10}{hours:>12}  {redo.reason}"
    known = [redo.cpu_h for redo in planned.redo if redo.cpu_h is not None]
    yield ""
    yield f"About {sum(known):.2f} CPU hours, as the last run's jobs took; then the release and the pages."
    if len(known) < len(planned.redo):
        yield "Stages that never ran have no estimate."


def said(
    layout: Layout,
    config: Mapping[str, Any],
    fingerprints: Fingerprints,
    conversions: Conversions,
    *,
    sample: Collection[SessionId],
    mapped: bool,
) -> str:
    """The plan of a run with today's settings, as text for readers.

    Parameters
    ----------
    layout, fingerprints, conversions, sample
        As for `plan`.
    config
        Today's settings, to name those that differ from the last release's.
    mapped
        Whether the inventory is that of today's mapping rules and table of subjects; if not, it comes first.

    Returns
    -------
    str
        Lines with their ends.
    """
    last = json.loads(layout.last_settings.read_text(encoding="utf-8")) if layout.last_settings.exists() else None
    changed = [] if last is None else differing(last, config)
    first = [] if mapped else ["First comes the inventory, and after it what it finds changed.", ""]
    words = labels.note(Counter(row["becomes"] for row in read_table(layout.label_words)))
    first += [f"{words}.", ""] if words else []
    return "\n".join([*first, *lines(plan(layout, fingerprints, conversions, changed, sample))]) + "\n"


def differing(before: Mapping[str, Any], now: Mapping[str, Any], path: str = "") -> list[str]:
    """The settings that differ, by their dotted names.

    Parameters
    ----------
    before, now
        The settings of two times, or two blocks of them.
    path
        The dotted name of the blocks, with a dot at its end.

    Returns
    -------
    list of str
        Dotted names, in order.
    """
    different: list[str] = []
    for key in sorted({*before, *now}):
        old, new = before.get(key), now.get(key)
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            different += differing(old, new, f"{path}{key}.")
        elif old != new:
            different.append(f"{path}{key}")
    return different
