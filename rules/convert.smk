rule convert:
    """Convert the clean DICOM of a session to BIDS, each series to the name that the mapping rules give it."""
    input:
        deidentified=layout.stage("deidentify"),
        dicom=layout.clean_dicom(),
        record=layout.record(),
        identifiers=layout.identifiers(),
    output:
        converted=directory(layout.stage("convert")),
    log:
        layout.log("convert"),
    retries: TRIES
    conda:
        "../envs/convert.yaml"
    resources:
        attempt=attempt,
        mem_mb=scaled(2000),
        runtime=scaled(60),
    params:
        fingerprint=lambda wildcards: conversions().get(
            session_of(wildcards), fingerprints["convert"]
        ),
    script:
        "../scripts/convert.py"
