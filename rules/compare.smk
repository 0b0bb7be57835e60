rule compare:
    """Hold the volumes of the defaced image against those of the original, and the face mask against its brain."""
    input:
        faceless=layout.stage("deface"),
        original=layout.stage("measure-original"),
        defaced=layout.stage("measure-defaced"),
    output:
        agreement=directory(layout.stage("compare")),
    log:
        layout.log("compare"),
    retries: TRIES
    conda:
        "../envs/measure.yaml"
    resources:
        attempt=attempt,
        mem_mb=scaled(1000),
        runtime=scaled(10),
    params:
        fingerprint=fingerprints["compare"],
    script:
        "../scripts/compare.py"
