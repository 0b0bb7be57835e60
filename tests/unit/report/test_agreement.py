import json

import numpy as np
import pytest

from unface.report import agreement
from unface.report.agreement import Pairs
from unface.run.files import NOT_AVAILABLE


def pairs(original: object, defaced: object, ok: object = True) -> Pairs:
    before, after = np.asarray(original, float), np.asarray(defaced, float)
    names = tuple(f"a{number:02d}_b" for number in range(len(before)))
    return Pairs("gm", "", "mL", names, before, after, np.broadcast_to(np.asarray(ok), before.shape).copy())


def test_bias_limits_and_correlation_are_those_that_bland_and_altman_published() -> None:
    # Lancet 1986;327:307-310, first readings of the large and the mini peak flow meter, in l/min.
    large = [494, 395, 516, 434, 476, 557, 413, 442, 650, 433, 417, 656, 267, 478, 178, 423, 427]
    mini = [512, 430, 520, 428, 500, 600, 364, 380, 658, 445, 432, 626, 260, 477, 259, 350, 451]
    result = agreement.agreement(pairs(large, mini))
    assert result.bias == pytest.approx(2.1, abs=0.05)
    assert (result.loa_high - result.bias) / 1.96 == pytest.approx(38.8, abs=0.05)
    assert result.r == pytest.approx(0.94, abs=0.005)


def test_the_icc_is_the_share_of_variance_between_sessions() -> None:
    random = np.random.default_rng(5)
    true = random.normal(600, 50, 500)
    icc, low, high = agreement.icc_2_1(pairs(true + random.normal(0, 25, 500), true + random.normal(0, 25, 500)))
    assert low < 50**2 / (50**2 + 25**2) < high
    assert icc == pytest.approx(0.8, abs=0.04)


def test_the_interval_of_the_icc_is_not_rounded() -> None:
    random = np.random.default_rng(1)
    original = random.normal(600, 50, 400)
    _, low, high = agreement.icc_2_1(pairs(original, original - 3 + random.normal(0, 2, 400)))
    assert low != round(low, 2)
    assert low < high < 1


def test_a_known_bias_and_its_limits_of_agreement_are_found() -> None:
    random = np.random.default_rng(1)
    original = random.normal(600, 50, 400)
    result = agreement.agreement(pairs(original, original - 3 + random.normal(0, 2, 400)), noise=1.5)
    assert result.bias_low < -3 < result.bias_high
    assert result.bias_percent_low < -0.5 < result.bias_percent_high
    assert result.loa_high - result.loa_low == pytest.approx(2 * 1.96 * 2, rel=0.1)
    assert result.icc > 0.99
    assert result.r > 0.99
    assert result.effect == pytest.approx(-2, rel=0.1)


def test_a_session_that_changed_most_is_named_as_outlier() -> None:
    random = np.random.default_rng(2)
    before = random.normal(600, 50, 20)
    after = before + random.normal(0, 1, 20)
    after[7] -= 40
    assert agreement.agreement(pairs(before, after)).outliers == ("a07_b",)


def several_sessions(random: np.random.Generator, effect: float = 0.5) -> Pairs:
    """Twenty subjects with four sessions each; what defacing does differs between subjects more than within them."""
    subjects, sessions = 20, 4
    own = np.repeat(random.normal(effect, 1, subjects), sessions)
    before = np.repeat(random.normal(600, 50, subjects), sessions)
    after = before + own + random.normal(0, 0.3, own.size)
    names = tuple(f"sub-a{number // sessions:02d}_ses-b{number % sessions}" for number in range(own.size))
    return Pairs("gm", "", "mL", names, before, after, np.ones(own.size, dtype=bool))


def test_of_ten_intervals_nine_hold_the_bias_where_subjects_have_several_sessions() -> None:
    random = np.random.default_rng(4)
    rows = [agreement.agreement(several_sessions(random)) for _ in range(100)]
    assert np.mean([row.bias_low <= 0.5 <= row.bias_high for row in rows]) >= 0.9
    assert {(row.subjects, row.sessions) for row in rows} == {(20, 80)}


def test_limits_of_agreement_hold_nineteen_of_twenty_sessions_however_many_a_subject_has() -> None:
    random = np.random.default_rng(4)
    measured = [several_sessions(random) for _ in range(50)]
    rows = [agreement.agreement(pairs) for pairs in measured]
    expected = 1.96 * np.sqrt(1 + 0.3**2)
    assert np.mean([(row.loa_high - row.loa_low) / 2 for row in rows]) == pytest.approx(expected, rel=0.05)


