rule measure_brain:
    """Measure brain volumes of the original and, in another job with the same code, of the defaced image."""
    input:
        images=lambda wildcards: layout.stage(
            {"original": "converted", "defaced": "defaced"}[wildcards.image]
        ),
    output:
        measured=directory(layout.stage("morphometry-{image}")),
    log:
        layout.log("measure_brain", "{subject}_{session}_{image}"),
    benchmark:
        layout.benchmark("measure_brain", "{subject}_{session}_{image}")
    conda:
        "../envs/morphometry.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 2500 * attempt,
        runtime=lambda wildcards, attempt: 60 * attempt,
    params:
        protocol=lambda wildcards: protocols[f"morphometry-{wildcards.image}"],
    script:
        "../scripts/measure_brain.py"


rule compare_brains:
    """Hold the volumes of the defaced image against those of the original and against the limits."""
    input:
        original=layout.stage("morphometry-original"),
        defaced=layout.stage("morphometry-defaced"),
    output:
        agreement=directory(layout.stage("agreement")),
    log:
        layout.log("compare_brains"),
    benchmark:
        layout.benchmark("compare_brains")
    conda:
        "../envs/morphometry.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 1000 * attempt,
        runtime=lambda wildcards, attempt: 10 * attempt,
    params:
        protocol=protocols["agreement"],
    script:
        "../scripts/compare_brains.py"
