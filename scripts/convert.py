"""Convert the clean DICOM of one session to BIDS."""

from unface.run import settings
from unface.run.job import Job
from unface.run.outcome import Work

job = Job.of_this_script()


def convert(work: Work) -> None:
    """Imports its stage when there is work, as all adapters do."""
    from unface.convert.convert import convert_session  # noqa: PLC0415

    convert_session(
        work,
        deidentified=job.input("deidentified"),
        dicom=job.input("dicom"),
        record=job.input("record"),
        identifiers=job.input("identifiers"),
        rules=settings.mapping_rules(job.config),
        labels=job.layout.labels,
        settings=job.settings.convert,
    )


job.run_stage(convert, files=[job.input("record")])
