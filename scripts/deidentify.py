"""De-identify the headers of one session."""

from unface.deidentify.records import CLEAN_DICOM, leave_identifiers
from unface.run.job import Job
from unface.run.outcome import Work

job = Job.of_this_script()


def deidentify(work: Work) -> None:
    """Imports its stage when there is work, as all adapters do."""
    from unface.deidentify.deidentify import deidentify_session  # noqa: PLC0415
    from unface.identity.pseudonyms import Key  # noqa: PLC0415

    deidentify_session(
        work,
        record=job.input("record"),
        identifiers=job.output("identifiers"),
        key=Key.load(job.layout.key),
        select=job.settings.select,
        settings=job.settings.deidentify,
    )


# Conversion alone reads the clean images, and they may go before the outcome does.
job.run_stage(deidentify, files=[job.input("record")], beside={CLEAN_DICOM: job.output("dicom")})
leave_identifiers(job.output("identifiers"))
