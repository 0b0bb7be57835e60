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
    conda:
        "../envs/release.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 1000 * attempt,
        runtime=lambda wildcards, attempt: 30 * attempt,
    params:
        protocol=protocols["audit"],
    script:
        "../scripts/audit.py"
