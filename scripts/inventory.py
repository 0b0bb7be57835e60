"""Make sessions and protocol groups of what the scans found."""

from pathlib import Path

from unface import settings
from unface.dicom.inventory import collect
from unface.layout import Layout
from unface.limits import limit
from unface.logs import log_to
from unface.pseudonyms import Key

log_to(snakemake.log[0])
limit(minutes=snakemake.resources.runtime, memory_mb=snakemake.resources.mem_mb)
layout = Layout(Path(snakemake.config["results_dir"]))
summary = collect(
    [Path(path) for path in snakemake.input.scans],
    layout=layout,
    key=Key.load_or_make(layout.key),
    subjects=settings.named_file(snakemake.config, "subjects"),
    withdrawn=settings.named_file(snakemake.config, "withdrawal.subjects"),
    forget=snakemake.config["withdrawal"]["restricted"],
    ignore=snakemake.config["audit"]["ignore"],
    rules=settings.mapping_rules(snakemake.config),
)
for scan in snakemake.input.scans:
    Path(scan).unlink()
layout.closing_words.write_text(str(summary), encoding="utf-8")
