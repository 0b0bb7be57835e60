"""BIDS names: entities in the schema's order, and what the schema says of the whole name."""

import re
from collections.abc import Mapping
from functools import cache

from bidsschematools import rules
from bidsschematools.schema import load_schema

from unface.mapping import schema
from unface.run.sessions import SessionId

TOWARDS = {"L": "RL", "R": "LR", "P": "AP", "A": "PA", "I": "SI", "S": "IS"}
"""The `dir` label of phase encoding that runs towards this side."""

LONGEST_STEM = 200
"""Characters of an image's name without extension: a file's name has 255, and masks and tables add to it."""


def stem(session: SessionId, datatype: str, entities: Mapping[str, str], suffix: str) -> str:
    """Path of an image inside the dataset, without extension.

    Parameters
    ----------
    session
        Whose image it is.
    datatype
        Its folder, such as `anat`.
    entities
        Short names and values, such as `acq: tfl`, in any order: the path has them in the schema's.
    suffix
        What its name ends with, such as `T1w`.

    Returns
    -------
    str
        Such as `sub-a1/ses-b2/anat/sub-a1_ses-b2_acq-tfl_T1w`.
    """
    known = [name for name in schema.name_rules().order if name in entities]
    unknown = sorted(set(entities) - set(known))
    parts = [session.bids_prefix, *(f"{name}-{entities[name]}" for name in known + unknown), suffix]
    return f"{session.bids_folder}/{datatype}/{'_'.join(parts)}"


def is_valid(path: str) -> bool:
    """Whether BIDS knows the path of a raw image.

    Parameters
    ----------
    path
        Relative to the dataset, with extension.

    Returns
    -------
    bool
        Whether the schema allows the path, and none of the entities that it requires lacks.
    """
    datatype, name = path.split("/")[-2:]
    *entities, suffix = name.split(".", 1)[0].split("_")
    required = schema.name_rules().required.get((datatype, suffix), frozenset())
    whole = required <= {entity.split("-", 1)[0] for entity in entities}
    return whole and any(pattern.fullmatch(path) for pattern in _patterns())


def direction(phase_encoding: str, axes: str) -> str:
    """The `dir` label that tells phase encoding in words.

    Parameters
    ----------
    phase_encoding
        BIDS PhaseEncodingDirection, such as `j-`.
    axes
        The side of the body that each voxel axis runs towards, such as `LPS`.

    Returns
    -------
    str
        From where to where, such as `AP`.
    """
    side = axes["ijk".index(phase_encoding[0])]
    if phase_encoding.endswith("-"):
        side = {"L": "R", "R": "L", "P": "A", "A": "P", "I": "S", "S": "I"}[side]
    return TOWARDS[side]


@cache
def _patterns() -> list[re.Pattern[str]]:
    loaded = load_schema()
    return [
        re.compile(group["regex"]) for group in rules.regexify_filename_rules(loaded.rules.files.raw, loaded, level=2)
    ]
