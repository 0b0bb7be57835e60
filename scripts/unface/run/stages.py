"""The stages: from which others each is made, and by which settings."""

from collections.abc import Mapping
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Stage:
    """One stage.

    Attributes
    ----------
    sources : tuple of str
        The stages of the session that its results are made from, which its outcome must name.
    settings : tuple of str
        Those that its results depend on: a change of one re-runs the stage and what follows.
    files : tuple of str
        Settings that name a file whose content they depend on, wherever it lies.
    resources : tuple of str
        Tables, masks and templates of the project that its code reads, from the project's root: they count as code.
    """

    sources: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()


def rule_of(stage: str) -> str:
    """The rule of the workflow that makes a stage; its script, its folder of logs and its room have the same name.

    Parameters
    ----------
    stage
        One of `EVERY_STAGE`; a rule that makes several has the part of their names before a hyphen.

    Returns
    -------
    str
        Such as `measure` for `measure-defaced`.
    """
    return stage.partition("-")[0]


def _resources(*names: str) -> tuple[str, ...]:
    return tuple(f"resources/{name}" for name in names)


_NAME_TABLES = _resources("cyrillic.tsv", "romanised.tsv", "surname_spellings.tsv")
_HEADER_TABLES = _NAME_TABLES + _resources(
    "attribute_types.tsv",
    "closed_values.tsv",
    "confidentiality_profile.tsv",
    "descriptor_words.txt",
    "private_safe.tsv",
    "private_science.tsv",
    "sop_classes.tsv",
    "technical_text.txt",
    "technical_words.txt",
)
_HEAD_MASKS = _resources("face/brain.nii.gz", "face/keep.nii.gz", "face/keep_no_ears.nii.gz")
_AUDIT_TABLES = _NAME_TABLES + _resources("audit_sidecar_keys.tsv", "closed_values.tsv", "technical_words.txt")
_PAGE = ("scripts/unface/report/templates/page.html.j2", "scripts/unface/report/templates/style.css")

_MEASURED = Stage(
    sources=("convert",),
    settings=tuple(f"measure.{name}" for name in ("engine", "resolution_mm", "results", "command")),
    files=("measure.atlas", "measure.atlas_labels"),
    resources=_resources("brain_regions.tsv"),
)

STAGES: Mapping[str, Stage] = {
    "deidentify": Stage(settings=("select", "deidentify"), resources=_HEADER_TABLES),
    # The mapping rules count by what they make of the session (`run.fingerprints.fingerprint`).
    "convert": Stage(
        sources=("deidentify",),
        settings=("convert.unmapped", "convert.repeats", "convert.incomplete"),
        resources=(*_HEADER_TABLES, *_resources("label_words.txt", "sidecar_keys.tsv")),
    ),
    "deface": Stage(sources=("convert",), settings=("deface",), resources=_HEAD_MASKS),
    "measure-original": _MEASURED,
    "measure-defaced": replace(_MEASURED, sources=("deface",)),
    "compare": Stage(
        sources=("deface", "measure-original", "measure-defaced"),
        settings=("compare", "deface.limits.brain_margin_mm"),
    ),
    "audit": Stage(
        sources=("convert", "deface"),
        settings=("audit", "deface.suffixes", "deidentify.options"),
        resources=_AUDIT_TABLES,
    ),
}
"""Those that every session passes through, in order; each has a folder with an `outcome.json` (see `run.outcome`)."""

NOISE_STAGES: Mapping[str, Stage] = {"measure-repeat": _MEASURED, "measure-shifted": _MEASURED}
"""Of a sample of sessions the original is measured again, as it is and moved: the noise floor."""

EVERY_STAGE: Mapping[str, Stage] = {
    **STAGES,
    **NOISE_STAGES,
    "scan": Stage(),
    "inventory": Stage(resources=(*_HEADER_TABLES, *_resources("bids_guesses.yaml", "label_words.txt"))),
    "release": Stage(
        settings=("release", "report.title", "deidentify.options", "audit.ignore"),
        files=("subjects", "ratings", "release.data_dictionary"),
        resources=(*_AUDIT_TABLES, *_resources("descriptor_words.txt", "ordinary_words.txt", "technical_words.txt")),
    ),
    "review": Stage(
        settings=("report",),
        resources=(*_PAGE, "scripts/unface/review/templates/review.html.j2", *_HEAD_MASKS),
    ),
    "review_index": Stage(
        settings=("report",),
        resources=(*_PAGE, "scripts/unface/review/templates/index.html.j2"),
    ),
    "report": Stage(
        settings=("report", "measure.noise_sessions", "deidentify.options"),
        files=("subjects",),
        resources=(*_PAGE, "scripts/unface/report/templates/summary.html.j2"),
    ),
    "survey": Stage(resources=_HEADER_TABLES),
}
"""These and those of the cohort."""
