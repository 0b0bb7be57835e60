rule audit:
    """Search every byte that would leave of a session for what may not leave."""
    input:
        converted=layout.stage("converted"),
        defaced=layout.stage("defaced"),
        identifiers=layout.identifiers(),
    output:
        audit=directory(layout.stage("audit")),
    log:
        layout.log("audit"),
    benchmark:
        layout.benchmark("audit")
    retries: TRIES
    conda:
        "../envs/release.yaml"
    resources:
        attempt=attempt,
        mem_mb=scaled(1000),
        runtime=scaled(30),
    params:
        protocol=protocols["audit"],
    script:
        "../scripts/audit.py"
