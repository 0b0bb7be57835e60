"""The private blocks of Siemens, GE and Philips: what conversion needs, and what identifies someone, side by side."""

import gzip
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset, Sequence

from demo.csa import csa_header, phoenix_protocol
from demo.person import Person

ECHO_SPACING_S = 0.00051


class Geometry(Protocol):
    """What a private block needs to know of a grid."""

    @property
    def shape(self) -> tuple[int, int, int]: ...
    @property
    def normal(self) -> NDArray[np.float64]: ...


class PrivateBlock(Protocol):
    """The part of pydicom's private block that is used here."""

    def add_new(self, element_offset: int, VR: str, value: object) -> None: ...  # noqa: N803


@dataclass(frozen=True)
class Mosaic:
    """Times of the slices in ms, and (b-value, x, y, z) of the volume if it is one of diffusion."""

    times_ms: NDArray[np.float64]
    gradient: NDArray[np.float64] | None


def siemens(ds: Dataset, person: Person, grid: Geometry, mosaic: Mosaic | None) -> None:
    """SIEMENS MR HEADER in 0019 and 0051, CSA in 0029."""
    slices, rows, _ = grid.shape
    secret = person.secret
    image: dict[str, tuple[str, list[object]]] = {
        "EchoLinePosition": ("IS", [rows // 2]),
        "ICE_Dims": ("LO", ["X_1_1_1_1_1_1_1_1_1_1_1_1"]),
        "RealDwellTime": ("IS", [2800]),
        "SliceNormalVector": ("FD", list(grid.normal)),
        "PhaseEncodingDirectionPositive": ("IS", [1]),
        "ImaCoilString": ("LO", ["HC1-7"]),
        "ImaPATModeText": ("LO", ["p2"]),
        "TimeAfterStart": ("DS", [0.0]),
        "ImageTypeText": ("LO", [secret("CSA image header")]),
    }
    header = ds.private_block(0x0019, "SIEMENS MR HEADER", create=True)
    header.add_new(0x08, "CS", "IMAGE NUM 4")
    header.add_new(0x09, "LO", "1.0")
    header.add_new(0x0F, "SH", "Normal")
    header.add_new(0x11, "SH", "No")
    header.add_new(0x12, "SL", [0, 0, -1252])
    header.add_new(0x13, "SL", [0, 0, -1252])
    header.add_new(0x14, "IS", [0, 0, 0])
    header.add_new(0x18, "IS", 2800)
    if mosaic is not None:
        width = 1 / (rows * ECHO_SPACING_S)
        image["NumberOfImagesInMosaic"] = ("US", [slices])
        image["BandwidthPerPixelPhaseEncode"] = ("FD", [width])
        image["MosaicRefAcqTimes"] = ("FD", list(mosaic.times_ms))
        image["ProtocolSliceNumber"] = ("IS", [0])
        header.add_new(0x0A, "US", slices)
        header.add_new(0x28, "FD", width)
        header.add_new(0x29, "FD", [float(value) for value in mosaic.times_ms])
        if mosaic.gradient is not None:
            _diffusion(image, header, mosaic.gradient)
    text = ds.private_block(0x0051, "SIEMENS MR HEADER", create=True)
    text.add_new(0x08, "CS", "IMAGE NUM 4")
    text.add_new(0x09, "LO", "1.0")
    text.add_new(0x0A, "LO", "TA 05:12")
    text.add_new(0x0B, "LO", f"{rows}*{rows}")
    text.add_new(0x0C, "LO", "FoV 256*256")
    text.add_new(0x0D, "SH", "SP R12.0")
    text.add_new(0x0E, "LO", "Tra" if mosaic else "Sag")
    text.add_new(0x0F, "LO", "HC1-7")
    text.add_new(0x11, "LO", "p2")
    text.add_new(0x12, "SH", "TP 0")
    text.add_new(0x13, "SH", "+LPH")
    text.add_new(0x16, "LO", "p2 M/ND")
    text.add_new(0x17, "SH", "SL 2.0")
    text.add_new(0x19, "LO", f"A1 {secret('siemens private text')}")
    block = ds.private_block(0x0029, "SIEMENS CSA HEADER", create=True)
    block.add_new(0x08, "CS", "IMAGE NUM 4")
    block.add_new(0x09, "LO", person.date)
    block.add_new(0x10, "OB", csa_header(image))
    block.add_new(0x18, "CS", "MR")
    block.add_new(0x19, "LO", person.date)
    block.add_new(0x20, "OB", csa_header(_series(ds, person, rows, mosaic)))
    medcom = ds.private_block(0x0029, "SIEMENS MEDCOM HEADER2", create=True)
    medcom.add_new(0x60, "LO", f"com {secret('workflow status')}")


def _diffusion(image: dict[str, tuple[str, list[object]]], header: PrivateBlock, gradient: NDArray[np.float64]) -> None:
    value, direction = float(gradient[0]), [float(part) for part in gradient[1:]]
    image["B_value"] = ("IS", [round(value)])
    image["DiffusionDirectionality"] = ("CS", ["DIRECTIONAL" if value else "NONE"])
    header.add_new(0x0C, "IS", round(value))
    header.add_new(0x0D, "CS", "DIRECTIONAL" if value else "NONE")
    if value:
        matrix = value * np.outer(direction, direction)[np.triu_indices(3)]
        image["DiffusionGradientDirection"] = ("FD", list(direction))
        image["B_matrix"] = ("FD", list(matrix))
        header.add_new(0x0E, "FD", direction)
        header.add_new(0x27, "FD", [float(part) for part in matrix])


def _series(ds: Dataset, person: Person, rows: int, mosaic: Mosaic | None) -> dict[str, tuple[str, list[object]]]:
    secret = person.secret
    settings = {
        "ulVersion": "51130001",
        "tSequenceFileName": f'"%SiemensSeq%\\{"ep2d" if mosaic else "tfl"}"',
        "tProtocolName": f'"{secret("ASCCONV protocol name")}"',
        "tReferenceImage0": f'"{person.uid(0, 8)}"',
        "sProductData.lProductIndex": "0",
        "alTR[0]": int(ds.RepetitionTime * 1000),
        "alTE[0]": int(ds.EchoTime * 1000),
        "lContrasts": "1",
        "sKSpace.lBaseResolution": rows,
        "sSliceArray.ucMode": "0x4" if mosaic is not None else "0x1",
        "sSliceArray.lSize": "1",
        "sPat.lAccelFactPE": "2",
        "sFastImaging.lEchoSpacing": int(2 * ECHO_SPACING_S * 1e6),
        "sCoilSelectMeas.aRxCoilSelectData[0].asList[0].sCoilElementID.tCoilID": '"HeadNeck_20"',
    }
    patient = {
        "PatientName": person.name,
        "PatientID": person.patient_id,
        "PatientBirthDay": person.birth_date,
        "DeviceSerialNumber": person.serial,
        "Comment": secret("Phoenix text"),
    }
    return {
        "UsedPatientWeight": ("IS", [73]),
        "NumberOfPrescans": ("IS", [0]),
        "CoilForGradient2": ("SH", ["AS82"]),
        "ProtocolChangeHistory": ("US", [0]),
        "PatReinPattern": ("ST", [f"1;HFS;72.50;32.90;2;0;0;{secret('CSA series header')}"]),
        "Isocentered": ("US", [0]),
        "MrPhoenixProtocol": ("UN", [phoenix_protocol(settings, patient)]),
        "MrProtocolVersion": ("IS", [51130001]),
        "CoilString": ("LO", ["HC1-7"]),
        "PositivePCSDirections": ("SH", ["+LPH"]),
    }


def ge(ds: Dataset, person: Person, grid: Geometry, mosaic: Mosaic | None) -> None:
    """GEMS_IDEN_01, ACQU, RELA, STDY, SERS, IMAG, IMPS and PARM."""
    assert mosaic is None, "GE writes no mosaics"
    slices, rows, columns = grid.shape
    secret = person.secret
    iden = ds.private_block(0x0009, "GEMS_IDEN_01", create=True)
    iden.add_new(0x01, "LO", secret("ge full fidelity"))
    iden.add_new(0x02, "SH", "FMRI")
    iden.add_new(0x04, "SH", "SIGNA")
    iden.add_new(0x30, "SH", secret("ge service id"))
    iden.add_new(0x31, "SH", "9999")
    iden.add_new(0xE3, "UI", person.uid(0, 9))
    acquisition = ds.private_block(0x0019, "GEMS_ACQU_01", create=True)
    for offset, vr, value in (
        (0x0F, "DS", 320.1), (0x11, "SS", 0), (0x12, "SS", 4), (0x17, "SS", 3), (0x18, "LO", "L"), (0x1A, "LO", "R"),
        (0x1E, "DS", 256), (0x5A, "FL", 250_000_000.0), (0x7D, "DS", 0), (0x7E, "SS", 1), (0x81, "SS", 1),
        (0x84, "DS", 0.17), (0x8F, "SS", 1), (0x92, "SL", 0), (0x93, "DS", 1276967490), (0x9B, "SS", 1),
        (0x9C, "LO", ds.SequenceName), (0x9D, "DT", f"{person.date}093651"), (0x9E, "LO", ds.SequenceName),
        (0x9F, "SS", 3), (0xA2, "SL", 18944), (0xA4, "SS", 0), (0xBE, "DS", 0), (0xC0, "SS", 0), (0xCB, "SS", 0),
        (0xD2, "SS", 0), (0xD5, "SS", 3), (0xF9, "DS", 118),
    ):  # fmt: skip
        acquisition.add_new(offset, vr, value)
    relation = ds.private_block(0x0021, "GEMS_RELA_01", create=True)
    for offset, vr, value in (
        (0x35, "SS", 1),
        (0x36, "SS", 23),
        (0x37, "SS", 16),
        (0x4F, "SS", slices),
        (0x56, "SL", 1),
    ):
        relation.add_new(offset, vr, value)
    study = ds.private_block(0x0023, "GEMS_STDY_01", create=True)
    item = Dataset()
    item.PatientName = f"{secret('ge private sequence')}^K"
    study.add_new(0x70, "FD", 0.0)
    study.add_new(0x74, "SL", 0)
    study.add_new(0x80, "SQ", Sequence([item]))
    in_series = ds.private_block(0x0025, "GEMS_SERS_01", create=True)
    for offset, vr, value in (
        (0x06, "SS", 4),
        (0x07, "SL", slices),
        (0x10, "SL", 0),
        (0x11, "SS", 1),
        (0x19, "SL", slices),
    ):
        in_series.add_new(offset, vr, value)
    in_series.add_new(0x1A, "SH", secret("ge receiver host"))
    text = f'set VIEWORDER "1"\nset PATIENTHISTORY "{secret("ge protocol block")}"\n'
    packed = gzip.compress(text.encode(), mtime=0)
    in_series.add_new(0x1B, "OB", struct.pack("<I", len(packed)) + packed)
    picture = ds.private_block(0x0027, "GEMS_IMAG_01", create=True)
    for offset, vr, value in (
        (0x10, "SS", 0), (0x31, "SS", 1), (0x35, "SS", 4), (0x40, "SH", "L"), (0x60, "FL", float(columns)),
        (0x61, "FL", float(rows)), (0x62, "FL", 1.0),
    ):  # fmt: skip
        picture.add_new(offset, vr, value)
    parameters = ds.private_block(0x0043, "GEMS_PARM_01", create=True)
    for offset, vr, value in (
        (0x01, "SS", 1), (0x02, "SS", 3), (0x03, "SS", 4), (0x04, "SS", -12), (0x06, "SS", 1), (0x0A, "SS", 1),
        (0x2C, "SS", 388), (0x2F, "SS", 0), (0x39, "IS", [0, 0, 0, 0]), (0x6F, "DS", [0, 0, 0, 0]),
        (0x83, "DS", [1, 1]), (0x8A, "CS", ds.InPlanePhaseEncodingDirection), (0x91, "DS", [0.016, 0.173, 0.069]),
        (0x9A, "IS", 1), (0x61, "UI", person.uid(0, 10)), (0x62, "SH", secret("ge study id")),
        (0x80, "LO", ["A:0", "P1:", secret("ge coil id")]), (0x95, "LO", secret("ge prescan")),
    ):  # fmt: skip
        parameters.add_new(offset, vr, value)


def philips(ds: Dataset, person: Person, grid: Geometry, mosaic: Mosaic | None) -> None:
    """Philips Imaging DD 001 in 2001, Philips MR Imaging DD 001 and 005 in 2005."""
    assert mosaic is None, "Philips writes no mosaics"
    slices, _, _ = grid.shape
    secret = person.secret
    imaging = ds.private_block(0x2001, "Philips Imaging DD 001", create=True)
    for offset, vr, value in (
        (0x01, "FL", 0.0), (0x02, "IS", 0), (0x03, "FL", 0.0), (0x04, "CS", "NO"), (0x06, "CS", "N"), (0x08, "IS", 1),
        (0x09, "FL", 0.0), (0x0A, "IS", int(ds.InstanceNumber)), (0x0B, "CS", "SAGITTAL"), (0x0C, "CS", "N"),
        (0x0F, "SS", 0), (0x10, "CS", "NO"), (0x11, "FL", 0.0), (0x12, "CS", "N"), (0x13, "IS", 1), (0x14, "SL", 1),
        (0x15, "SS", 1), (0x17, "SL", 1), (0x18, "SL", slices), (0x19, "CS", "N"), (0x1B, "FL", 0.0),
        (0x20, "LO", "T1TFE"), (0x21, "CS", "N"), (0x60, "SL", 1), (0x81, "IS", 1),
        (0xC8, "LO", secret("philips exam card")),
    ):  # fmt: skip
        imaging.add_new(offset, vr, value)
    stack = Dataset()
    stack.PatientName = f"{secret('philips private sequence')}^L"
    imaging.add_new(0x5F, "SQ", Sequence([stack]))
    measured = ds.private_block(0x2005, "Philips MR Imaging DD 001", create=True)
    for offset, vr, value in (
        (0x00, "FL", 0.0), (0x01, "FL", 0.0), (0x02, "FL", 0.0), (0x04, "CS", "N"), (0x08, "FL", 0.0),
        (0x09, "FL", 0.0), (0x0A, "FL", 0.0), (0x0D, "FL", 0.0), (0x0E, "FL", 1.0), (0x10, "FL", 0.0),
        (0x11, "CS", "M"), (0x12, "CS", "N"), (0x14, "LO", "UNKNOWN"), (0x16, "LO", secret("philips private text")),
        (0x20, "SL", 1), (0x25, "SS", 1), (0x35, "CS", "PIXEL"), (0x6E, "CS", "T1"), (0x6F, "CS", "N"),
        (0x86, "SS", 2),
    ):  # fmt: skip
        measured.add_new(offset, vr, value)
    dated = ds.private_block(0x2005, "Philips MR Imaging DD 005", create=True)
    dated.add_new(0x50, "LO", f"examined {person.date} by {secret('philips operator')}")


BLOCKS: dict[str, Callable[[Dataset, Person, Geometry, Mosaic | None], None]] = {
    "siemens": siemens,
    "ge": ge,
    "philips": philips,
}
