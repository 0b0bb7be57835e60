"""DICOM that is no image of a head: screens with burned-in text, documents, structured reports, directories."""

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageDraw
from pydicom import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    UID,
    ComprehensiveSRStorage,
    EncapsulatedPDFStorage,
    JPEGBaseline8Bit,
    MediaStorageDirectoryStorage,
    SecondaryCaptureImageStorage,
)

from demo import planted, series
from demo.person import Person


def picture(person: Person) -> Image.Image:
    """A scanner's screen with the patient's name, number and birth date drawn into its pixels."""
    screen = Image.new("L", (320, 240), 0)
    pen = ImageDraw.Draw(screen)
    for row, text in enumerate((person.name.replace("^", ", "), person.patient_id, person.birth_date)):
        pen.text((8, 8 + 26 * row), text, fill=255, font_size=20)
    pen.ellipse((110, 110, 210, 230), outline=160, width=3)
    return screen


def screen(person: Person) -> Dataset:
    """A secondary capture of `picture`, as JPEG with a comment segment that names someone."""
    drawn = picture(person)
    jpeg = BytesIO()
    drawn.save(jpeg, "JPEG", quality=92, comment=person.secret("jpeg comment").encode())
    ds = _other(person, 99, "OT", "Screen Save", SecondaryCaptureImageStorage)
    values: dict[str, object] = {
        "ImageType": ["DERIVED", "SECONDARY", "SCREEN SAVE"],
        "ConversionType": "WSD",
        "LossyImageCompression": "01",
        "LossyImageCompressionRatio": 8,
        "LossyImageCompressionMethod": "ISO_10918_1",
        "SamplesPerPixel": 1,
        "PhotometricInterpretation": "MONOCHROME2",
        "Rows": drawn.height,
        "Columns": drawn.width,
        "BitsAllocated": 8,
        "BitsStored": 8,
        "HighBit": 7,
        "PixelRepresentation": 0,
        "PixelData": encapsulate([jpeg.getvalue()]),
    }
    for keyword, value in values.items():
        setattr(ds, keyword, value)
    ds["PixelData"].VR = "OB"
    ds["PixelData"].is_undefined_length = True
    return ds


def save_screen(path: Path, person: Person) -> None:
    """Write `screen`, and behind it what an archive left there."""
    trailing = planted.trailer(person)
    planted.save(screen(person), path, person, transfer_syntax=JPEGBaseline8Bit, trailing=trailing)


def document(person: Person) -> Dataset:
    """A report as an encapsulated PDF."""
    ds = _other(person, 98, "DOC", "Report", EncapsulatedPDFStorage)
    ds.ConversionType = "WSD"
    ds.DocumentTitle = person.secret("document title")
    ds.MIMETypeOfEncapsulatedDocument = "application/pdf"
    ds.EncapsulatedDocument = pdf(person.secret("encapsulated document"))
    return ds


def pdf(text: str) -> bytes:
    """A PDF without pages whose title is `text`; of even length, as DICOM wants it."""
    body = f"%PDF-1.4\n1 0 obj<</Type/Catalog/Title({text})>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n".encode()
    return body + b"\n" * (len(body) % 2)


def structured_report(person: Person) -> Dataset:
    """A structured report: content items with a person's name and free text."""
    ds = _other(person, 97, "SR", "Measurements", ComprehensiveSRStorage)
    ds.CompletionFlag, ds.VerificationFlag = "COMPLETE", "UNVERIFIED"
    ds.ValueType, ds.ContinuityOfContent = "CONTAINER", "SEPARATE"
    observer, finding = Dataset(), Dataset()
    for item, kind, meaning in ((observer, "PNAME", "Person Observer Name"), (finding, "TEXT", "Finding")):
        item.RelationshipType = "CONTAINS"
        item.ValueType = kind
        code = Dataset()
        code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = "121008", "DCM", meaning
        item.ConceptNameCodeSequence = [code]
    observer.PersonName = f"{person.secret('observer')}^M"
    finding.TextValue = f"Patient {person.secret('finding')} has a normal brain."
    ds.ContentSequence = [observer, finding]
    return ds


def save_directory(path: Path, people: Sequence[Person]) -> None:
    """Write a DICOMDIR with a record for each patient and study."""
    records = []
    for person in people:
        patient, study = Dataset(), Dataset()
        patient.DirectoryRecordType, study.DirectoryRecordType = "PATIENT", "STUDY"
        for record in (patient, study):
            record.OffsetOfTheNextDirectoryRecord = 0
            record.RecordInUseFlag = 0xFFFF
            record.OffsetOfReferencedLowerLevelDirectoryEntity = 0
        patient.PatientName, patient.PatientID = person.name, person.patient_id
        study.StudyDate, study.StudyInstanceUID = person.date, person.uid(0)
        study.StudyDescription, study.StudyID = person.secret("directory"), person.secret("study id")
        records += [patient, study]
    ds = Dataset()
    ds.SOPClassUID, ds.SOPInstanceUID = MediaStorageDirectoryStorage, people[0].uid(0, 11)
    ds.FileSetID = "EXCHANGE"
    ds.OffsetOfTheFirstDirectoryRecordOfTheRootDirectoryEntity = 0
    ds.OffsetOfTheLastDirectoryRecordOfTheRootDirectoryEntity = 0
    ds.FileSetConsistencyFlag = 0
    ds.DirectoryRecordSequence = records
    planted.save(ds, path, people[0])


def _other(person: Person, number: int, modality: str, description: str, sop_class: UID) -> Dataset:
    ds = planted.header(person, series_number=number, modality=modality, description=description)
    ds.SOPClassUID, ds.SOPInstanceUID = sop_class, person.uid(number, 1)
    ds.Manufacturer = series.MAKERS[person.vendor][0]
    ds.InstanceNumber = 1
    ds.BurnedInAnnotation = "YES"
    return ds
