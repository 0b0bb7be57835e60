"""Compare the brain volumes of one session before and after defacing."""

from pathlib import Path

from unface import outcome, settings
from unface.layout import Layout
from unface.limits import limit
from unface.logs import log_to

log_to(snakemake.log[0])
limit(minutes=snakemake.resources.runtime, memory_mb=snakemake.resources.mem_mb)
original, defaced = Path(snakemake.input.original), Path(snakemake.input.defaced)


def compare_brains(work: outcome.Work) -> None:
    """Imports its stage when there is work: a session that an earlier stage withheld is passed on at no cost."""
    from unface.morphometry.agreement import compare_session  # noqa: PLC0415
    from unface.morphometry.brain_kept import check_brain  # noqa: PLC0415

    compare_session(
        work,
        original=original,
        defaced=defaced,
        limits=settings.MorphometryLimits.of(snakemake.config["morphometry"]["limits"]),
    )
    margin_mm = snakemake.config["deface"]["limits"]["brain_margin_mm"]
    check_brain(work, original, Path(snakemake.input.faceless), margin_mm)


outcome.run_stage(
    "agreement",
    snakemake.wildcards.subject,
    snakemake.wildcards.session,
    compare_brains,
    layout=Layout(Path(snakemake.config["results_dir"])),
    protocol=snakemake.params.protocol,
    upstream=["defaced", "morphometry-original", "morphometry-defaced"],
    attempt=snakemake.resources.attempt,
)
