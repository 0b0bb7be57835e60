rule measure:
    """Measure brain volumes of the original and, in another job with the same code, of the defaced image.

    Of a sample of sessions the original again, as it is (repeat) and moved by half a voxel (shifted): the noise floor.
    """
    input:
        images=lambda wildcards: layout.stage(
            "deface" if wildcards.image == "defaced" else "convert"
        ),
    output:
        measured=directory(layout.stage("measure-{image}")),
    log:
        layout.log("measure", "{subject}_{session}_{image}"),
    retries: TRIES
    conda:
        "../envs/measure.yaml"
    resources:
        attempt=attempt,
        mem_mb=scaled(2500),
        runtime=scaled(60),
    params:
        fingerprint=lambda wildcards: fingerprints[f"measure-{wildcards.image}"],
    script:
        "../scripts/measure.py"
