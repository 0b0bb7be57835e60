"""Sum up which header attributes the cohort holds."""

from pathlib import Path

from unface.dicom import survey
from unface.layout import Layout
from unface.limits import limit
from unface.logs import log_to

log_to(snakemake.log[0])
limit(minutes=snakemake.resources.runtime, memory_mb=snakemake.resources.mem_mb)
layout = Layout(Path(snakemake.config["results_dir"]))
survey.merge(layout, layout.read_sessions(), Path(snakemake.output.table))
