"""Let the next run try sessions again that a machine, a tool or a missing file has stopped."""

from unface.admin.retry import forget
from unface.run.fingerprints import of_conversions
from unface.run.job import Job

job = Job.of_this_script()
conversions = of_conversions(job.config, job.layout)
sessions = forget(job.layout, job.layout.read_sessions(), job.params["fingerprints"], conversions)
job.say(
    f"unface: {len(sessions)} sessions are tried again by the next run\n"
    if sessions
    else "unface: no machine, tool or missing file has stopped a session: there is nothing to try again\n"
)
