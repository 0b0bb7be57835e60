"""Take those out who withdrew their consent."""

from pathlib import Path

from unface.admin.withdraw import remove, write_list
from unface.identity.withdrawn import who_withdrew
from unface.run import settings
from unface.run.job import Job

job = Job.of_this_script()
subjects = who_withdrew(job.layout, settings.named_file(job.config, "withdrawal.subjects"))
removed = remove(job.layout, subjects, Path(".snakemake"), restricted=job.settings.withdrawal.restricted)
write_list(job.output("removed"), removed)
