"""Values of closed lists stay whatever the subject is called; the subject's name goes everywhere else."""

import io

import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from tests.support.dicom_bytes import profile, small, written
from unface.deidentify.clean_files import Deidentifier
from unface.deidentify.splitter import HeaderSplitter
from unface.deidentify.codes import is_closed, listed, may_be_code
from unface.dicom.standard import vr_of
from unface.identity.pseudonyms import Key

CODES = {
    "ImageType": ["ORIGINAL", "PRIMARY", "M", "ND", "NORM"],
    "ScanningSequence": ["GR", "IR"],
    "SequenceVariant": ["SK", "MTC"],
    "MRAcquisitionType": "3D",
    "InPlanePhaseEncodingDirection": "ROW",
    "PatientPosition": "HFS",
    "SequenceName": "*tse3d1_23",
}
LONGEST_CODE = 16
SYNTAXES = ExplicitVRLittleEndian, ImplicitVRLittleEndian


def clean(name: str, syntax: str = ExplicitVRLittleEndian, **attributes: object) -> Dataset:
    deidentifier = Deidentifier(profile(), Key(b"k" * 32), "someone", "asub", {"name": {name}})
    splitter = HeaderSplitter()
    data = written(small(PatientName=name, **attributes), syntax)
    first = b"".join(bytes(part) for part in deidentifier.clean(data, splitter).parts)
    assert b"".join(bytes(part) for part in deidentifier.clean(data, splitter).parts) == first
    return pydicom.dcmread(io.BytesIO(first))


@pytest.mark.parametrize("name", ["ROW^AMY", "TSE^KA MAN", "MILLER^NORM", "HFS^ORIGINAL", "MTC^PRIMARY", "KIM^SE HOON"])
@pytest.mark.parametrize("syntax", SYNTAXES)
def test_a_code_stays_whatever_the_subject_is_called(name: str, syntax: str) -> None:
    header = clean(name, syntax, **CODES)
    assert {keyword: header[keyword].value for keyword in CODES} == CODES


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_in_a_sequence_a_code_stays_too(syntax: str) -> None:
    item = Dataset()
    item.InPlanePhaseEncodingDirection = "COLUMN"
    header = clean("COLUMN^AMY", syntax, MRFOVGeometrySequence=[item])
    assert header.MRFOVGeometrySequence[0].InPlanePhaseEncodingDirection == "COLUMN"


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_the_name_goes_where_it_is_no_code(syntax: str) -> None:
    header = clean(
        "COLFA^AMY",
        syntax,
        ImageType=["ORIGINAL", "PRIMARY", "COLFA", "AMY", "COLFA AMY"],
        ScanOptions=["COLFA", "FS"],
        SequenceName="colfa2d1",
        SeriesDescription="t1 colfa",
        ProtocolName="COLFA",
    )
    assert list(header.ImageType) == ["ORIGINAL", "PRIMARY", "COLFA", "", ""]
    assert list(header.ScanOptions) == ["", "FS"]
    assert not header.get("SequenceName")
    assert "colfa" not in f"{header.get('SeriesDescription')} {header.get('ProtocolName')}".lower()
    assert "AMY" not in str(header)


def test_a_code_of_one_attribute_is_a_name_in_another() -> None:
    header = clean("ROW^AMY", ScanningSequence="ROW", InPlanePhaseEncodingDirection="ROW")
    assert not header.ScanningSequence or header.ScanningSequence == "REMOVED"
    assert header.InPlanePhaseEncodingDirection == "ROW"


def test_beside_a_code_a_day_of_the_subject_s_goes() -> None:
    deidentifier = Deidentifier(profile(), Key(b"k" * 32), "someone", "asub", {"date": {"19610314"}})
    data = written(small(ScanOptions=["FS", "19610314", "14031961"]), ExplicitVRLittleEndian)
    parts = deidentifier.clean(data, HeaderSplitter()).parts
    header = pydicom.dcmread(io.BytesIO(b"".join(bytes(part) for part in parts)))
    assert list(header.ScanOptions) == ["FS", "", ""]


def test_every_closed_list_is_of_an_attribute_that_holds_codes_and_each_term_fits_into_it() -> None:
    assert {vr_of(tag) for tag in closed_values() if tag not in SEQUENCE_NAMES} == {"CS"}
    assert all(len(term) <= LONGEST_CODE for terms in closed_values().values() for term in terms)
    assert is_closed(0x00181312, b"ROW ")
    assert not is_closed(0x00181312, b"ROWE")
    assert not is_closed(0x00100010, b"ROW")


@pytest.mark.parametrize("text", ["*tfl3d1_16ns", "*epfid2d1_64", "*ep_b1000#12", "ep_b0", "tse2d1", "*spc3d1_282"])
def test_a_maker_s_name_of_a_sequence_is_known(text: str) -> None:
    assert is_closed(0x00180024, text.encode())


@pytest.mark.parametrize("text", ["tse", "miller3d1", "*tse3d1_23 amy", "se_19610314", "tse2d19610314"])
def test_what_holds_more_than_a_sequence_s_name_is_none(text: str) -> None:
    assert not is_closed(0x00180024, text.encode())
