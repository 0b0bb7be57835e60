# unface: raw DICOM of a cohort in, a BIDS dataset that may be published out.
# Run `snakemake inventory` first, look at protocols.tsv, then run `snakemake`. README.md tells more.
from pathlib import Path

from snakemake.utils import min_version

min_version("9.27")


configfile: str(Path(str(workflow.current_basedir)) / "config.yaml")


include: "rules/common.smk"
include: "rules/admin.smk"
include: "rules/inventory.smk"
include: "rules/deidentify.smk"
include: "rules/survey.smk"
include: "rules/convert.smk"
include: "rules/deface.smk"
include: "rules/measure.smk"
include: "rules/compare.smk"
include: "rules/audit.smk"
include: "rules/release.smk"
include: "rules/report.smk"


rule inventory:
    """List the cohort's sessions and protocol groups.

    It has no output that Snakemake knows: each call looks anew. A plain `snakemake` comes here first, and again after
    the mapping rules or the table of subjects changed: the plan is shown before anything is converted.
    """
    default_target: not guest and not mapped
    input:
        scans=[layout.scan(str(shard)) for shard in shards],
    log:
        layout.log("inventory", "cohort"),
    retries: 0
    conda:
        "envs/headers.yaml"
    resources:
        mem_mb=scaled(4000),
        runtime=scaled(60),
    script:
        "scripts/inventory.py"


rule all:
    """The release, its proof, and a review page for every session."""
    default_target: not guest and mapped
    input:
        of_cohort,
        each(layout.review),


rule cohort:
    """The release and its proof of what the stages left: the target after all slices."""
    input:
        of_cohort,


rule each_session:
    """Every stage of every session without the release: a target to run in slices, `--batch each_session=1/10`."""
    input:
        each(layout.review),
        noise_floor,


onstart:
    try:
        lock.hold(layout.lock)
    except lock.LockError as error:
        raise WorkflowError(str(error)) from None
    leftovers.empty_scripts(Path(".snakemake"))
    progress.show(logger, sys.stderr, lambda: workflow.dag.stats()[1])
    if any(job.rule is rules.scan.rule for job in workflow.dag.needrun_jobs()):
        check_before_scan()


onsuccess:
    # Those of an earlier run would say what this one has not done.
    said = []
    if changed_at(layout.closing_words) != spoken_at:
        said = [layout.closing_words.read_text()]
    # Whole subjects may be missing for it.
    missing = unread.of_last_inventory(layout)
    for words in said if missing in "".join(said) else [*said, missing]:
        print(words)
