rule deidentify:
    """Rewrite every header of a session so that none identifies the subject, and note the subject's known answers."""
    input:
        record=layout.record(),
    output:
        deidentified=directory(layout.stage("deidentified")),
        identifiers=layout.identifiers(),
    log:
        layout.log("deidentify"),
    benchmark:
        layout.benchmark("deidentify")
    conda:
        "../envs/headers.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 1000 * attempt,
        runtime=lambda wildcards, attempt: 30 * attempt,
    params:
        protocol=protocols["deidentified"],
    script:
        "../scripts/deidentify.py"
