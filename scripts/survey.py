"""Sum up which header attributes the cohort holds."""

from pathlib import Path

from unface.dicom import survey
from unface.layout import Layout
from unface.logs import log_to

log_to(snakemake.log[0])
layout = Layout(Path(snakemake.config["results_dir"]))
survey.merge(layout, layout.read_sessions(), Path(snakemake.output.table))
