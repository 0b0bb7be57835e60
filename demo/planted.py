"""DICOM data sets with identifiers planted in every place where a scanner or an archive puts them.

One builder for the demo cohort and for the tests. Each planted string occurs once in the world: it names nobody, and
the place that it was planted in can be told from it.
"""

import struct
from io import BytesIO
from pathlib import Path

from pydicom import DataElement, Dataset, FileMetaDataset, Sequence, dcmwrite
from pydicom.dataelem import RawDataElement
from pydicom.tag import Tag
from pydicom.uid import UID, ExplicitVRLittleEndian, MRImageStorage

from demo.person import Person


def header(person: Person, *, series_number: int = 1, modality: str = "MR", description: str = "t1_mprage") -> Dataset:
    """The public part of a data set: about 120 elements, each that may hold an identifier holds one."""
    ds = Dataset()
    _who(ds, person)
    _study(ds, person)
    _series(ds, person, series_number, modality, description)
    _sequences(ds, person)
    return ds


def _put(ds: Dataset, **values: object) -> None:
    for keyword, value in values.items():
        setattr(ds, keyword, value)


def _item(**values: object) -> Dataset:
    item = Dataset()
    _put(item, **values)
    return item


def _who(ds: Dataset, person: Person) -> None:
    secret = person.secret
    _put(
        ds,
        PatientName=person.name,
        PatientID=person.patient_id,
        IssuerOfPatientID=secret("issuer of patient id"),
        PatientBirthDate=person.birth_date,
        PatientBirthTime="031500",
        PatientSex=person.sex,
        PatientAge=f"{person.age:03d}Y",
        PatientSize="1.71",
        PatientWeight="72.5",
        OtherPatientNames=f"{secret('other patient name')}^{person.given_name}",
        PatientBirthName=secret("birth name"),
        PatientMotherBirthName=secret("mother's birth name"),
        MilitaryRank=secret("military rank"),
        PatientAddress=f"12 {secret('street')} Lane",
        PatientTelephoneNumbers=secret("telephone"),
        CountryOfResidence=secret("country"),
        RegionOfResidence=secret("region"),
        EthnicGroup="N1",
        Occupation=secret("occupation"),
        PatientReligiousPreference=secret("religion"),
        MedicalRecordLocator=secret("record locator"),
        AdditionalPatientHistory=f"Seen by Dr {secret('history')} since {person.date}",
        PatientComments=f"Prefers mornings, call {secret('patient comments')}",
        Allergies=f"penicillin, {secret('allergies')}",
        SmokingStatus="NO",
        PregnancyStatus=4,
        LastMenstrualDate=person.date,
        OtherPatientIDsSequence=Sequence(
            [
                _item(
                    PatientID=secret("other patient id"),
                    TypeOfPatientID="TEXT",
                    IssuerOfPatientID=secret("other issuer"),
                )
            ]
        ),
        ResponsiblePerson=f"{secret('responsible person')}^Kin",
        ResponsiblePersonRole="PARENT",
        ResponsibleOrganization=secret("responsible organization"),
    )


