import time

shards = range(config["inventory"]["jobs"])


rule scan:
    """Read the headers below one share of the top-level folders; the raw paths stay inside restricted/.

    What lies in the raw folders changes without Snakemake's knowledge, so a scan is never up to date: the inventory
    removes those that it has read, and those of an inventory that failed have other params.
    """
    output:
        layout.scan(),
    log:
        layout.log("scan", "{shard}"),
    conda:
        "../envs/headers.yaml"
    resources:
        mem_mb=scaled(1000),
        runtime=scaled(120),
    params:
        shards=len(shards),
        asked=time.time(),
    script:
        "../scripts/scan.py"
