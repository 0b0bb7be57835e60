"""Make the list of all review pages."""

from unface.identity.withdrawn import remaining_sessions
from unface.review.index import index
from unface.run.job import Job

job = Job.of_this_script()
index(
    job.layout,
    remaining_sessions(job.config, job.layout),
    page=job.output("page"),
    turns=job.output("turns"),
    title=job.settings.report.title,
)
