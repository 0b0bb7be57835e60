"""Release the sessions that passed every stage."""

from pathlib import Path

from unface import settings
from unface.layout import Layout
from unface.logs import log_to
from unface.release.gate import release, summary

log_to(snakemake.log[0])
layout = Layout(Path(snakemake.config["results_dir"]))
verdicts = release(
    layout,
    sessions=layout.read_sessions(),
    protocols=snakemake.params.protocols,
    settings=settings.Release.of(snakemake.config["release"]),
    deidentify_options=snakemake.config["deidentify"]["options"],
    ignore=snakemake.config["audit"]["ignore"],
    subjects=settings.subjects_table(snakemake.config),
)
layout.closing_words.write_text(summary(verdicts), encoding="utf-8")
