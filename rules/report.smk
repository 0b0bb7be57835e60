rule review:
    """Show one session to the project's own staff, face and all."""
    input:
        audit=layout.stage("audit"),
        agreement=layout.stage("compare"),
    output:
        page=layout.review(),
        card=layout.review_card(),
    log:
        layout.log("review"),
    conda:
        "../envs/report.yaml"
    resources:
        mem_mb=scaled(2000),
        runtime=scaled(20),
    params:
        fingerprint=fingerprints["review"],
    script:
        "../scripts/review.py"


rule review_index:
    """List the review pages, those that wait for a person first, and lead from page to page in this order."""
    input:
        verdicts=layout.verdicts,
        cards=each(layout.review_card),
    output:
        page=layout.review_index,
        turns=directory(layout.review_turns),
    log:
        layout.log("review_index", "cohort"),
    conda:
        "../envs/report.yaml"
    resources:
        mem_mb=scaled(2000),
        runtime=scaled(60),
    params:
        fingerprint=fingerprints["review_index"],
    script:
        "../scripts/review_index.py"


rule report:
    """Sum up the cohort on one page that may be published: no face, no identifier."""
    input:
        verdicts=layout.verdicts,
        noise=noise_floor,
    output:
        page=layout.summary_page,
    log:
        layout.log("report", "cohort"),
    conda:
        "../envs/report.yaml"
    resources:
        mem_mb=scaled(4000),
        runtime=scaled(60),
    params:
        fingerprint=fingerprints["report"],
        noise_sample=lambda wildcards: noise_sample(),
    script:
        "../scripts/report.py"