def test_groups_that_defacing_treats_alike_rarely_differ_where_subjects_have_several_sessions() -> None:
    random = np.random.default_rng(4)
    low = 0
    for _ in range(60):
        measured = several_sessions(random)
        groups = {"F": measured.names[:40], "M": measured.names[40:]}
        low += agreement.by_group([measured], "sex", groups, {})[0].p_groups < 0.05
    assert low / 60 <= 0.1


def test_failures_and_outliers_are_of_sessions() -> None:
    measured = several_sessions(np.random.default_rng(4))
    measured.defaced[5] -= 40
    measured.ok[5] = False
    result = agreement.agreement(measured)
    assert result.outliers == ("sub-a01_ses-b1",)
    assert (result.failed, result.failed_percent) == (1, 100 / 80)


def test_one_session_has_a_bias_and_says_what_it_cannot_tell() -> None:
    result = agreement.agreement(pairs([600], [597]))
    assert result.bias == -3
    assert "one subject" in result.note
    cells = dict(zip(agreement.DESCRIPTIONS, result.cells(), strict=True))
    assert cells["icc"] == cells["bias_low"] == cells["effect"] == NOT_AVAILABLE


def test_sessions_equal_before_and_after_agree_in_full() -> None:
    result = agreement.agreement(pairs([500, 600, 700], [500, 600, 700]))
    assert (result.icc, result.icc_low, result.icc_high, result.outliers) == (1.0, 1.0, 1.0, ())
    assert (result.bias_low, result.bias_high) == (0, 0)


def test_changes_beyond_their_limit_make_the_failure_rate() -> None:
    result = agreement.agreement(pairs([500, 600, 700, 800], [500, 600, 700, 700], [True, True, True, False]))
    assert (result.failed, result.failed_percent) == (1, 25)


def test_a_defacer_that_takes_more_from_one_group_is_seen() -> None:
    random = np.random.default_rng(3)
    before = random.normal(600, 50, 40)
    fair = pairs(before, before * (1 + random.normal(0, 0.002, 40)))
    unfair = pairs(before, np.where(np.arange(40) < 20, 0.98, 1) * fair.defaced)
    groups = {"F": fair.names[:20], "M": fair.names[20:]}
    rows = {
        kind: agreement.by_group([measured], "sex", groups, {("gm", ""): 1.0})
        for kind, measured in {"fair": fair, "unfair": unfair}.items()
    }
    assert {row.p_groups < 0.01 for row in rows["fair"]} == {False}
    assert {row.p_groups < 0.001 for row in rows["unfair"]} == {True}
    women, men = rows["unfair"]
    assert (women.group, women.sessions) == ("F", 20)
    assert women.bias_percent == pytest.approx(-2, abs=0.2)
    assert men.bias_percent == pytest.approx(0, abs=0.2)


def test_the_noise_floor_is_the_root_mean_square_of_what_moved() -> None:
    key = ("gm", "left insula")
    result = agreement.noise_floor([({key: 10.0}, {key: 13.0}), ({key: 10.0, ("wm", ""): 1}, {key: 6.0})])
    assert result == {key: pytest.approx(np.sqrt((9 + 16) / 2))}


def test_pairs_come_from_the_sessions_tables_and_of_a_session_the_first_image_counts() -> None:
    def row(measure: str, original: object, defaced: float) -> dict[str, str]:
        return {
            "measure": measure, "region": "", "unit": "mL", "original": str(original), "defaced": str(defaced),
            "ok": "true",
        }  # fmt: skip

    rows = [
        ("a", row("gm", 600, 599)),
        ("a", row("gm", 1, 1)),
        ("b", row("gm", 700, 702)),
        ("b", row("dice", "n/a", 1)),
    ]
    (result,) = agreement.pairs_of(rows)
    assert result.names == ("a", "b")
    assert result.difference.tolist() == [-1, 2]


def test_the_dictionary_is_plain_text_for_every_column() -> None:
    assert set(agreement.DESCRIPTIONS) == set(agreement.Agreement.__dataclass_fields__)
    assert json.dumps(dict(agreement.DESCRIPTIONS))