def _study(ds: Dataset, person: Person) -> None:
    secret = person.secret
    _put(
        ds,
        SpecificCharacterSet="ISO_IR 100",
        InstanceCreatorUID=person.uid(0, 7),
        StudyDate=person.date,
        StudyTime="093412.387000",
        AccessionNumber=secret("accession number"),
        StudyID=secret("study id"),
        StudyInstanceUID=person.planted("study uid", person.uid(0)),
        StudyDescription=f"Brain {secret('study description')}",
        ReferringPhysicianName=f"{secret('referring physician')}^A",
        ReferringPhysicianAddress=secret("physician's address"),
        ConsultingPhysicianName=f"{secret('consulting physician')}^B",
        PerformingPhysicianName=f"{secret('performing physician')}^C",
        NameOfPhysiciansReadingStudy=f"{secret('reading physician')}^D",
        PhysiciansOfRecord=f"{secret('physician of record')}^E",
        OperatorsName=f"{secret('operator')}^F",
        InstitutionName=f"Hospital {secret('institution')}",
        InstitutionAddress=f"3 {secret('institution address')} Street",
        InstitutionalDepartmentName=secret("department"),
        StationName=secret("station"),
        AdmittingDiagnosesDescription=secret("diagnosis"),
        AdmissionID=secret("admission id"),
        AdmittingDate=person.date,
        CurrentPatientLocation=secret("ward"),
        PatientState=secret("patient state"),
        VisitComments=secret("visit comments"),
        RequestingPhysician=f"{secret('requesting physician')}^G",
        RequestingService=secret("requesting service"),
        RequestedProcedureDescription=secret("requested procedure"),
        RequestedProcedureComments=secret("procedure comments"),
        PerformedProcedureStepID=f"MR{person.date}",
        PerformedProcedureStepDescription=secret("procedure step"),
        PerformedProcedureStepStartDate=person.date,
        PerformedProcedureStepStartTime="093412.450000",
        PerformedStationAETitle=secret("station ae title"),
        PerformedLocation=secret("location"),
        CommentsOnThePerformedProcedureStep=secret("step comments"),
        TimezoneOffsetFromUTC="+0100",
        DateOfSecondaryCapture=person.date,
    )


def _series(ds: Dataset, person: Person, series_number: int, modality: str, description: str) -> None:
    secret = person.secret
    clock = f"{9 + series_number // 12:02d}{5 * (series_number % 12):02d}"
    _put(
        ds,
        Modality=modality,
        SeriesNumber=series_number,
        SeriesInstanceUID=person.planted(f"series uid {person.date} {series_number}", person.uid(series_number)),
        FrameOfReferenceUID=person.uid(0, 1),
        SynchronizationFrameOfReferenceUID=person.uid(0, 2),
        SeriesDescription=description,
        ProtocolName=description,
        SeriesDate=person.date,
        SeriesTime=f"{clock}07.210000",
        AcquisitionDate=person.date,
        AcquisitionTime=f"{clock}10.330000",
        AcquisitionDateTime=f"{person.date}{clock}10.330000+0100",
        ContentDate=person.date,
        ContentTime=f"{clock}59.120000",
        InstanceCreationDate=person.date,
        InstanceCreationTime=f"{clock}59.640000",
        DeviceSerialNumber=person.serial,
        DeviceUID=person.uid(0, 3),
        DeviceID=secret("device id"),
        PlateID=secret("plate id"),
        GantryID=secret("gantry id"),
        DateOfLastCalibration=person.date,
        TimeOfLastCalibration="054500",
        BodyPartExamined="BRAIN",
        PatientPosition="HFS",
        ImageComments=f"moved a little, {secret('image comments')}",
        AcquisitionComments=secret("acquisition comments"),
        DerivationDescription=secret("derivation description"),
        RequestedContrastAgent=secret("requested contrast agent"),
        PositionReferenceIndicator="",
    )


