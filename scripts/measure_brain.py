"""Measure the brain of one session, in its original or in its defaced images, or for the noise floor."""

from pathlib import Path

from unface import outcome, settings
from unface.layout import Layout
from unface.limits import limit
from unface.logs import log_to

log_to(snakemake.log[0])
limit(minutes=snakemake.resources.runtime, memory_mb=snakemake.resources.mem_mb)
images = Path(snakemake.input.images)


def measure_brain(work: outcome.Work) -> None:
    """Imports its stage when there is work: a session that an earlier stage withheld is passed on at no cost."""
    from unface.morphometry.engine import measure_session  # noqa: PLC0415

    measure_session(
        work,
        images / "bids",
        settings.Morphometry.of(snakemake.config["morphometry"]),
        moved=snakemake.wildcards.image == "shifted",
    )


outcome.run_stage(
    f"morphometry-{snakemake.wildcards.image}",
    snakemake.wildcards.subject,
    snakemake.wildcards.session,
    measure_brain,
    layout=Layout(Path(snakemake.config["results_dir"])),
    protocol=snakemake.params.protocol,
    upstream=[images.name],
    attempt=snakemake.resources.attempt,
)
