"""Deface the head images of one session."""

from pathlib import Path

from unface import outcome, settings
from unface.face.deface import deface_session
from unface.layout import Layout
from unface.logs import log_to

log_to(snakemake.log[0])
outcome.run_stage(
    "defaced",
    snakemake.wildcards.subject,
    snakemake.wildcards.session,
    lambda work: deface_session(
        work,
        converted=Path(snakemake.input.converted),
        settings=settings.Deface.of(snakemake.config["deface"]),
    ),
    layout=Layout(Path(snakemake.config["results_dir"])),
    protocol=snakemake.params.protocol,
    upstream=["converted"],
)
