"""De-identify the headers of one session."""

from unface.deidentify.deidentify import deidentify
from unface.run import settings
from unface.run.job import Job

job = Job.of_this_script()
deidentify(
    job.layout,
    job.session,
    fingerprint=job.fingerprint,
    select=job.config["select"],
    settings=settings.Deidentify.of(job.config["deidentify"]),
    attempt=job.attempt,
)
