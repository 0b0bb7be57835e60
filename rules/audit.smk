rule audit:
    """Search every byte that would leave of a session for what may not leave.

    The headers of one session may name a subject whom those of another call anonymous: all of them are identifiers.
    """
    input:
        converted=layout.stage("convert"),
        defaced=layout.stage("deface"),
        identifiers=layout.identifiers(),
        other_sessions=lambda wildcards: [
            layout.identifiers(SessionId(wildcards.subject, label))
            for label in sessions_of().get(wildcards.subject, [])
            if label != wildcards.session
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
        fingerprint=fingerprints["audit"],
    script:
        "../scripts/audit.py"
