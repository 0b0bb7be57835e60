rule release:
    """Assemble the sessions that passed every stage into one BIDS dataset; withhold all others with their reasons.

    The dataset itself is no declared output: Snakemake would take the last release away before the next one stands.
    """
    input:
        audits=[layout.stage("audit", *names) for names in sessions],
        agreements=[layout.stage("agreement", *names) for names in sessions],
    output:
        verdicts=layout.verdicts,
    log:
        layout.log("release", "cohort"),
    benchmark:
        layout.benchmark("release", "cohort")
    conda:
        "../envs/release.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=lambda wildcards, attempt: 240 * attempt,
    params:
        protocols={stage: protocols[stage] for stage in (*STAGES, "release")},
    script:
        "../scripts/release.py"
