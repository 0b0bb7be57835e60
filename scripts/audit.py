"""Audit what would be released of one session."""

from pathlib import Path

from unface import outcome
from unface.layout import Layout
from unface.logs import log_to
from unface.release.audit import audit_session

log_to(snakemake.log[0])
outcome.run_stage(
    "audit",
    snakemake.wildcards.subject,
    snakemake.wildcards.session,
    lambda work: audit_session(
        work,
        converted=Path(snakemake.input.converted),
        defaced=Path(snakemake.input.defaced),
        identifiers=Path(snakemake.input.identifiers),
        ignore=snakemake.config["audit"]["ignore"],
        faced_suffixes=snakemake.config["deface"]["suffixes"],
        options=snakemake.config["deidentify"]["options"],
    ),
    layout=Layout(Path(snakemake.config["results_dir"])),
    protocol=snakemake.params.protocol,
    upstream=["converted", "defaced"],
    files=[Path(snakemake.input.identifiers)],
)