def _sequences(ds: Dataset, person: Person) -> None:
    secret = person.secret
    code = _item(CodeValue="MRBRN", CodingSchemeDesignator="99LOCAL", CodeMeaning=f"Brain for {secret('code meaning')}")
    ds.ProcedureCodeSequence = Sequence([code])
    ds.PerformedProtocolCodeSequence = Sequence(
        [_item(CodeValue="P1", CodingSchemeDesignator="99LOCAL", CodeMeaning=secret("nested code meaning"))]
    )
    ds.RequestAttributesSequence = Sequence(
        [
            _item(
                AccessionNumber=secret("request's accession number"),
                ReferencedStudySequence=Sequence(
                    [
                        _item(
                            ReferencedSOPClassUID="1.2.840.10008.3.1.2.3.1",
                            ReferencedSOPInstanceUID=person.uid(0, 4),
                        )
                    ]
                ),
                RequestedProcedureID=secret("requested procedure id"),
                RequestedProcedureDescription=secret("request's description"),
                ScheduledProcedureStepID=secret("scheduled step id"),
                ScheduledProcedureStepDescription=secret("scheduled step"),
            )
        ]
    )
    ds.ReferencedStudySequence = Sequence(
        [_item(ReferencedSOPClassUID="1.2.840.10008.3.1.2.3.1", ReferencedSOPInstanceUID=person.uid(0, 4))]
    )
    ds.ReferencedPerformedProcedureStepSequence = Sequence(
        [_item(ReferencedSOPClassUID="1.2.840.10008.3.1.2.3.3", ReferencedSOPInstanceUID=person.uid(0, 5))]
    )
    ds.ReferencedImageSequence = Sequence(
        [_item(ReferencedSOPClassUID=MRImageStorage, ReferencedSOPInstanceUID=person.uid(1, 1))]
    )
    ds.OriginalAttributesSequence = Sequence(
        [
            _item(
                AttributeModificationDateTime=f"{person.date}120000",
                ModifyingSystem=secret("modifying system"),
                SourceOfPreviousValues=secret("previous source"),
                ReasonForTheAttributeModification="CORRECT",
                ModifiedAttributesSequence=Sequence(
                    [_item(PatientName=f"{secret('former name')}^H", PatientID=secret("former patient id"))]
                ),
            )
        ]
    )
    ds.OperatorIdentificationSequence = Sequence(
        [
            _item(
                InstitutionName=secret("operator's institution"),
                PersonIdentificationCodeSequence=Sequence(
                    [_item(CodeValue="OP1", CodingSchemeDesignator="99LOCAL", CodeMeaning=secret("operator's code"))]
                ),
            )
        ]
    )


def plant_rarities(ds: Dataset, person: Person, *, descriptors: bool = True) -> None:
    """The places off the beaten track: overlays, curves, icons, signatures, encrypted attributes, UN, padding.

    With `descriptors` also those that mapping rules read: contrast agent, sequence name, series description.
    """
    secret = person.secret
    if descriptors:
        ds.ContrastBolusAgent = f"Gadovist {secret('contrast agent')}"
        # Outside Table E.1-1: only a search for the subject's own values can find it there.
        ds.SequenceName = person.patient_id
        ds.SeriesDescription = f"{ds.SeriesDescription} {secret('series description')}"
    _add(ds, 0x60000010, "US", 8)
    _add(ds, 0x60000011, "US", 8)
    _add(ds, 0x60000022, "LO", secret("overlay description"))
    _add(ds, 0x60000040, "CS", "G")
    _add(ds, 0x60000050, "SS", [1, 1])
    _add(ds, 0x60000100, "US", 1)
    _add(ds, 0x60000102, "US", 0)
    _add(ds, 0x60001500, "LO", secret("overlay label"))
    _add(ds, 0x60003000, "OW", secret("overlay data").encode())
    _add(ds, 0x60004000, "LT", secret("overlay comments"))
    _add(ds, 0x50000005, "US", 1)
    _add(ds, 0x50000010, "US", 6)
    _add(ds, 0x50000022, "LO", secret("curve description"))
    _add(ds, 0x50003000, "OW", secret("curve data").encode())
    ds.IconImageSequence = Sequence(
        [
            _item(
                SamplesPerPixel=1,
                PhotometricInterpretation="MONOCHROME2",
                Rows=4,
                Columns=4,
                BitsAllocated=8,
                BitsStored=8,
                HighBit=7,
                PixelRepresentation=0,
            )
        ]
    )
    _add(ds.IconImageSequence[0], 0x7FE00010, "OW", secret("icon").encode().ljust(16, b"\0"))
    ds.EncryptedAttributesSequence = Sequence(
        [_item(EncryptedContentTransferSyntaxUID=ExplicitVRLittleEndian, EncryptedContent=secret("encrypted").encode())]
    )
    signature = _item(
        MACIDNumber=1,
        DigitalSignatureUID=person.uid(0, 6),
        DigitalSignatureDateTime=f"{person.date}130000",
        CertificateType="X509_1993_SIG",
        CertificateOfSigner=secret("certificate").encode(),
        Signature=secret("signature").encode(),
    )
    ds.DigitalSignaturesSequence = Sequence([signature])
    # A standard sequence and private elements that an archive wrote as UN: sequences in implicit VR (PS3.5 6.2.2).
    held = _item(ReferencedSOPClassUID=MRImageStorage, PatientName=secret("UN sequence"))
    _add_unknown(ds, 0x00081120, _implicit_item(held))
    _add(ds, 0x00130010, "LO", "CTP")
    _add_unknown(ds, 0x00131010, secret("UN element").encode())
    _add_unknown(ds, 0x00131011, _implicit_item(_item(PatientName=secret("private UN sequence"))))
    _add(ds, 0x00131012, "LO", f"{secret('private LO')} {person.date}")
    _add(
        ds,
        0x00131013,
        "SQ",
        Sequence([_item(PatientName=f"{secret('private sequence')}^J", PatientID=person.patient_id)]),
    )
    _add(ds, 0xFFFCFFFC, "OB", secret("padding").encode())


