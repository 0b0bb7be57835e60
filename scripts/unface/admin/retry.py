"""Taking away what stopped sessions that another try may bring further, so that the next run makes it anew."""

import logging
import shutil
from collections.abc import Collection, Sequence

from unface.run import outcome
from unface.run.files import read_table
from unface.run.layout import Layout
from unface.run.outcome import JobFailedError, Outcome
from unface.run.provenance import Conversions, Fingerprints, of_session, stale
from unface.run.sessions import SessionId, by_subject
from unface.run.stages import NOISE_STAGES, STAGES, rule_of

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
    sessions: Collection[SessionId],
    fingerprints: Fingerprints,
    conversions: Conversions | None = None,
) -> list[SessionId]:
    """Remove, for each session that is worth a retry, the results of the stage that stopped it and of all that follow.

    Results that are damaged, or that Snakemake takes for good and the gate does not, are removed in the same way. The
    table of verdicts goes, too: Snakemake makes what lies between only for a target that is missing.

    Parameters
    ----------
    layout
        Where everything of the run lies.
    sessions
        The sessions to look at.
    fingerprints
        Today's digests of settings and code, by stage (`run.fingerprints.fingerprint`).
    conversions
        Those of the conversion of single sessions, where the plan of their mapping is known.

    Returns
    -------
    list of SessionId
        The sessions concerned.
    """
    unproven = _unproven(layout)
    sessions_of = by_subject(sessions)
    concerned = []
    for session in sessions:
        today = of_session(fingerprints, conversions, session)
        first = _first(layout, session, today, sessions_of[session.subject], unproven=session in unproven)
        again = list(STAGES)[first:] if first is not None else []
        again += [stage for stage in NOISE_STAGES if _stopped(layout, stage, session)]
        if again:
            log.info("%s from %s on", session.name, again[0])
            for stage in again:
                shutil.rmtree(layout.stage(stage, session), ignore_errors=True)
                # A log without a result is that of a job that failed.
                for name in (f"{session.name}.log", f"{session.name}_*.log"):
                    for log_file in layout.log(rule_of(stage)).parent.glob(name):
                        log_file.unlink()
            # The target of a run in slices.
            layout.review(session).unlink(missing_ok=True)
            concerned.append(session)
    if concerned:
        layout.verdicts.unlink(missing_ok=True)
    return concerned


def _first(
    layout: Layout, session: SessionId, fingerprints: Fingerprints, sessions: Sequence[str], *, unproven: bool
) -> int | None:
    """The first stage to be made anew; None if the session stays as it is. `sessions`: all of the subject's."""
    for number, stage in enumerate(STAGES):
        try:
            result = outcome.read(layout.stage(stage, session))
        except JobFailedError:
            left = any(layout.stage(later, session).exists() for later in list(STAGES)[number:])
            return number if left or unproven else None
        if _is_stopped(result, stage) or stale(layout, result, stage, session, fingerprints[stage], sessions=sessions):
            return number
    # A file was changed that only its stage can make again, whichever that is.
    return 0 if unproven else None


def _stopped(layout: Layout, stage: str, session: SessionId) -> bool:
    try:
        return _is_stopped(outcome.read(layout.stage(stage, session)), stage)
    except JobFailedError:
        return False


def _is_stopped(result: Outcome, stage: str) -> bool:
    """Whether a stage ended for what another try may overcome."""
    return any(reason.stage == stage and reason.code in WORTH_RETRYING for reason in result.reasons)


def _unproven(layout: Layout) -> set[SessionId]:
    """The sessions that the last release withheld since a result was not what it has to be."""
    rows = read_table(layout.verdicts)
    return {SessionId(row["subject"], row["session"]) for row in rows if "provenance" in row["codes"].split(";")}
