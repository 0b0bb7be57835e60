"""Results that were moved or copied: Snakemake has no record of them, and would take them for good whatever changed.

What a stage was made with stands in its own outcome, too: where Snakemake has no record, that is asked. A release
without a record is made anew, for what it was made of is nowhere else; that costs little.
"""

from functools import cache
from pathlib import Path
from typing import Any

import snakemake.api  # before its parts, which import each other
from snakemake.persistence import ParamsChange, PersistenceBase

from unface.admin.large_plans import KNOWN
from unface.run import outcome
from unface.run.outcome import JobFailedError

NO_RECORD = "the digests of its settings and code"


@cache
def notice_changes() -> None:
    """Change the Snakemake of this process, before it plans; a second call does nothing.

    Another version than the known one is left alone.
    """
    if snakemake.__version__ != KNOWN:
        return
    has_record, params_changed = PersistenceBase.has_metadata, PersistenceBase.params_changed

    def has_record_or_changed(self: Any, job: Any) -> bool:
        # Only then does Snakemake ask what changed.
        return bool(has_record(self, job)) or differs(job)

    def recorded_or_own_change(self: Any, job: Any, file: Any = None) -> Any:
        known = params_changed(self, job, file)
        if known or has_record(self, job) or not differs(job):
            return known
        return ParamsChange(only_new={NO_RECORD}, files=set(job.output))

    PersistenceBase.has_metadata = has_record_or_changed
    PersistenceBase.params_changed = recorded_or_own_change


def differs(job: Any) -> bool:
    """Whether the results of a job, by what they say themselves, were made with other settings or code than today's.

    Parameters
    ----------
    job
        Snakemake's job, of which there is no record.

    Returns
    -------
    bool
        False where they say nothing; True of a release that is there.
    """
    if job.params.get("fingerprints"):
        return all(Path(output).exists() for output in job.output)
    fingerprint = job.params.get("fingerprint")
    for output in map(Path, job.output) if fingerprint else ():
        if (output / outcome.FILE).is_file():
            try:
                return outcome.read(output).fingerprint != dict(fingerprint)
            except JobFailedError:
                return True
    return False
