"""Read the headers of one share of the raw folders."""

from pathlib import Path

from unface.dicom.scan import scan
from unface.layout import Layout
from unface.limits import limit
from unface.logs import log_to
from unface.settings import dicom_folder

log_to(snakemake.log[0])
limit(minutes=snakemake.resources.runtime, memory_mb=snakemake.resources.mem_mb)
scan(
    dicom_folder(snakemake.config),
    Layout(Path(snakemake.config["results_dir"])),
    shard=int(snakemake.wildcards.shard),
    shards=snakemake.params.shards,
)
