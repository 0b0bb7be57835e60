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
PUBLIC_VALUES = {
    "Manufacturer": MAKERS,
    "Modality": frozenset(["mr", "ct", "pt"]),
    "BodyPart": _BODY,
    "BodyPartExamined": _BODY,
    "CodingSchemeDesignator": frozenset(["dcm"]),
    "ConversionSoftware": frozenset(["dcm2niix"]),
}
"""Values that say nothing about a subject even where a phantom is called `BRAIN^PHILIPS`."""
OWN_TEXTS = {
    "DeidentificationMethod": re.compile(r"unface [0-9][0-9a-z.+-]*: DICOM PS3\.15 Table E\.1-1"),
    "CodeValue": re.compile(r"1131[01][0-9]"),
    "CodeMeaning": re.compile(
        r"Basic Application Confidentiality Profile|Clean (?:Graphics|Structured Content|Descriptors|Pixel Data"
        r"|Recognizable Visual Features) Option|Retain (?:Longitudinal Temporal Information (?:Full|Modified) Dates"
        r"|Patient Characteristics|Device Identity|UIDs|Safe Private|Institution Identity) Option"
    ),
    "ConversionSoftwareVersion": re.compile(r"v[0-9]\.[0-9]\.20[0-9]{6}"),
}
"""What unface and the converter write into every sidecar (PS3.16 CID 7050)."""
_MACHINE_KEYS = {"ManufacturersModelName", "SoftwareVersions"}
_VERSION = re.compile(
    r"(?:[a-z]|d[vx]|hd|lx|m[prs]|px|r[sx]|s[pw]|v[a-h]|x[a-e])?[0-9]{1,2}[a-z]{0,2}|mr[0-9]{3}w?|[0-9]{3,4}|[a-z]"
)
"""A part of a version, such as `xa60` or `3t`; other two letters with a number may be initials and a year."""
_MAY_BE_A_DAY = re.compile(r"(?<![0-9.])[0-9]{1,4}[-./][0-9]{1,2}[-./][0-9]{2,4}(?![0-9]|\.[0-9])")


_OTHER_KEYS = {"ImageType": "ImageTypeText", "InPlanePhaseEncodingDirection": "InPlanePhaseEncodingDirectionDICOM"}
"""What converters call an attribute besides."""
_SEQUENCE_NAME = re.compile(
    r"\*?(?:ep|epfid|epse|se|tse|fl|tfl|fi|tfi|fm|spc|spcr|spcir|tir|ir|de|h|ci|tgse|mbep|gre|qfl|swi)_?[23]d[0-9]{0,4}"
    r"(?:_[0-9]{1,5}){0,2}(?:_?ns)?|\*?(?:ep|re)_b[0-9]{1,5}(?:_[0-9]{1,5})?(?:t|[#t][0-9]{1,4})?"
    r"|(?:t[12])?[ft]fe|grase|dwise|feepi|seepi|epi(?:rt|2|_pepolar)?|efgre3d|fgre|fse(?:-xl)?|memp|3dfse"
)
"""A maker's name of a sequence, such as `*tse2d1_15`."""
_SEQUENCE_KEYS = {"SequenceName", "PulseSequenceName"}


@cache
def _closed_values() -> dict[str, frozenset[str]]:
    """The standard's terms of attributes with closed lists, by sidecar key."""
    lines = (PROJECT / "resources" / "closed_values.tsv").read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines if not line.startswith("#")][1:]
    terms = {keyword: frozenset(words.split("\\")) for _, keyword, _, words in rows}
    return terms | {other: terms[keyword] for keyword, other in _OTHER_KEYS.items()}


@cache
def _machine_words() -> frozenset[str]:
    """Words of makers, models and versions."""
    lines = (PROJECT / "resources" / "technical_words.txt").read_text(encoding="ascii").splitlines()
    return frozenset(word for line in lines if not line.startswith("#") for word in line.split())


def _names_a_machine(value: str) -> bool:
    if _MAY_BE_A_DAY.search(value):
        return False
    words = re.findall(r"[^\W_]+", value.lower())
    known = [word for word in words if word in _machine_words() or word.strip("0123456789") in _machine_words()]
    return any(len(word) > 1 for word in known) and all(word in known or _VERSION.fullmatch(word) for word in words)


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
    """Whether the value of a sidecar's key tells of nobody: of a closed list, a machine, or unface's own.

    Parameters
    ----------
    key, value
        As they stand in the sidecar.

    Returns
    -------
    bool
        False for a key that has no such list; true for a maker's name of a sequence, too.
    """
    if key in _SEQUENCE_KEYS and _SEQUENCE_NAME.fullmatch(value.lower()):
        return True
    if key in OWN_TEXTS and OWN_TEXTS[key].fullmatch(value):
        return True
    if key in _MACHINE_KEYS and _names_a_machine(value):
        return True
    terms = _closed_values().get(key, frozenset())
    # Several terms stand in one text with `_` between them, as `GR_IR`.
    return value.lower() in PUBLIC_VALUES.get(key, ()) or value in terms or terms.issuperset(value.split("_"))
