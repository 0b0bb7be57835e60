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
    layout.verdicts,
    layout.summary_page,
    layout.header_survey,
    # By itself, too: of what made the release Snakemake may have no record.
    *withdrawals,
]


rule withdraw:
    output:
        removed=withdrawal,
    log:
        layout.log("withdraw", "cohort"),
    priority: 100
    """Take those who withdrew their consent out of everything but the raw files, and list what was removed."""
    localrule: True
    conda:
        "../envs/release.yaml"
    resources:
        mem_mb=scaled(1000),
        runtime=scaled(60),
    script:
        "../scripts/withdraw.py"


rule plan:
    log:
        layout.log("plan", "cohort"),
    """Say what a run with the settings, code and files of today would redo, and why; it does nothing else.

    It has no output: each call looks anew.
    """
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
