"""Convert the clean DICOM of one session to BIDS."""

from pathlib import Path

from unface import outcome, settings
from unface.layout import Layout
from unface.limits import limit
from unface.logs import log_to

log_to(snakemake.log[0])
limit(minutes=snakemake.resources.runtime, memory_mb=snakemake.resources.mem_mb)


def convert(work: outcome.Work) -> None:
    """Imports its stage when there is work: a session that an earlier stage withheld is passed on at no cost."""
    from unface.bids.convert import convert_session  # noqa: PLC0415

    convert_session(
        work,
        deidentified=Path(snakemake.input.deidentified),
        dicom=Path(snakemake.input.dicom),
        record=Path(snakemake.input.record),
        identifiers=Path(snakemake.input.identifiers),
        rules=settings.mapping_rules(snakemake.config),
        settings=settings.Convert.of(snakemake.config["convert"]),
    )


outcome.run_stage(
    "converted",
    snakemake.wildcards.subject,
    snakemake.wildcards.session,
    convert,
    layout=Layout(Path(snakemake.config["results_dir"])),
    protocol=snakemake.params.protocol,
    upstream=["deidentified"],
    files=[Path(snakemake.input.record)],
    attempt=snakemake.resources.attempt,
)
