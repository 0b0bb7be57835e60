"""What headers tell of missing slices, volumes and series, without any scanner's data."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from tests.support.dicom_bytes import small, written
from unface.convert.acquisitions import Acquisition
from unface.convert.completeness import missing
from unface.convert.nifti_headers import Geometry
from unface.inventory.records import RawFile, Series
from unface.mapping.rules import Match

EXPLICIT = "1.2.840.10008.1.2.1"


@pytest.fixture
def said(tmp_path: Path) -> Callable[..., str]:
    """What is missing of an acquisition whose series have files of these instance numbers."""

    def of(
        *numbers: Iterable[int | None],
        fields: dict[str, Any] | None = None,
        of_series: dict[str, Any] | None = None,
        series_numbers: Iterable[Any] | None = None,
        volumes: Iterable[int] = (),
        datatype: str = "func",
    ) -> str:
        folders, series = [], []
        names = list(series_numbers or range(1, len(numbers) + 1))
        for place, one in enumerate(numbers):
            folder = tmp_path / f"s{place}"
            folder.mkdir()
            for count, number in enumerate(one):
                given = {} if number is None else {"InstanceNumber": str(number)}
                (folder / f"{count:04d}.dcm").write_bytes(written(small(**given), EXPLICIT))
            folders.append(folder)
            files = tuple(RawFile(file.name, 1, 1) for file in sorted(folder.iterdir()))
            known = {"SeriesNumber": names[place], **(of_series or {})}
            series.append(Series(f"s{place}", "g001", known, files))
        shapes = tuple(Geometry((4, 4, 4, count) if count > 1 else (4, 4, 4), "LPS") for count in volumes)
        match = Match("mapped", datatype=datatype)
        return missing(Acquisition("g001", tuple(series), fields or {}, match, shapes=shapes), folders)[0]

    return of


Said = Callable[..., str]


def test_of_whole_acquisitions_nothing_is_missing(said: Said) -> None:
    assert said([1, 2, 3, 4], of_series={"Slices": 2}, volumes=[2], fields={"NumberOfTemporalPositions": 2}) == ""


def test_an_acquisition_without_files_or_numbers_tells_nothing(said: Said) -> None:
    assert said([None, None], [3, None], volumes=[1]) == ""


@pytest.mark.parametrize(
    ("numbers", "lost"), [([1, 3], "1 of 3"), ([1, 2, 6], "3 of 6"), ([4, 5, 7], "1 of 4"), ([1, 2], "")]
)
def test_a_number_that_is_skipped_is_an_image_that_is_missing(said: Said, numbers: list[int], lost: str) -> None:
    sentence = said(numbers, fields={"ImageType": ["DERIVED"]})
    assert sentence.startswith(lost)
    assert bool(sentence) is bool(lost)


def test_a_gap_in_the_last_of_several_series_is_found(said: Said) -> None:
    assert "1 of 3" in said([1, 2], [1, 3])


def test_numbers_that_images_share_are_no_gap(said: Said) -> None:
    assert said([1, 1, 2, 2]) == ""


@pytest.mark.parametrize(("first", "lost"), [(1, ""), (0, ""), (2, "the first 1 "), (5, "the first 4 ")])
def test_a_scanner_counts_from_one(said: Said, first: int, lost: str) -> None:
    sentence = said([first, first + 1])
    assert sentence.startswith(lost)
    assert bool(sentence) is bool(lost)


def test_what_a_scanner_derives_may_go_on_counting_and_so_may_the_second_part(said: Said) -> None:
    assert said([5, 6], fields={"ImageType": ["DERIVED", "PRIMARY"]}) == ""


def test_the_second_part_of_an_acquisition_may_go_on_counting(said: Said) -> None:
    assert said([1, 2], [3, 4]) == ""


def test_a_part_without_numbers_hides_where_counting_began(said: Said) -> None:
    assert said([3, 4], [None, None]) == ""


def test_an_image_alone_may_have_any_number(said: Said) -> None:
    assert said([7]) == ""


def test_two_images_in_two_series_have_to_begin_at_one(said: Said) -> None:
    assert said([2], [2]).startswith("the first 1 ")


@pytest.mark.parametrize(
    ("images", "of_series", "whole"),
    [
        (4, {"Slices": 2}, True),
        (5, {"Slices": 2}, False),
        (5, {"Slices": 3}, False),
        (5, {"Slices": 1}, True),
        (5, {"Slices": [2, 3]}, True),
        (5, {}, True),
        (5, {"Slices": 2, "NumberOfFrames": 40}, True),
        (5, {"Slices": 2, "ImageType": ["ORIGINAL", "MOSAIC"]}, True),
        (5, {"Slices": 2, "ImageType": ["ORIGINAL"]}, False),
    ],
)
def test_classic_images_fill_whole_volumes(said: Said, images: int, of_series: dict[str, Any], *, whole: bool) -> None:
    sentence = said(range(1, images + 1), of_series=of_series)
    assert (sentence == "") is whole
    assert whole or f"{images} images" in sentence


def test_a_broken_volume_of_any_series_is_found(said: Said) -> None:
    assert "3 images" in said([1, 2, 3, 4], [1, 2, 3], of_series={"Slices": 2})


@pytest.mark.parametrize(
    ("series", "lost"),
    [
        ([7, 8, 9], ""),
        ([7, 9], "1 of the 3"),
        ([9, 7, 4], "3 of the 6"),
        ([7, 7], ""),
        ([7, None], ""),
        ([7, [9, 10]], ""),
    ],
)
def test_series_that_one_acquisition_was_exported_as_are_numbered_without_a_gap(
    said: Said, series: list[Any], lost: str
) -> None:
    sentence = said(*([1, 2] for _ in series), series_numbers=series)
    assert sentence.startswith(lost)
    assert bool(sentence) is bool(lost)


def test_one_series_may_have_any_number(said: Said) -> None:
    assert said([1, 2], series_numbers=[42]) == ""


@pytest.mark.parametrize(
    ("volumes", "announced", "lost"),
    [
        ([3], 3, ""),
        ([3], 4, "3 of 4"),
        ([3], 2, ""),
        ([3], None, ""),
        ([3], 0, ""),
        ([3], ["", 4], "3 of 4"),
        ([3], "many", ""),
        ([3, 3], None, ""),
        ([3, 2], None, "2 of 3"),
        ([1, 2], None, "1 of 2"),
        ([], 4, ""),
    ],
)
def test_a_run_has_the_volumes_that_its_header_announces_and_every_echo_as_many(
    said: Said, volumes: list[int], announced: Any, lost: str
) -> None:
    sentence = said([1, 2], volumes=volumes, fields={"NumberOfTemporalPositions": announced})
    assert sentence.startswith(lost)
    assert bool(sentence) is bool(lost)


@pytest.mark.parametrize(("datatype", "counts"), [("func", True), ("dwi", True), ("perf", True), ("anat", False)])
def test_only_series_of_volumes_announce_how_many(said: Said, datatype: str, *, counts: bool) -> None:
    sentence = said([1, 2], volumes=[3], fields={"NumberOfTemporalPositions": 4}, datatype=datatype)
    assert bool(sentence) is counts


@pytest.mark.parametrize(
    ("volumes", "sentence"), [([4], "of 8 volumes the conversion left 4"), ([4, 4], ""), ([8], "")]
)
def test_a_conversion_that_leaves_fewer_volumes_than_it_got_has_lost_some(
    said: Said, volumes: list[int], sentence: str
) -> None:
    assert said([1], volumes=volumes, fields={"Volumes": 8}, datatype="anat") == sentence


PLACES = [1, 3, 4, 5, 7, 8, 9, 11, 12]
"""Three slices with four places each, of which the second is used by none."""


@pytest.mark.parametrize(
    ("numbers", "maker", "datatype", "whole"),
    [
        (PLACES, "Philips Medical Systems", "dwi", True),
        ([number for number in range(1, 13) if number % 4 != 1], "Philips", "dwi", True),
        (PLACES[:-1], "Philips", "dwi", False),
        ([*PLACES[:-1], 10], "Philips", "dwi", False),
        (PLACES, "SIEMENS", "dwi", False),
        (PLACES, "Philips", "func", False),
    ],
)
def test_philips_keeps_places_for_volumes_that_it_does_not_take_in_diffusion(
    said: Said, numbers: list[int], maker: str, datatype: str, *, whole: bool
) -> None:
    assert (said(numbers, fields={"Manufacturer": maker, "Slices": 3}, datatype=datatype) == "") is whole


@pytest.mark.parametrize(
    ("numbers", "kind", "whole"),
    [([1, 5, 9], "MOSAIC", True), ([1, 5, 10], "MOSAIC", False), ([1, 5, 9], "M", False), ([2, 6], "MOSAIC", False)],
)
def test_mosaics_may_be_counted_by_their_slices(said: Said, numbers: list[int], kind: str, *, whole: bool) -> None:
    assert (said(numbers, fields={"ImageType": ["ORIGINAL", kind]}, volumes=[3]) == "") is whole
