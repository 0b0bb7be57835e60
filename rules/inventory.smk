shards = range(config["inventory"]["jobs"])


rule scan_dicom:
    """Read the headers below one share of the top-level folders; the raw paths stay inside restricted/."""
    output:
        temp(layout.scan()),
    log:
        layout.log("scan_dicom", "{shard}"),
    benchmark:
        layout.benchmark("scan_dicom", "{shard}")
    conda:
        "../envs/headers.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 1000 * attempt,
        runtime=lambda wildcards, attempt: 120 * attempt,
    params:
        shards=len(shards),
    script:
        "../scripts/scan_dicom.py"
