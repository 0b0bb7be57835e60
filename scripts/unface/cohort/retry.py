"""Taking away what stopped sessions that another try may bring further, so that the next run makes it anew."""

import logging
import shutil
from collections.abc import Collection, Sequence

from unface import outcome
from unface.files import read_table
from unface.layout import Layout, by_subject, unit
from unface.outcome import JobFailedError, Outcome
from unface.release.gate import Conversions, Protocols, of_session, stale
from unface.stages import EVERY_STAGE, NOISE_STAGES, STAGES

log = logging.getLogger("unface")

WORTH_RETRYING = {
    "crashed",
    "engine_missing",
    "input_changed",
    "input_missing",
    "job_failed",
    "tool_crashed",
    "tool_timeout",
    "unaudited",
    "unreadable",
}
"""Reasons that lie in the machine, in a tool or in files that may be put back. For the others a setting has to change,
and then Snakemake tries again by itself."""


def forget(
    layout: Layout,
    sessions: Collection[tuple[str, str]],
    protocols: Protocols,
    conversions: Conversions | None = None,
) -> list[tuple[str, str]]:
    """Remove, for each session that is worth a retry, the results of the stage that stopped it and of all that follow.

    Results that are damaged, or that Snakemake takes for good and the gate does not, are removed in the same way. The
    table of verdicts goes, too: Snakemake makes what lies between only for a target that is missing.

    Parameters
    ----------
    protocols
        Today's digests of settings and code, by stage (`provenance.protocol`).
    conversions
        Those of the conversion of single sessions, where the plan of their mapping is known.

    Returns
    -------
    The sessions concerned.
    """
    unproven = _unproven(layout)
    sessions_of = by_subject(sessions)
    concerned = []
    for names in sessions:
        today = of_session(protocols, conversions, names)
        first = _first(layout, names, today, sessions_of[names[0]], unproven=names in unproven)
        again = list(STAGES)[first:] if first is not None else []
        again += [stage for stage in NOISE_STAGES if _stopped(layout, stage, names)]
        if again:
            log.info("%s from %s on", unit(*names), again[0])
            for stage in again:
                shutil.rmtree(layout.stage(stage, *names), ignore_errors=True)
                # A log without a result is that of a job that failed.
                for name in (f"{unit(*names)}.log", f"{unit(*names)}_*.log"):
                    for log_file in layout.log(EVERY_STAGE[stage].rule).parent.glob(name):
                        log_file.unlink()
            # The target of a run in slices.
            layout.review(*names).unlink(missing_ok=True)
            concerned.append(names)
    if concerned:
        layout.verdicts.unlink(missing_ok=True)
    return concerned


def _first(
    layout: Layout, names: tuple[str, str], protocols: Protocols, sessions: Sequence[str], *, unproven: bool
) -> int | None:
    """The first stage to be made anew; None if the session stays as it is. `sessions`: all of the subject's."""
    for number, stage in enumerate(STAGES):
        try:
            found = outcome.read(layout.stage(stage, *names))
        except JobFailedError:
            left = any(layout.stage(later, *names).exists() for later in list(STAGES)[number:])
            return number if left or unproven else None
        if _is_stopped(found, stage) or stale(layout, found, stage, names, protocols[stage], sessions=sessions):
            return number
    # A file was changed that only its stage can make again, whichever that is.
    return 0 if unproven else None


def _stopped(layout: Layout, stage: str, names: tuple[str, str]) -> bool:
    try:
        return _is_stopped(outcome.read(layout.stage(stage, *names)), stage)
    except JobFailedError:
        return False


def _is_stopped(found: Outcome, stage: str) -> bool:
    """Whether a stage ended for what another try may overcome."""
    return any(reason.stage == stage and reason.code in WORTH_RETRYING for reason in found.reasons)


def _unproven(layout: Layout) -> set[tuple[str, str]]:
    """The sessions that the last release withheld since a result was not what it has to be."""
    rows = read_table(layout.verdicts)
    return {(row["subject"], row["session"]) for row in rows if "provenance" in row["codes"].split(";")}
