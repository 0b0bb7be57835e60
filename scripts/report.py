"""Make the public summary of the cohort."""

from pathlib import Path

from unface import settings
from unface.dicom.withdrawn import remaining, who_withdrew
from unface.layout import Layout
from unface.limits import limit
from unface.logs import log_to
from unface.release.dataset import read_subjects
from unface.report.summary import summary

log_to(snakemake.log[0])
limit(minutes=snakemake.resources.runtime, memory_mb=snakemake.resources.mem_mb)
layout = Layout(Path(snakemake.config["results_dir"]))
withdrawn = settings.named_file(snakemake.config, "withdrawal.subjects")
summary(
    layout,
    sessions=remaining(layout, who_withdrew(layout, withdrawn)),
    output_folder=layout.report,
    title=snakemake.config["report"]["title"],
    sample=snakemake.params.noise_sample,
    given=read_subjects(settings.named_file(snakemake.config, "subjects"), snakemake.config["deidentify"]["options"]),
)
