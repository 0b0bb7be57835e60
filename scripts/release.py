"""Release the sessions that passed every stage."""

from pathlib import Path

from unface import provenance, settings
from unface.dicom.withdrawn import linked, naming_nobody, remaining, who_withdrew
from unface.layout import Layout
from unface.limits import limit
from unface.logs import log_to
from unface.release import protocol, ratings
from unface.release.gate import release, summary

log_to(snakemake.log[0])
limit(minutes=snakemake.resources.runtime, memory_mb=snakemake.resources.mem_mb)
layout = Layout(Path(snakemake.config["results_dir"]))
rules = settings.mapping_rules(snakemake.config)
withdrawn = settings.named_file(snakemake.config, "withdrawal.subjects")
verdicts = release(
    layout,
    sessions=remaining(layout, who_withdrew(layout, withdrawn)),
    protocols=snakemake.params.protocols,
    conversions=provenance.conversions(snakemake.config, layout),
    settings=settings.Release.of(snakemake.config["release"]),
    deidentify_options=snakemake.config["deidentify"]["options"],
    ignore=snakemake.config["audit"]["ignore"],
    subjects=settings.named_file(snakemake.config, "subjects"),
    protocol_texts=protocol.texts(snakemake.config, snakemake.params.protocols, rules),
    data_dictionary=settings.named_file(snakemake.config, "release.data_dictionary"),
    rated=ratings.read(settings.named_file(snakemake.config, "ratings")),
    notes=[naming_nobody(withdrawn, linked(layout))],
)
protocol.keep(snakemake.config, rules, layout.last_settings)
layout.closing_words.write_text(summary(verdicts), encoding="utf-8")
