rule convert:
    """Convert the clean DICOM of a session to BIDS, each series to the name that the mapping rules give it."""
    input:
        deidentified=layout.stage("deidentified"),
        record=layout.record(),
    output:
        converted=directory(layout.stage("converted")),
    log:
        layout.log("convert"),
    benchmark:
        layout.benchmark("convert")
    conda:
        "../envs/convert.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=lambda wildcards, attempt: 60 * attempt,
    params:
        protocol=protocols["converted"],
    script:
        "../scripts/convert.py"
