"""Make the public summary of the cohort."""

from pathlib import Path

from unface.layout import Layout
from unface.logs import log_to
from unface.report.summary import summary

log_to(snakemake.log[0])
layout = Layout(Path(snakemake.config["results_dir"]))
summary(
    layout,
    sessions=layout.read_sessions(),
    output_folder=layout.report,
    title=snakemake.config["report"]["title"],
)
