"""Compare the brain volumes of one session before and after defacing."""

from pathlib import Path

from unface import outcome, settings
from unface.layout import Layout
from unface.logs import log_to
from unface.morphometry.agreement import compare_session

log_to(snakemake.log[0])
outcome.run_stage(
    "agreement",
    snakemake.wildcards.subject,
    snakemake.wildcards.session,
    lambda work: compare_session(
        work,
        original=Path(snakemake.input.original),
        defaced=Path(snakemake.input.defaced),
        limits=settings.MorphometryLimits.of(snakemake.config["morphometry"]["limits"]),
    ),
    layout=Layout(Path(snakemake.config["results_dir"])),
    protocol=snakemake.params.protocol,
    upstream=["morphometry-original", "morphometry-defaced"],
)
