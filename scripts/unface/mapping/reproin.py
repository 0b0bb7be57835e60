"""Protocol names in ReproIn's manner, such as `func-bold_task-rest_acq-mb4`: they need no mapping rule.

The convention: https://dbic-handbook.readthedocs.io (Dartmouth Brain Imaging Center), as used with heudiconv.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from unface.mapping.criteria import values_of
from unface.mapping.label_words import LONGEST_LABEL, HeaderText, folded
from unface.mapping.schema import name_rules

NAME = re.compile(
    r"^(?:WIP[ _])?(?:[^:]*:)?(?P<datatype>anat|func|dwi|fmap|perf|pet)(?:-(?P<suffix>[A-Za-z0-9]+))?"
    r"(?P<rest>(?:_[A-Za-z]+-[A-Za-z0-9{}+=]+)*)(?:__.*|_SBRef|_Pha|_SBRef_Pha)?$"
)
DEFAULT_SUFFIX = {"func": "bold", "dwi": "dwi", "perf": "asl", "pet": "pet", "fmap": "epi"}
FROM_DATA = {"run", "echo", "part", "sub", "ses"}
"""Entities that the conversion assigns itself."""


@dataclass(frozen=True)
class ReproInName:
    """A protocol name as BIDS parts."""

    datatype: str
    suffix: str
    entities: Mapping[str, HeaderText]
    parts: Mapping[str, str]


def parse(fields: Mapping[str, Any]) -> ReproInName | None:
    """The BIDS parts of a series' protocol name.

    Parameters
    ----------
    fields
        Header values by DICOM keyword.

    Returns
    -------
    ReproInName or None
        None where the name is not in ReproIn's manner or gives no valid BIDS name.
    """
    texts = [str(value) for name in ("ProtocolName", "SeriesDescription") for value in values_of(fields.get(name))]
    pieces = next((match for match in map(NAME.match, texts) if match), None)
    if pieces is None:
        return None
    datatype = pieces["datatype"]
    suffix = pieces["suffix"] or DEFAULT_SUFFIX.get(datatype)
    image_type = [str(value) for value in values_of(fields.get("ImageType"))]
    if datatype == "fmap" and suffix in ("epi", "magnitude", "phasediff") and not _is_epi(fields):
        suffix = "phasediff" if "P" in image_type else "magnitude{echo}"
    if any(text.lower().removesuffix("_pha").endswith("_sbref") for text in texts) and datatype in ("func", "dwi"):
        suffix = "sbref"
    if suffix is None or (datatype, suffix.replace("{echo}", "1")) not in name_rules().entities:
        return None
    allowed = name_rules().entities[datatype, suffix.replace("{echo}", "1")] - FROM_DATA
    pairs = [piece.split("-", 1) for piece in pieces["rest"].split("_") if piece]
    entities = {key: HeaderText(value) for key, value in pairs if key in allowed and folded(value)}
    if any(len(value) > LONGEST_LABEL for value in entities.values()):
        return None
    return ReproInName(datatype, suffix, entities, {})


def _is_epi(fields: Mapping[str, Any]) -> bool:
    sequence = [str(value).lower() for value in values_of(fields.get("SequenceName"))]
    scanning = [str(value) for value in values_of(fields.get("ScanningSequence"))]
    return "EP" in scanning or any(name.lstrip("*").startswith("ep") for name in sequence)
