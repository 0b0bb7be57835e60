"""Audit what would be released of one session."""

from pathlib import Path

from unface import outcome
from unface.layout import Layout
from unface.limits import limit
from unface.logs import log_to

log_to(snakemake.log[0])
limit(minutes=snakemake.resources.runtime, memory_mb=snakemake.resources.mem_mb)
other_sessions = [Path(path) for path in snakemake.input.other_sessions]


def audit(work: outcome.Work) -> None:
    """Imports its stage when there is work: a session that an earlier stage withheld is passed on at no cost."""
    from unface.release.audit import audit_session  # noqa: PLC0415
    from unface.release.contents import Heads  # noqa: PLC0415

    audit_session(
        work,
        converted=Path(snakemake.input.converted),
        defaced=Path(snakemake.input.defaced),
        identifiers=Path(snakemake.input.identifiers),
        other_sessions=other_sessions,
        ignore=snakemake.config["audit"]["ignore"],
        heads=Heads(snakemake.config["deface"]["suffixes"], snakemake.config["audit"]["faceless"]),
        options=snakemake.config["deidentify"]["options"],
    )


outcome.run_stage(
    "audit",
    snakemake.wildcards.subject,
    snakemake.wildcards.session,
    audit,
    layout=Layout(Path(snakemake.config["results_dir"])),
    protocol=snakemake.params.protocol,
    upstream=["converted", "defaced"],
    files=[Path(snakemake.input.identifiers), *other_sessions],
    attempt=snakemake.resources.attempt,
)
