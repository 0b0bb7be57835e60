"""Make sessions and protocol groups of what the scans found."""

from unface.identity.pseudonyms import Key
from unface.inventory.inventory import collect
from unface.run import settings
from unface.run.job import Job

job = Job.of_this_script()
scans = job.inputs("scans")
summary = collect(
    scans,
    layout=job.layout,
    key=Key.load_or_make(job.layout.key),
    subjects=settings.named_file(job.config, "subjects"),
    withdrawn=settings.named_file(job.config, "withdrawal.subjects"),
    forget=job.settings.withdrawal.restricted,
    ignore=job.settings.audit.ignore,
    rules=settings.mapping_rules(job.config),
    confirmed=settings.named_file(job.config, "convert.label_words"),
)
for scan in scans:
    scan.unlink()
job.say(str(summary))
