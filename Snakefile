# unface: raw DICOM of a cohort in, a BIDS dataset that may be published out.
# Run `snakemake inventory` first, look at protocols.tsv, then run `snakemake`. README.md tells more.
from snakemake.utils import min_version

min_version("9.27")


configfile: workflow.source_path("config.yaml")


include: "rules/common.smk"
include: "rules/inventory.smk"
include: "rules/deidentify.smk"
include: "rules/convert.smk"
include: "rules/deface.smk"
include: "rules/morphometry.smk"
include: "rules/audit.smk"
include: "rules/release.smk"
include: "rules/report.smk"


localrules:
    all,


rule all:
    """The release, its proof, and a review page for every session."""
    default_target: layout.sessions.exists()
    input:
        layout.verdicts,
        layout.summary_page,
        [layout.review(*names) for names in sessions],


onsuccess:
    if layout.closing_words.exists():
        print("\n" + layout.closing_words.read_text())
