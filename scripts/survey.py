"""Sum up which header attributes the cohort holds."""

from unface.deidentify import survey
from unface.identity.withdrawn import remaining_sessions
from unface.run.job import Job

job = Job.of_this_script()
survey.merge(job.layout, remaining_sessions(job.config, job.layout), job.output("table"))
