rule audit:
    """Search every byte that would leave of a session for what may not leave.

    The headers of one session may name a subject whom those of another call anonymous: all of them are known answers.
    """
    input:
        converted=layout.stage("converted"),
        defaced=layout.stage("defaced"),
        identifiers=layout.identifiers(),
        other_sessions=lambda wildcards: [
            layout.identifiers(wildcards.subject, session)
            for session in sessions_of().get(wildcards.subject, [])
            if session != wildcards.session
        ],
    output:
        audit=directory(layout.stage("audit")),
    log:
        layout.log("audit"),
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
