rule survey:
    """Sum up which header attributes the cohort holds, how they vary and what happened to them; no value."""
    input:
        deidentified=each(partial(layout.stage, "deidentify")),
        withdrawals=withdrawals,
    output:
        table=layout.header_survey,
    log:
        layout.log("survey", "cohort"),
    conda:
        "../envs/headers.yaml"
    resources:
        mem_mb=scaled(1000),
        runtime=scaled(30),
    params:
        fingerprint=fingerprints["survey"],
    script:
        "../scripts/survey.py"
