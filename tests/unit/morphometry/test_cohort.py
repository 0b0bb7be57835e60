from pathlib import Path

import numpy as np
import pytest

from unface.morphometry import cohort, tables
from unface.morphometry.agreement import AGREEMENT
from unface.morphometry.agreement import COLUMNS as AGREEMENT_COLUMNS

SHROUT_AND_FLEISS = np.array(
    [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]], float
)
"""Psychol Bull 1979;86:420-428, table 2: their ICC(2,1) is 0.29."""


def _names(count: int) -> list[str]:
    return [f"a{number:02d}_b" for number in range(count)]


def test_the_icc_is_that_of_shrout_and_fleiss() -> None:
    icc, low, high = cohort.icc_2_1(SHROUT_AND_FLEISS)
    assert icc == pytest.approx(0.29, abs=0.005)
    # The interval that R's psych::ICC gives for these data.
    assert (low, high) == pytest.approx((0.019, 0.761), abs=0.002)


def test_a_known_bias_and_its_limits_of_agreement_are_found() -> None:
    random = np.random.default_rng(1)
    original = random.normal(600, 50, 400)
    found = cohort.agreement("gm", "", "mL", _names(400), np.c_[original, original - 3 + random.normal(0, 2, 400)])
    assert found.bias_low < -3 < found.bias_high
    assert found.loa_high - found.loa_low == pytest.approx(2 * 1.96 * 2, rel=0.1)
    assert found.icc > 0.99
    assert found.r > 0.99


def test_a_session_that_changed_most_is_named_as_outlier() -> None:
    random = np.random.default_rng(2)
    pairs = np.c_[random.normal(600, 50, 20), np.zeros(20)]
    pairs[:, 1] = pairs[:, 0] + random.normal(0, 1, 20)
    pairs[7, 1] -= 40
    assert cohort.agreement("gm", "", "mL", _names(20), pairs).outliers == ("a07_b",)


def test_one_session_has_a_bias_and_says_what_it_cannot_tell() -> None:
    found = cohort.agreement("gm", "", "mL", ["a_b"], np.array([[600.0, 597.0]]))
    assert found.bias == -3
    assert "one session" in found.note
    assert found.cells()[cohort.COLUMNS.index("icc")] == tables.NOT_AVAILABLE


def test_sessions_equal_before_and_after_agree_in_full() -> None:
    values = np.array([500.0, 600.0, 700.0])
    found = cohort.agreement("gm", "", "mL", _names(3), np.c_[values, values])
    assert (found.icc, found.icc_low, found.icc_high, found.outliers) == (1.0, 1.0, 1.0, ())


def test_the_table_of_a_cohort_comes_from_its_sessions_and_leaves_withheld_ones_out(tmp_path: Path) -> None:
    for name, defaced in (("a_b", 599.0), ("c_d", 702.0)):
        (tmp_path / name).mkdir()
        rows = [
            ("sub-a_T1w.nii.gz", "gm", "", "mL", 600.0, defaced, 0, 0, 2, "true"),
            ("sub-a_T1w.nii.gz", "dice_gm", "", "ratio", tables.NOT_AVAILABLE, 0.99, "n/a", "n/a", 0.95, "true"),
        ]
        tables.write(tmp_path / name / AGREEMENT, AGREEMENT_COLUMNS, rows)
    (tmp_path / "withheld").mkdir()
    found = cohort.agreement_of({name: tmp_path / name for name in ("a_b", "c_d", "withheld")})
    assert [(row.measure, row.sessions, row.bias) for row in found] == [("gm", 2, 50.5)]
    cohort.write(tmp_path / "cohort.tsv", found)
    assert tables.read(tmp_path / "cohort.tsv")[0]["sessions"] == "2"


def test_every_column_of_the_cohort_table_is_described() -> None:
    assert set(cohort.DESCRIPTIONS) == set(cohort.COLUMNS)
