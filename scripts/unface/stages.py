"""The stages: which rule makes each, from which others, by which settings."""

from collections.abc import Mapping
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Stage:
    """One stage.

    Attributes
    ----------
    rule : str
        The rule of the workflow that makes it. Its script and its folder of logs have the same name.
    sources : tuple of str
        The stages of the session that its results are made from, which its outcome must name.
    settings : tuple of str
        Those that its results depend on: a change of one re-runs the stage and what follows.
    files : tuple of str
        Settings that name a file whose content they depend on, wherever it lies.
    """

    rule: str
    sources: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()
    files: tuple[str, ...] = ()


_MEASURED = Stage(
    "measure_brain",
    sources=("converted",),
    settings=tuple(f"morphometry.{name}" for name in ("engine", "resolution_mm", "results", "command")),
    files=("morphometry.atlas", "morphometry.atlas_labels"),
)

STAGES: Mapping[str, Stage] = {
    "deidentified": Stage("deidentify", settings=("select", "deidentify")),
    # The mapping rules count by what they make of the session (`provenance.protocol`).
    "converted": Stage(
        "convert",
        sources=("deidentified",),
        settings=("convert.unmapped", "convert.repeats", "convert.incomplete"),
    ),
    "defaced": Stage("deface", sources=("converted",), settings=("deface",)),
    "morphometry-original": _MEASURED,
    "morphometry-defaced": replace(_MEASURED, sources=("defaced",)),
    "agreement": Stage(
        "compare_brains",
        sources=("defaced", "morphometry-original", "morphometry-defaced"),
        settings=("morphometry.limits", "deface.limits.brain_margin_mm"),
    ),
    "audit": Stage(
        "audit",
        sources=("converted", "defaced"),
        settings=("audit", "deface.suffixes", "deidentify.options"),
    ),
}
"""Those that every session passes through, in order; each has a folder with an `outcome.json` (see `outcome`)."""

NOISE_STAGES: Mapping[str, Stage] = {"morphometry-repeat": _MEASURED, "morphometry-shifted": _MEASURED}
"""Of a sample of sessions the original is measured again, as it is and moved: the noise floor."""

EVERY_STAGE: Mapping[str, Stage] = {
    **STAGES,
    **NOISE_STAGES,
    "release": Stage(
        "release",
        settings=("release", "deidentify.options", "audit.ignore"),
        files=("subjects", "ratings", "release.data_dictionary"),
    ),
    "review": Stage("review", settings=("report",)),
    "report": Stage(
        "report",
        settings=("report", "morphometry.noise_sessions", "deidentify.options"),
        files=("subjects",),
    ),
    "survey": Stage("survey"),
}
"""These and those of the cohort."""
