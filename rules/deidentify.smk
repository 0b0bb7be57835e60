rule deidentify:
    """Rewrite every header of a session so that none identifies the subject, and note the subject's identifiers."""
    input:
        record=layout.record(),
    output:
        deidentified=directory(layout.stage("deidentify")),
        dicom=once_read(directory(layout.clean_dicom())),
        identifiers=layout.identifiers(),
    log:
        layout.log("deidentify"),
    retries: TRIES
    conda:
        "../envs/headers.yaml"
    resources:
        attempt=attempt,
        mem_mb=scaled(1000),
        runtime=scaled(30),
    params:
        fingerprint=fingerprints["deidentify"],
    script:
        "../scripts/deidentify.py"
