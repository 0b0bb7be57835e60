"""Deface the head images of one session."""

from unface.run.job import Job
from unface.run.outcome import Work

job = Job.of_this_script()


def deface(work: Work) -> None:
    """Imports its stage when there is work, as all adapters do."""
    from unface.deface.deface import deface_session  # noqa: PLC0415

    deface_session(work, converted=job.input("converted"), defacing=job.settings.deface)


job.run_stage(deface)