def _add(ds: Dataset, tag: int, vr: str, value: object) -> None:
    ds.add(DataElement(Tag(tag), vr, value))


def _add_unknown(ds: Dataset, tag: int, content: bytes) -> None:
    """An element of VR UN; raw, as pydicom would turn a known one into what it is."""
    ds[tag] = RawDataElement(Tag(tag), "UN", len(content), content, 0, False, True)


def _implicit_item(item: Dataset) -> bytes:
    """One sequence item, coded in implicit VR little endian with a defined length."""
    buffer = BytesIO()
    dcmwrite(buffer, item, implicit_vr=True, little_endian=True)
    content = buffer.getvalue()
    return struct.pack("<HHI", 0xFFFE, 0xE000, len(content)) + content


def file_meta(person: Person, ds: Dataset, transfer_syntax: str) -> FileMetaDataset:
    """File meta information with the application's title and private information in it."""
    meta = FileMetaDataset()
    meta.FileMetaInformationVersion = b"\0\1"
    meta.MediaStorageSOPClassUID = ds.SOPClassUID
    meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    meta.TransferSyntaxUID = UID(transfer_syntax)
    meta.ImplementationClassUID = UID("1.2.276.0.7230010.3.0.3.6.7")
    meta.ImplementationVersionName = "OFFIS_DCMTK_367"
    meta.SourceApplicationEntityTitle = person.secret("source ae title")
    meta.PrivateInformationCreatorUID = UID("1.2.826.0.1.3680043.2.1143.77")
    meta.PrivateInformation = person.secret("private file meta").encode()
    return meta


def preamble(person: Person) -> bytes:
    """128 bytes, as application profiles of their own use them (PS3.10 7.1), with a name inside."""
    return b"II*\0" + person.secret("preamble").encode().ljust(124, b"\0")


def trailer(person: Person) -> bytes:
    """What an archive left behind the data set."""
    return person.secret("after the data set").encode().ljust(32, b"\0")


def save(
    ds: Dataset,
    path: Path,
    person: Person,
    *,
    transfer_syntax: str = ExplicitVRLittleEndian,
    trailing: bytes = b"",
) -> None:
    """Write a data set as a file with preamble and meta information of its own."""
    ds.file_meta = file_meta(person, ds, transfer_syntax)
    ds.preamble = preamble(person)
    path.parent.mkdir(parents=True, exist_ok=True)
    buffer = BytesIO()
    dcmwrite(buffer, ds, enforce_file_format=True)
    path.write_bytes(buffer.getvalue() + trailing)
