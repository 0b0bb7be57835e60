"""Compare the brain volumes of one session before and after defacing."""

from unface.run.job import Job
from unface.run.outcome import Work

job = Job.of_this_script()


def compare(work: Work) -> None:
    """Imports its stage when there is work, as all adapters do."""
    from unface.compare.brain_kept import check_brain  # noqa: PLC0415
    from unface.compare.compare import compare_session  # noqa: PLC0415

    compare_session(
        work,
        original=job.input("original"),
        defaced=job.input("defaced"),
        limits=job.settings.compare,
    )
    check_brain(work, job.input("original"), job.input("faceless"), job.settings.deface.limits.brain_margin_mm)


job.run_stage(compare)
