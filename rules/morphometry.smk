rule measure_brain:
    """Measure brain volumes of the original and, in another job with the same code, of the defaced image.

    Of a sample of sessions the original again, as it is (repeat) and moved by half a voxel (shifted): the noise floor.
    """
    input:
        images=lambda wildcards: layout.stage(
            "defaced" if wildcards.image == "defaced" else "converted"
        ),
    output:
        measured=directory(layout.stage("morphometry-{image}")),
    log:
        layout.log("measure_brain", "{subject}_{session}_{image}"),
    retries: TRIES
    conda:
        "../envs/morphometry.yaml"
    resources:
        attempt=attempt,
        mem_mb=scaled(2500),
        runtime=scaled(60),
    params:
        protocol=lambda wildcards: protocols[f"morphometry-{wildcards.image}"],
    script:
        "../scripts/measure_brain.py"


rule compare_brains:
    """Hold the volumes of the defaced image against those of the original, and the face mask against its brain."""
    input:
        faceless=layout.stage("defaced"),
        original=layout.stage("morphometry-original"),
        defaced=layout.stage("morphometry-defaced"),
    output:
        agreement=directory(layout.stage("agreement")),
    log:
        layout.log("compare_brains"),
    retries: TRIES
    conda:
        "../envs/morphometry.yaml"
    resources:
        attempt=attempt,
        mem_mb=scaled(1000),
        runtime=scaled(10),
    params:
        protocol=protocols["agreement"],
    script:
        "../scripts/compare_brains.py"
