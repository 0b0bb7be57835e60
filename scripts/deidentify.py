"""De-identify the headers of one session."""

from unface.deidentify.deidentify import deidentify
from unface.run.job import Job

job = Job.of_this_script()
deidentify(
    job.layout,
    job.session,
    fingerprint=job.fingerprint,
    select=job.settings.select,
    settings=job.settings.deidentify,
    attempt=job.attempt,
)
