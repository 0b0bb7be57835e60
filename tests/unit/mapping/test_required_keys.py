"""What BIDS requires of a sidecar is read from its schema."""

import pytest

from unface.mapping.required_keys import required_keys


@pytest.mark.parametrize(
    ("image", "sidecar", "required", "not_required"),
    [
        (("func", "bold"), {"RepetitionTime": 2}, {"TaskName", "RepetitionTime"}, {"VolumeTiming"}),
        (("fmap", "phasediff"), {}, {"EchoTime1", "EchoTime2"}, {"EchoTime"}),
        (("fmap", "phase1"), {}, {"EchoTime"}, set()),
        (("anat", "MP2RAGE"), {}, {"NumberShots", "RepetitionTimePreparation"}, {"TaskName"}),
        (("perf", "asl"), {"ArterialSpinLabelingType": "PCASL"}, {"LabelingDuration"}, {"BolusCutOffFlag"}),
        (("perf", "asl"), {"ArterialSpinLabelingType": "PASL"}, {"BolusCutOffFlag"}, {"LabelingDuration"}),
        (("perf", "asl"), {"MRAcquisitionType": "2D"}, {"SliceTiming"}, set()),
        (("perf", "asl"), {"MRAcquisitionType": "3D"}, {"M0Type"}, {"SliceTiming"}),
        (("pet", "pet"), {}, {"TimeZero", "TracerName"}, {"InfusionStart"}),
        (("anat", "T1w"), {}, set(), {"EchoTime"}),
    ],
)
def test_required_keys_follow_the_name_and_what_the_sidecar_says(
    image: tuple[str, str], sidecar: dict[str, object], required: set[str], not_required: set[str]
) -> None:
    keys = set(required_keys(*image, sidecar))
    assert required <= keys
    assert not not_required & keys
