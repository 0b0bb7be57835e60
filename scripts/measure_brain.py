"""Measure the brain of one session, in its original or in its defaced images."""

from pathlib import Path

from unface import outcome, settings
from unface.layout import Layout
from unface.logs import log_to
from unface.morphometry.engine import measure_session

log_to(snakemake.log[0])
images = Path(snakemake.input.images)
outcome.run_stage(
    f"morphometry-{snakemake.wildcards.image}",
    snakemake.wildcards.subject,
    snakemake.wildcards.session,
    lambda work: measure_session(work, images / "bids", settings.Morphometry.of(snakemake.config["morphometry"])),
    layout=Layout(Path(snakemake.config["results_dir"])),
    protocol=snakemake.params.protocol,
    upstream=[images.name],
)
