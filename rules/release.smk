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
