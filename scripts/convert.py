"""Convert the clean DICOM of one session to BIDS."""

from pathlib import Path

from unface import outcome, settings
from unface.bids.convert import convert_session
from unface.layout import Layout
from unface.logs import log_to

log_to(snakemake.log[0])
outcome.run_stage(
    "converted",
    snakemake.wildcards.subject,
    snakemake.wildcards.session,
    lambda work: convert_session(
        work,
        deidentified=Path(snakemake.input.deidentified),
        record=Path(snakemake.input.record),
        rules=settings.located(snakemake.config["convert"]["rules"]),
        settings=settings.Convert.of(snakemake.config["convert"]),
    ),
    layout=Layout(Path(snakemake.config["results_dir"])),
    protocol=snakemake.params.protocol,
    upstream=["deidentified"],
    files=[Path(snakemake.input.record)],
)
