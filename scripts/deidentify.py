"""De-identify the headers of one session."""

from pathlib import Path

from unface import settings
from unface.dicom.deidentify import deidentify
from unface.layout import Layout
from unface.limits import limit
from unface.logs import log_to

log_to(snakemake.log[0])
limit(minutes=snakemake.resources.runtime, memory_mb=snakemake.resources.mem_mb)
deidentify(
    Layout(Path(snakemake.config["results_dir"])),
    snakemake.wildcards.subject,
    snakemake.wildcards.session,
    protocol=snakemake.params.protocol,
    select=snakemake.config["select"],
    settings=settings.Deidentify.of(snakemake.config["deidentify"]),
    attempt=snakemake.resources.attempt,
)
