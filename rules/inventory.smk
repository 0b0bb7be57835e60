import time

shards = range(config["inventory"]["jobs"])


def check_before_scan():
    """Read all that the inventory goes by: what is wrong with it is said before every header has been read."""
    # Here alone: no other run needs to look at them.
    from unface.bids.rules import RulesError, load
    from unface.dicom.subjects import SubjectsError, read_subjects
    from unface.release import dataset, dictionary

    try:
        settings.dicom_folder(config)
        load(settings.mapping_rules(config))
        table = settings.named_file(config, "subjects")
        read_subjects(table)
        dictionary.read(
            settings.named_file(config, "release.data_dictionary"),
            dataset.read_subjects(table),
        )
    except (settings.SettingsError, RulesError, SubjectsError) as error:
        raise WorkflowError(str(error)) from None


rule scan_dicom:
    """Read the headers below one share of the top-level folders; the raw paths stay inside restricted/.

    What lies in the raw folders changes without Snakemake's knowledge, so a scan is never up to date: the inventory
    removes those that it has read, and those of an inventory that failed have other params.
    """
    output:
        layout.scan(),
    log:
        layout.log("scan_dicom", "{shard}"),
    benchmark:
        layout.benchmark("scan_dicom", "{shard}")
    conda:
        "../envs/headers.yaml"
    resources:
        mem_mb=scaled(1000),
        runtime=scaled(120),
    params:
        shards=len(shards),
        asked=time.time(),
    script:
        "../scripts/scan_dicom.py"
