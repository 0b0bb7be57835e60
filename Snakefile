# unface: raw DICOM of a cohort in, a BIDS dataset that may be published out.
# Run `snakemake inventory` first, look at protocols.tsv, then run `snakemake`. README.md tells more.
from pathlib import Path

from snakemake.utils import min_version

min_version("9.27")


configfile: str(Path(workflow.basedir) / "config.yaml")


include: "rules/common.smk"
include: "rules/inventory.smk"
include: "rules/deidentify.smk"
include: "rules/survey.smk"
include: "rules/convert.smk"
include: "rules/deface.smk"
include: "rules/morphometry.smk"
include: "rules/audit.smk"
include: "rules/release.smk"
include: "rules/report.smk"


localrules:
    all,


rule inventory:
    """List the cohort's sessions and protocol groups. It has no output that Snakemake knows: each call looks anew."""
    default_target: not layout.sessions.exists()
    input:
        scans=[layout.scan(str(shard)) for shard in shards],
    log:
        layout.log("inventory", "cohort"),
    benchmark:
        layout.benchmark("inventory", "cohort")
    conda:
        "envs/headers.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=lambda wildcards, attempt: 60 * attempt,
    script:
        "scripts/inventory.py"


rule all:
    """The release, its proof, and a review page for every session."""
    default_target: layout.sessions.exists()
    input:
        layout.verdicts,
        layout.summary_page,
        layout.header_survey,
        [layout.review(*names) for names in sessions],


onstart:
    if not layout.sessions.exists():
        settings.dicom_folder(config)


onsuccess:
    if layout.closing_words.exists():
        print(layout.closing_words.read_text())
