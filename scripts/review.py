"""Make the review page of one session."""

from pathlib import Path

from unface.layout import Layout
from unface.limits import limit
from unface.logs import log_to
from unface.report.review import review_session

log_to(snakemake.log[0])
limit(minutes=snakemake.resources.runtime, memory_mb=snakemake.resources.mem_mb)
review_session(
    Layout(Path(snakemake.config["results_dir"])),
    snakemake.wildcards.subject,
    snakemake.wildcards.session,
    output=Path(snakemake.output.page),
    title=snakemake.config["report"]["title"],
)
