"""Make the public summary of the cohort."""

from unface.identity.withdrawn import remaining_sessions
from unface.release import given_columns
from unface.report.summary import summary
from unface.run import settings
from unface.run.job import Job

job = Job.of_this_script()
summary(
    job.layout,
    sessions=remaining_sessions(job.config, job.layout),
    output_folder=job.layout.report,
    title=job.settings.report.title,
    sample=job.params["noise_sample"],
    given=given_columns.read(settings.named_file(job.config, "subjects"), job.settings.deidentify.options),
)
