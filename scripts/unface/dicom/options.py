"""Codes of PS3.15's Basic Application Level Confidentiality Profile and its options (PS3.16 CID 7050)."""

from collections.abc import Mapping

BASIC_PROFILE = ("113100", "Basic Application Confidentiality Profile")
DEFACED = ("113102", "Clean Recognizable Visual Features Option")
"""What removing the face is called."""
OPTION_CODES: Mapping[str, tuple[str, str]] = {
    "clean_graphics": ("113103", "Clean Graphics Option"),
    "clean_structured_content": ("113104", "Clean Structured Content Option"),
    "clean_descriptors": ("113105", "Clean Descriptors Option"),
    "retain_longitudinal_full_dates": ("113106", "Retain Longitudinal Temporal Information Full Dates Option"),
    "retain_longitudinal_modified_dates": ("113107", "Retain Longitudinal Temporal Information Modified Dates Option"),
    "retain_patient_characteristics": ("113108", "Retain Patient Characteristics Option"),
    "retain_device_identity": ("113109", "Retain Device Identity Option"),
    "retain_uids": ("113110", "Retain UIDs Option"),
    "retain_safe_private": ("113111", "Retain Safe Private Option"),
    "retain_institution_identity": ("113112", "Retain Institution Identity Option"),
}
"""Code value and meaning of each option, by the name that the settings give it."""
