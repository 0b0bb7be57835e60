"""Deface the head images of one session."""

from pathlib import Path

from unface import outcome, settings
from unface.layout import Layout
from unface.limits import limit
from unface.logs import log_to

log_to(snakemake.log[0])
limit(minutes=snakemake.resources.runtime, memory_mb=snakemake.resources.mem_mb)


def deface(work: outcome.Work) -> None:
    """Imports its stage when there is work: a session that an earlier stage withheld is passed on at no cost."""
    from unface.face.deface import deface_session  # noqa: PLC0415

    deface_session(
        work,
        converted=Path(snakemake.input.converted),
        chosen=settings.Deface.of(snakemake.config["deface"]),
    )


outcome.run_stage(
    "defaced",
    snakemake.wildcards.subject,
    snakemake.wildcards.session,
    deface,
    layout=Layout(Path(snakemake.config["results_dir"])),
    protocol=snakemake.params.protocol,
    upstream=["converted"],
    attempt=snakemake.resources.attempt,
)
