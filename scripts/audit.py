"""Audit what would be released of one session."""

from unface.run.job import Job
from unface.run.outcome import Work

job = Job.of_this_script()
other_sessions = job.inputs("other_sessions")


def audit(work: Work) -> None:
    """Imports its stage when there is work: a session that an earlier stage withheld is passed on at no cost."""
    from unface.audit.audit import audit_session  # noqa: PLC0415
    from unface.audit.candidates import Heads  # noqa: PLC0415

    audit_session(
        work,
        converted=job.input("converted"),
        defaced=job.input("defaced"),
        identifiers=job.input("identifiers"),
        other_sessions=other_sessions,
        ignore=job.settings.audit.ignore,
        heads=Heads(job.settings.deface.suffixes, job.settings.audit.faceless),
        options=job.settings.deidentify.options,
    )


job.run_stage(audit, files=[job.input("identifiers"), *other_sessions])
