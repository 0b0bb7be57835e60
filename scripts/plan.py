"""Tell what a run would redo."""

from unface.admin.plan import said
from unface.run.fingerprints import of_conversions
from unface.run.job import Job

job = Job.of_this_script()
job.say(
    said(
        job.layout,
        job.config,
        job.params["fingerprints"],
        of_conversions(job.config, job.layout),
        sample=job.params["noise_sample"],
        mapped=job.params["mapped"],
    )
)
