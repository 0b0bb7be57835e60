rule deface:
    """Remove the face from every head image of a session; keep the mask as evidence."""
    input:
        converted=layout.stage("converted"),
    output:
        defaced=directory(layout.stage("defaced")),
    log:
        layout.log("deface"),
    benchmark:
        layout.benchmark("deface")
    conda:
        "../envs/deface.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=lambda wildcards, attempt: 30 * attempt,
    params:
        protocol=protocols["defaced"],
    script:
        "../scripts/deface.py"
