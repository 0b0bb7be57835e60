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


rule inventory:
    """List the cohort's sessions and protocol groups. It has no output that Snakemake knows: each call looks anew."""
    default_target: not layout.sessions.exists()
    input:
        scans=[layout.scan(str(shard)) for shard in shards],
    log:
        layout.log("inventory", "cohort"),
    benchmark:
        layout.benchmark("inventory", "cohort")
    conda:
        "../envs/headers.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=lambda wildcards, attempt: 60 * attempt,
    script:
        "../scripts/inventory.py"
