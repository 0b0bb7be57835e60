"""Tell what a run would redo."""

import json
from pathlib import Path

from unface import provenance
from unface.cohort.plan import differing, lines, plan
from unface.layout import Layout
from unface.limits import limit
from unface.logs import log_to

log_to(snakemake.log[0])
limit(minutes=snakemake.resources.runtime, memory_mb=snakemake.resources.mem_mb)
layout = Layout(Path(snakemake.config["results_dir"]))
last = json.loads(layout.last_settings.read_text(encoding="utf-8")) if layout.last_settings.exists() else None
changed = [] if last is None else differing(last, snakemake.config)
found = plan(
    layout,
    snakemake.params.protocols,
    provenance.conversions(snakemake.config, layout),
    changed,
    snakemake.params.noise_sample,
)
first = [] if snakemake.params.planned else ["First comes the inventory, and after it what it finds changed.", ""]
layout.closing_words.write_text("\n".join([*first, *lines(found)]) + "\n", encoding="utf-8")
