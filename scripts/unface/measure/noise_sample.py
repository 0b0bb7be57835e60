"""Of which sessions the original is measured again, for the noise floor: of those that can be measured."""

from collections.abc import Iterable

from unface.measure import records
from unface.run import outcome
from unface.run.files import read_table
from unface.run.layout import Layout
from unface.run.outcome import JobFailedError
from unface.run.sessions import SessionId, sampled
from unface.run.stages import NOISE_STAGES


def noise_sample(layout: Layout, sessions: Iterable[SessionId], count: int) -> list[SessionId]:
    """The sample of `count` sessions, without those of which a run has shown that they have nothing to measure.

    The next one takes the place of each. What no run has reached yet may be measured.

    Parameters
    ----------
    layout
        Where the stages left their results.
    sessions
        Of the cohort, in any order.
    count
        The size of the sample.

    Returns
    -------
    list of SessionId
        In the order of their digests; fewer where there are no more.
    """
    return sampled(sessions, count, lambda session: _may_be_measured(layout, session))


def measured(layout: Layout, sample: Iterable[SessionId]) -> list[SessionId]:
    """Those of a sample that were measured again.

    Parameters
    ----------
    layout
        Where the stages left their results.
    sample
        Sessions.

    Returns
    -------
    list of SessionId
        In the same order.
    """
    return [session for session in sample if all(layout.stage(stage, session).exists() for stage in NOISE_STAGES)]


def _may_be_measured(layout: Layout, session: SessionId) -> bool:
    """Whether nothing is known that keeps the original from being measured."""
    for stage in ("convert", "measure-original"):
        try:
            if not outcome.read(layout.stage(stage, session)).ok:
                return False
        except JobFailedError:
            return True
    return bool(read_table(layout.stage("measure-original", session) / records.MEASURES))
