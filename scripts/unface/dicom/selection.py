"""Which series may enter: never what holds a report or burned-in text, and what the `select` conditions let in."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

SR = "1.2.840.10008.5.1.4.1.1.88."
ENCAPSULATED = "1.2.840.10008.5.1.4.1.1.104."
PRESENTATION = "1.2.840.10008.5.1.4.1.1.11."
SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
RAW_DATA = "1.2.840.10008.5.1.4.1.1.66"
KINDS = (
    (SR, "structured reports hold text that no program can judge"),
    (ENCAPSULATED, "encapsulated documents hold text that no program can judge"),
    (PRESENTATION, "presentation states hold graphics and text that no program can judge"),
    (SECONDARY_CAPTURE, "secondary captures often have text burned into their pixels"),
    (RAW_DATA, "raw data are no images"),
)
DOCUMENT_MODALITIES = {"SR", "DOC", "PR", "KO", "REG", "RTSTRUCT", "AU", "HD"}

Condition = Mapping[str, Any]


def excluded(fields: Mapping[str, Any], select: Sequence[Condition]) -> str:
    """Why a series stays out, as a sentence without header values; empty if it may enter.

    Parameters
    ----------
    fields
        Header values by DICOM keyword, a list where there are several.
    select
        Conditions: `field` and one of `in`, `not_in`, `contains`, `not_contains`. A condition that names SOPClassUID,
        Modality or BurnedInAnnotation with `in` selects by name what is excluded by default.
    """
    for condition in select:
        if not _holds(condition, fields):
            verb = next(key for key in condition if key != "field")
            return f"the select condition on {condition['field']} ({verb}) does not hold"
    return _by_default(fields, {condition["field"] for condition in select if "in" in condition})


def _by_default(fields: Mapping[str, Any], named: set[str]) -> str:
    if "SOPClassUID" not in named:
        for uid in values(fields.get("SOPClassUID")):
            for root, reason in KINDS:
                if uid == root or uid.startswith(root.rstrip(".") + "."):
                    return reason
    if "Modality" not in named and any(value in DOCUMENT_MODALITIES for value in values(fields.get("Modality"))):
        return "documents and annotations are no images"
    if "BurnedInAnnotation" not in named and "yes" in [
        value.lower() for value in values(fields.get("BurnedInAnnotation"))
    ]:
        return "BurnedInAnnotation says that text is burned into the pixels"
    return ""


def _holds(condition: Condition, fields: Mapping[str, Any]) -> bool:
    found = [value.lower() for value in values(fields.get(condition["field"]))]
    if "in" in condition:
        return bool(found) and all(value in _lower(condition["in"]) for value in found)
    if "not_in" in condition:
        return not any(value in _lower(condition["not_in"]) for value in found)
    if "contains" in condition:
        return any(str(condition["contains"]).lower() in value for value in found)
    return not any(str(condition["not_contains"]).lower() in value for value in found)


def _lower(wanted: Iterable[Any]) -> set[str]:
    return {str(value).lower() for value in wanted}


def values(value: Any) -> list[str]:
    """Header values as texts, whether one, several or none."""
    if value is None:
        return []
    parts = value if isinstance(value, list | tuple) else [value]
    return [str(part).strip() for part in parts if str(part).strip()]
