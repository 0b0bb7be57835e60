"""Measure the brain of one session, in its original or in its defaced images, or for the noise floor."""

from unface.run.job import Job
from unface.run.outcome import Work

job = Job.of_this_script()


def measure(work: Work) -> None:
    """Imports its stage when there is work, as all adapters do."""
    from unface.measure.measure import measure_session  # noqa: PLC0415

    measure_session(
        work,
        job.input("images") / "bids",
        job.settings.measure,
        moved=job.wildcards["image"] == "shifted",
    )


job.run_stage(measure)
