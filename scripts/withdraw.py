"""Take those out who withdrew their consent."""

from pathlib import Path

from unface import settings
from unface.cohort.withdrawal import remove, write_list
from unface.dicom.withdrawn import who_withdrew
from unface.layout import Layout
from unface.limits import limit
from unface.logs import log_to

log_to(snakemake.log[0])
limit(minutes=snakemake.resources.runtime, memory_mb=snakemake.resources.mem_mb)
layout = Layout(Path(snakemake.config["results_dir"]))
subjects = who_withdrew(layout, settings.named_file(snakemake.config, "withdrawal.subjects"))
removed = remove(layout, subjects, Path(".snakemake"), restricted=snakemake.config["withdrawal"]["restricted"])
write_list(Path(snakemake.output[0]), removed)
