rule review:
    """Show one session to the project's own staff, face and all."""
    input:
        audit=layout.stage("audit"),
        agreement=layout.stage("agreement"),
    output:
        page=layout.review(),
    log:
        layout.log("review"),
    benchmark:
        layout.benchmark("review")
    conda:
        "../envs/report.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=lambda wildcards, attempt: 20 * attempt,
    params:
        protocol=protocols["review"],
    script:
        "../scripts/review.py"


rule report:
    """Sum up the cohort on one page that may be published: no face, no identifier."""
    input:
        verdicts=layout.verdicts,
    output:
        page=layout.summary_page,
    log:
        layout.log("report", "cohort"),
    benchmark:
        layout.benchmark("report", "cohort")
    conda:
        "../envs/report.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=lambda wildcards, attempt: 60 * attempt,
    params:
        protocol=protocols["report"],
    script:
        "../scripts/report.py"
