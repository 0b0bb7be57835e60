"""Let the next run try sessions again that a machine, a tool or a missing file has stopped."""

from pathlib import Path

from unface import provenance
from unface.cohort.retry import forget
from unface.layout import Layout
from unface.limits import limit
from unface.logs import log_to

log_to(snakemake.log[0])
limit(minutes=snakemake.resources.runtime, memory_mb=snakemake.resources.mem_mb)
layout = Layout(Path(snakemake.config["results_dir"]))
conversions = provenance.conversions(snakemake.config, layout)
sessions = forget(layout, layout.read_sessions(), snakemake.params.protocols, conversions)
layout.closing_words.write_text(
    f"unface: {len(sessions)} sessions are tried again by the next run of snakemake\n", encoding="utf-8"
)
