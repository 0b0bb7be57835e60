rule release:
    """Assemble the sessions that passed every stage into one BIDS dataset; withhold all others with their reasons.

    The dataset itself is no declared output: Snakemake would take the last release away before the next one stands.
    """
    input:
        audits=each(partial(layout.stage, "audit")),
        agreements=each(partial(layout.stage, "compare")),
        withdrawals=withdrawals,
    output:
        verdicts=layout.verdicts,
    log:
        layout.log("release", "cohort"),
    conda:
        "../envs/release.yaml"
    resources:
        mem_mb=scaled(4000),
        runtime=scaled(240),
    params:
        fingerprints={stage: fingerprints[stage] for stage in (*STAGES, "release")},
    script:
        "../scripts/release.py"


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
