"""De-identify the headers of one session."""

from pathlib import Path

from unface import outcome, settings
from unface.dicom.deidentify import deidentify_session
from unface.layout import Layout
from unface.logs import log_to
from unface.pseudonyms import Key

log_to(snakemake.log[0])
layout = Layout(Path(snakemake.config["results_dir"]))
outcome.run_stage(
    "deidentified",
    snakemake.wildcards.subject,
    snakemake.wildcards.session,
    lambda work: deidentify_session(
        work,
        record=Path(snakemake.input.record),
        identifiers=Path(snakemake.output.identifiers),
        key=Key.load(layout.key),
        select=snakemake.config["select"],
        subjects=settings.subjects_table(snakemake.config),
        settings=settings.Deidentify.of(snakemake.config["deidentify"]),
    ),
    layout=layout,
    protocol=snakemake.params.protocol,
    files=[Path(snakemake.input.record)],
)
