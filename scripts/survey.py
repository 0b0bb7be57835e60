"""Sum up which header attributes the cohort holds."""

from pathlib import Path

from unface import settings
from unface.dicom import survey
from unface.dicom.withdrawn import remaining, who_withdrew
from unface.layout import Layout
from unface.limits import limit
from unface.logs import log_to

log_to(snakemake.log[0])
limit(minutes=snakemake.resources.runtime, memory_mb=snakemake.resources.mem_mb)
layout = Layout(Path(snakemake.config["results_dir"]))
withdrawn = settings.named_file(snakemake.config, "withdrawal.subjects")
survey.merge(layout, remaining(layout, who_withdrew(layout, withdrawn)), Path(snakemake.output.table))
