withdrawal = layout.withdrawn(
    request(
        layout,
        withdrawn_table,
        withdrawn,
        restricted=config["withdrawal"]["restricted"],
    )
)
withdrawals = [withdrawal] if withdrawn_table else []
of_cohort = [
    in_report(layout.verdicts, "release"),
    in_report(layout.summary_page, "summary"),
    in_report(layout.header_survey, "header_survey"),
    layout.review_index,
    # By itself, too: of what made the release Snakemake may have no record.
    *withdrawals,
]


rule withdraw:
    """Take those who withdrew their consent out of everything but the raw files, and list what was removed."""
    output:
        removed=withdrawal,
    log:
        layout.log("withdraw", "cohort"),
    priority: 100
    localrule: True
    conda:
        "../envs/release.yaml"
    resources:
        mem_mb=scaled(1000),
        runtime=scaled(60),
    script:
        "../scripts/withdraw.py"


rule plan:
    """Say what a run with the settings, code and files of today would redo, and why; it does nothing else.

    It has no output: each call looks anew.
    """
    log:
        layout.log("plan", "cohort"),
    localrule: True
    conda:
        "../envs/release.yaml"
    resources:
        mem_mb=scaled(2000),
        runtime=scaled(60),
    params:
        fingerprints={stage: fingerprints[stage] for stage in (*STAGES, *NOISE_STAGES)},
        mapped=mapped,
        noise_sample=lambda wildcards: noise_sample(),
    script:
        "../scripts/plan.py"


rule retry:
    """Take away what a machine, a tool or a missing file has stopped; a run of snakemake after it tries again.

    It has no output: each call looks anew.
    """
    log:
        layout.log("retry", "cohort"),
    localrule: True
    conda:
        "../envs/release.yaml"
    resources:
        mem_mb=scaled(1000),
        runtime=scaled(60),
    params:
        fingerprints={stage: fingerprints[stage] for stage in STAGES},
    script:
        "../scripts/retry.py"
