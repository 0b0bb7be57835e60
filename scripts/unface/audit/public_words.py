"""Words that BIDS and the makers of scanners put into every dataset, and what keys and columns may be released."""

import re
from functools import cache

from bidsschematools import rules
from bidsschematools.schema import load_schema

from unface.run.settings import PROJECT

COLUMNS = {"scans": {"filename", "acq_time"}, "aslcontext": {"volume_type"}}
MAKERS = frozenset(
    [
        *("siemens", "siemens healthineers", "philips", "philips medical systems", "philips healthcare"),
        *("ge", "ge medical systems", "uih", "united imaging", "canon", "canon_mec", "toshiba", "toshiba_mec"),
        *("hitachi", "bruker", "mediso"),
    ]
)
_BODY = frozenset(["brain", "head", "headneck", "neck", "cspine"])
_MODELS = frozenset(
    [
        *("triotim", "trio", "skyra", "skyra_fit", "skyra fit", "prisma", "prisma_fit", "prisma fit", "verio", "aera"),
        *("avanto", "avanto_fit", "espree", "allegra", "sonata", "symphony", "symphonytim", "biograph_mmr", "terra"),
        *("magnetom vida", "magnetom sola", "magnetom lumina", "magnetom terra", "magnetom prisma", "connectom"),
        *("achieva", "achieva dstream", "ingenia", "ingenia cx", "ingenia elition x", "ingenia ambition x", "intera"),
        *("signa hdxt", "signa premier", "signa architect", "signa excite", "discovery mr750", "discovery mr750w"),
    ]
)
PUBLIC_VALUES = {
    "Manufacturer": MAKERS,
    "ManufacturersModelName": _MODELS,
    "Modality": frozenset(["mr", "ct", "pt"]),
    "BodyPart": _BODY,
    "BodyPartExamined": _BODY,
}
"""Values that say nothing about a subject even where a phantom is called `BRAIN^PHILIPS`."""


_OTHER_KEYS = {"ImageType": "ImageTypeText", "InPlanePhaseEncodingDirection": "InPlanePhaseEncodingDirectionDICOM"}
"""What converters call an attribute besides."""
_SEQUENCE_NAME = re.compile(
    r"\*?(?:ep|epfid|epse|se|tse|fl|tfl|fi|tfi|fm|spc|spcr|spcir|tir|ir|de|h|ci)[23]d[0-9]{1,4}(?:_[0-9]{1,4}){0,2}(?:ns)?"
    r"|\*?ep_b[0-9]{1,5}(?:#[0-9]{1,4})?"
)
"""A maker's name of a sequence, such as `*tse2d1_15`."""
_SEQUENCE_KEYS = {"SequenceName", "PulseSequenceName"}


@cache
def _closed_values() -> dict[str, frozenset[str]]:
    """The standard's terms of attributes with closed lists, by sidecar key."""
    lines = (PROJECT / "resources" / "closed_values.tsv").read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines if not line.startswith("#")][1:]
    terms = {keyword: frozenset(words.split()) for _, keyword, words in rows}
    return terms | {other: terms[keyword] for keyword, other in _OTHER_KEYS.items()}


def public_words() -> set[str]:
    """Words that BIDS itself puts into every dataset, and which therefore say nothing about a subject."""
    objects = load_schema().objects
    words = {"filename", "acq_time", "time", "bval", "bvec", "nii", "gz", "json", "tsv", "defacemask"}
    for group in (objects.datatypes, objects.suffixes, objects.entities):
        words |= {item.get("value", name) for name, item in group.items()}
        words |= {item["name"] for item in group.values() if "name" in item}
    return words


@cache
def sidecar_keys() -> frozenset[str]:
    """Keys that a sidecar may hold: parameters of the acquisition, none about persons, places, devices or times."""
    lines = (PROJECT / "resources" / "audit_sidecar_keys.tsv").read_text(encoding="utf-8").splitlines()
    return frozenset(line.split("\t")[0] for line in lines[1:])


@cache
def name_patterns() -> list[re.Pattern[str]]:
    """Patterns of the paths of raw data that BIDS knows."""
    schema = load_schema()
    groups = rules.regexify_filename_rules(schema.rules.files.raw, schema, level=2)
    return [re.compile(group["regex"]) for group in groups]


def is_public(key: str, value: str) -> bool:
    """Whether the value of a sidecar's key is one of a closed list.

    Parameters
    ----------
    key, value
        As they stand in the sidecar.

    Returns
    -------
    bool
        False for a key that has no such list; true for a maker's name of a sequence, too.
    """
    if key in _SEQUENCE_KEYS and _SEQUENCE_NAME.fullmatch(value):
        return True
    terms = _closed_values().get(key, frozenset())
    # Several terms stand in one text with `_` between them, as `GR_IR`.
    return value.lower() in PUBLIC_VALUES.get(key, ()) or value in terms or terms.issuperset(value.split("_"))
