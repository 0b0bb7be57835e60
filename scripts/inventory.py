"""Make sessions and protocol groups of what the scans found."""

from pathlib import Path

from unface import settings
from unface.dicom.inventory import collect
from unface.layout import Layout
from unface.logs import log_to
from unface.pseudonyms import Key

log_to(snakemake.log[0])
layout = Layout(Path(snakemake.config["results_dir"]))
summary = collect(
    [Path(path) for path in snakemake.input.scans],
    layout=layout,
    key=Key.load_or_make(layout.key),
    subjects=settings.subjects_table(snakemake.config),
    rules=settings.located(snakemake.config["convert"]["rules"]),
)
layout.closing_words.write_text(str(summary), encoding="utf-8")
