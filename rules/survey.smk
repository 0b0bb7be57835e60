rule survey:
    """Sum up which header attributes the cohort holds, how they vary and what happened to them; no value."""
    input:
        deidentified=[layout.stage("deidentified", *names) for names in sessions],
        withdrawals=[withdrawals] if withdrawn_table else [],
    output:
        table=layout.header_survey,
    log:
        layout.log("survey", "cohort"),
    benchmark:
        layout.benchmark("survey", "cohort")
    conda:
        "../envs/headers.yaml"
    resources:
        mem_mb=scaled(1000),
        runtime=scaled(30),
    params:
        protocol=protocols["survey"],
    script:
        "../scripts/survey.py"
