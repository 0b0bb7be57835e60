"""Make the review page of one session."""

from unface.review.review import review_session
from unface.run.job import Job

job = Job.of_this_script()
review_session(
    job.layout, job.session, output=job.output("page"), card=job.output("card"), title=job.settings.report.title
)
