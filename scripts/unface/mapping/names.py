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


def stem(session: SessionId, datatype: str, entities: Mapping[str, str], suffix: str) -> str:
    """Path of an image inside the dataset, without extension; entities (`acq: tfl`) go in the schema's order."""
    known = [name for name in schema.names().order if name in entities]
    unknown = sorted(set(entities) - set(known))
    parts = [session.bids_prefix, *(f"{name}-{entities[name]}" for name in known + unknown), suffix]
    return f"{session.bids_folder}/{datatype}/{'_'.join(parts)}"


def is_valid(path: str) -> bool:
    """Whether BIDS knows this path of a raw image, relative to the dataset, and none of its required entities lacks."""
    datatype, name = path.split("/")[-2:]
    *entities, suffix = name.split(".", 1)[0].split("_")
    required = schema.names().required.get((datatype, suffix), frozenset())
    whole = required <= {entity.split("-", 1)[0] for entity in entities}
    return whole and any(pattern.fullmatch(path) for pattern in _patterns())


def direction(phase_encoding: str, axes: str) -> str:
    """The `dir` label that tells phase encoding in words.

    Parameters
    ----------
    phase_encoding
        BIDS PhaseEncodingDirection, such as `j-`.
    axes
        The way each voxel axis runs, such as `LPS`.
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
