from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unface.convert import perfusion, sidecars
from unface.convert.acquisitions import Target
from unface.convert.dcm2niix import Image
from unface.convert.nifti_headers import Geometry

TEXT = st.text(max_size=20)


@given(st.dictionaries(TEXT, st.one_of(TEXT, st.integers(), st.lists(TEXT))))
def test_only_keys_of_the_allow_list_come_through(sidecar: dict[str, object]) -> None:
    assert set(sidecars.cleaned(sidecar)) <= sidecars.allowed_keys()


def test_keys_that_identify_people_places_devices_or_times_are_not_on_the_list() -> None:
    leaks = {
        *("PatientName", "PatientID", "PatientSex", "InstitutionName", "InstitutionAddress", "StationName"),
        *("DeviceSerialNumber", "StudyDescription", "ProcedureStepDescription", "SeriesDescription", "ProtocolName"),
        *("ImageComments", "WipMemBlock", "PulseSequenceDetails", "CoilString", "AcquisitionTime", "ShimSetting"),
        *("TxRefAmp", "ImagingFrequency", "ConsistencyInfo", "SeriesInstanceUID", "AcquisitionDateTime", "BidsGuess"),
    }
    assert not leaks & sidecars.allowed_keys()


def test_values_that_look_like_identifiers_or_say_nothing_go() -> None:
    kept = sidecars.cleaned(
        {
            "SequenceName": "scan of 20210304",
            "ReceiveCoilName": "DOE^JANE",
            "ScanOptions": "1.3.12.2.1107.5.2.43",
            "BodyPart": "REMOVED",
            "Manufacturer": "Siemens",
            "SoftwareVersions": "5.7.1.1.2.3.4",
            "EchoTime": 0.03,
        }
    )
    assert kept == {"Manufacturer": "Siemens", "SoftwareVersions": "5.7.1.1.2.3.4", "EchoTime": 0.03}


@pytest.mark.parametrize(
    ("key", "value", "kept"),
    [
        ("BodyPart", "Brain of Jane Doe", "Brain"),
        ("TracerName", "FDG (order Quillfeather)", "FDG"),
        ("TracerName", "Quillfeather", None),
        ("ReconMethodName", "OSEM3D", "OSEM3D"),
        ("ReconMethodName", ["OSEM3D", "Oglethwaite"], None),
        ("ReceiveCoilName", "HeadNeck_64", "HeadNeck_64"),
        ("ReceiveCoilName", "Oglethwaite Head_32", "Head_32"),
        ("SequenceName", "*tfl3d1_16ns", "*tfl3d1_16ns"),
    ],
)
def test_free_text_keeps_the_words_of_a_vocabulary(key: str, value: object, kept: object) -> None:
    assert sidecars.cleaned({key: value}).get(key) == kept


def test_slice_times_beyond_the_repetition_time_go() -> None:
    assert "SliceTiming" not in sidecars.cleaned({"SliceTiming": [0, 52.0], "RepetitionTime": 0.4})
    assert "SliceTiming" in sidecars.cleaned({"SliceTiming": [0, 0.2], "RepetitionTime": 0.4})


def asl(volumes: int, **sidecar: object) -> Target:
    image = Image(None, {}, "magnitude", None)  # type: ignore[arg-type]
    return Target(image, "perf", "asl", {}, sidecar, Geometry((4, 4, 4, volumes), "LPS"), stem="sub-a/ses-b/perf/x_asl")


def test_the_context_of_a_rule_is_repeated_to_the_end_of_the_image() -> None:
    assert perfusion.context(asl(5, ASLContext=["m0scan", "control", "label"])) == [
        *("m0scan", "control", "label", "control", "label")
    ]


def test_a_context_that_does_not_fit_the_image_is_none() -> None:
    assert perfusion.context(asl(4, ASLContext=["m0scan", "control", "label"])) is None
    assert perfusion.context(asl(4, ASLContext=["before", "after"])) is None
    assert perfusion.context(asl(4)) is None


def test_an_m0_scan_of_its_own_names_the_perfusion_images_that_it_calibrates() -> None:
    image, alone = asl(4), asl(1)
    m0 = replace(asl(1), suffix="m0scan", sidecar={})
    perfusion.link([m0, image])
    assert m0.sidecar["IntendedFor"] == [f"bids::{image.stem}.nii.gz"]
    lonely = replace(alone, suffix="m0scan", sidecar={})
    perfusion.link([lonely])
    assert "IntendedFor" not in lonely.sidecar


@pytest.mark.parametrize("value", [float("nan"), float("inf"), None, [1.0, float("nan")], [[None]]])
def test_what_json_has_no_number_for_says_nothing(value: object) -> None:
    assert sidecars.cleaned({"EchoTime": value, "FlipAngle": 9}) == {"FlipAngle": 9}


@pytest.mark.parametrize("timing", [3, "0", ["0", "1"], [0, 2], {"0": 1}])
def test_a_slice_timing_that_is_none_goes(timing: object) -> None:
    assert sidecars.cleaned({"SliceTiming": timing, "RepetitionTime": 2}) == {"RepetitionTime": 2}
