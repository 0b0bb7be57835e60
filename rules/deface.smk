rule deface:
    """Remove the face from every head image of a session; keep the mask as evidence."""
    input:
        converted=layout.stage("convert"),
    output:
        defaced=directory(layout.stage("deface")),
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
        fingerprint=fingerprints["deface"],
    script:
        "../scripts/deface.py"
