"""Read the headers of one share of the raw folders."""

from pathlib import Path

from unface.dicom.inventory import scan
from unface.logs import log_to
from unface.settings import dicom_folder

log_to(snakemake.log[0])
scan(
    dicom_folder(snakemake.config),
    shard=int(snakemake.wildcards.shard),
    shards=snakemake.params.shards,
    output=Path(snakemake.output[0]),
)
