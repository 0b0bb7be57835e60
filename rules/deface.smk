rule deface:
    """Remove the face from every head image of a session; keep the mask as evidence."""
    input:
        converted=layout.stage("converted"),
    output:
        defaced=directory(layout.stage("defaced")),
    log:
        layout.log("deface"),
    retries: TRIES
    conda:
        "../envs/deface.yaml"
    resources:
        attempt=attempt,
        mem_mb=scaled(2000),
        runtime=scaled(60),
    params:
        protocol=protocols["defaced"],
    script:
        "../scripts/deface.py"
