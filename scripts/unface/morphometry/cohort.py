"""What defacing did to the measures of a cohort: bias, limits of agreement, reliability, failures, outliers."""

import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isnan, nan

import numpy as np
import pandas as pd
import pingouin
from numpy.typing import NDArray
from scipy import stats

from unface.files import NOT_AVAILABLE

pingouin.options["round.column.CI95"] = None

OUTLIER_Z = 3.5
"""Of the robust z, as Iglewicz and Hoaglin (1993) advise."""
DESCRIPTIONS: Mapping[str, str] = {
    "grouping": "What the sessions are grouped by: site, scanner, sex or age; `all` for the whole cohort.",
    "group": "The group; n/a for the whole cohort.",
    "measure": "What was measured; see docs/morphometry.md.",
    "region": "Region of the brain; empty for the whole.",
    "unit": "Unit of mean_original, bias, limits of agreement and noise.",
    "sessions": "Sessions with this measure before and after defacing; of a session the first T1w image counts.",
    "mean_original": "Mean over sessions before defacing.",
    "bias": "Mean of defaced minus original. Nearer to zero is better.",
    "bias_low": "Lower end of the bias's 95 % confidence interval (paired t).",
    "bias_high": "Upper end of it.",
    "bias_percent": "Mean of the sessions' changes in percent of their original.",
    "bias_percent_low": "Lower end of its 95 % confidence interval (t).",
    "bias_percent_high": "Upper end of it.",
    "loa_low": "Lower 95 % limit of agreement: bias - 1.96 SD (Bland and Altman 1986).",
    "loa_high": "Upper 95 % limit of agreement.",
    "icc": "Intraclass correlation, two-way random, single measurement, absolute agreement: ICC(2,1). 1 is best.",
    "icc_low": "Lower end of its 95 % confidence interval (McGraw and Wong 1996).",
    "icc_high": "Upper end of it.",
    "r": "Pearson's correlation of original and defaced over sessions.",
    "noise": "Noise floor: root mean square change when the original is moved by half a voxel, over a sample.",
    "effect": "bias / noise. Between -1 and 1 defacing changes less than half a voxel of position does.",
    "failed": "Sessions whose change is beyond its limit.",
    "failed_percent": "failed in percent of sessions.",
    "p_groups": "Kruskal-Wallis test of the change in percent between the groups of this grouping, Holm-corrected over "
    "its measures. Small: defacing does not treat the groups alike.",
    "outliers": "Sessions whose change has a robust z beyond 3.5, joined by semicolons.",
    "note": "What could not be computed and why.",
}
"""The data dictionary of the cohort's table; its columns."""


@dataclass(frozen=True)
class Pairs:
    """One measure of many sessions, before and after defacing: element i of every field is one session.

    `ok` : whether the change is within its limit.
    """

    measure: str
    region: str
    unit: str
    names: tuple[str, ...]
    original: NDArray[np.float64]
    defaced: NDArray[np.float64]
    ok: NDArray[np.bool_]

    @property
    def key(self) -> tuple[str, str]:
        return self.measure, self.region

    @property
    def difference(self) -> NDArray[np.float64]:
        """Defaced minus original, in `unit`."""
        return self.defaced - self.original

    @property
    def percent(self) -> NDArray[np.float64]:
        """Change in percent of the original; NaN where that is zero."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(self.original != 0, 100 * self.difference / self.original, nan)

    def of(self, names: Iterable[str]) -> "Pairs":
        """Those of some sessions."""
        wanted = set(names)
        chosen = np.array([name in wanted for name in self.names], dtype=bool)
        kept = tuple(name for name in self.names if name in wanted)
        return Pairs(
            self.measure,
            self.region,
            self.unit,
            kept,
            self.original[chosen],
            self.defaced[chosen],
            self.ok[chosen],
        )


@dataclass(frozen=True)
class Agreement:
    """Agreement of one measure over sessions, as `DESCRIPTIONS` says; NaN for what so few sessions do not tell."""

    grouping: str
    group: str
    measure: str
    region: str
    unit: str
    sessions: int
    mean_original: float
    bias: float
    bias_low: float
    bias_high: float
    bias_percent: float
    bias_percent_low: float
    bias_percent_high: float
    loa_low: float
    loa_high: float
    icc: float
    icc_low: float
    icc_high: float
    r: float
    noise: float
    effect: float
    failed: int
    failed_percent: float
    p_groups: float
    outliers: tuple[str, ...]
    note: str

    @property
    def key(self) -> tuple[str, str]:
        return self.measure, self.region

    def cells(self) -> tuple[str, ...]:
        return tuple(_cell(getattr(self, column)) for column in DESCRIPTIONS)


def _cell(value: object) -> str:
    if isinstance(value, float):
        return NOT_AVAILABLE if isnan(value) else f"{value:.6g}"
    return ";".join(value) if isinstance(value, tuple) else str(value)


def pairs_of(rows: Iterable[tuple[str, Mapping[str, str]]]) -> list[Pairs]:
    """The measures of a cohort, in the tables' order.

    Parameters
    ----------
    rows
        A session's name (a pseudonym) and one row of its `agreement.tsv`, for each row of each session. Overlaps have
        no pair and are left out; of several images of one session the first counts.
    """
    found: dict[tuple[str, str, str], dict[str, tuple[float, float, bool]]] = {}
    for name, row in rows:
        if row["original"] != NOT_AVAILABLE:
            values = float(row["original"]), float(row["defaced"]), row["ok"] == "true"
            found.setdefault((row["measure"], row["region"], row["unit"]), {}).setdefault(name, values)
    return [
        Pairs(
            *key,
            names=tuple(values),
            original=np.array([value[0] for value in values.values()]),
            defaced=np.array([value[1] for value in values.values()]),
            ok=np.array([value[2] for value in values.values()], dtype=bool),
        )
        for key, values in found.items()
    ]


Noise = Mapping[tuple[str, str], float]
"""Noise floor by measure and region, in the measure's unit."""


def noise_floor(moved: Iterable[tuple[Mapping[tuple[str, str], float], Mapping[tuple[str, str], float]]]) -> Noise:
    """Root mean square change of each measure between two measurements that should agree.

    Parameters
    ----------
    moved
        For each sampled session the original's values by measure and region, and those of its second measurement.
    """
    squares: dict[tuple[str, str], list[float]] = {}
    for first, second in moved:
        for key in first.keys() & second.keys():
            squares.setdefault(key, []).append((second[key] - first[key]) ** 2)
    return {key: float(np.sqrt(np.mean(values))) for key, values in squares.items()}


def agreement(pairs: Pairs, noise: float = nan, grouping: str = "all", group: str = NOT_AVAILABLE) -> Agreement:
    """Agreement of one measure.

    References
    ----------
    Bland and Altman, Lancet 1986;327:307-310. McGraw and Wong, Psychol Methods 1996;1:30-46.
    """
    count, difference = len(pairs.names), pairs.difference
    bias = float(difference.mean())
    percent = pairs.percent[~np.isnan(pairs.percent)]
    spread = float(difference.std(ddof=1)) if count >= 2 else nan
    reliable = count >= 3 and bool(pairs.original.std() and pairs.defaced.std())
    icc = icc_2_1(pairs) if reliable else (nan, nan, nan)
    notes = []
    if count < 2:
        notes.append("one session: no spread, so no interval and no limits of agreement")
    if not reliable:
        notes.append("fewer than three sessions that differ: no ICC and no correlation")
    failed = int((~pairs.ok).sum())
    outside = np.abs(robust_z(difference)) > OUTLIER_Z
    return Agreement(
        grouping=grouping,
        group=group,
        measure=pairs.measure,
        region=pairs.region,
        unit=pairs.unit,
        sessions=count,
        mean_original=float(pairs.original.mean()),
        bias=bias,
        **dict(zip(("bias_low", "bias_high"), _interval(difference), strict=True)),
        bias_percent=float(percent.mean()) if len(percent) else nan,
        **dict(zip(("bias_percent_low", "bias_percent_high"), _interval(percent), strict=True)),
        loa_low=bias - 1.96 * spread,
        loa_high=bias + 1.96 * spread,
        icc=icc[0],
        icc_low=icc[1],
        icc_high=icc[2],
        r=float(stats.pearsonr(pairs.original, pairs.defaced).statistic) if reliable else nan,
        noise=noise,
        effect=bias / noise if noise > 0 else nan,
        failed=failed,
        failed_percent=100 * failed / count,
        p_groups=nan,
        outliers=tuple(name for name, out in zip(pairs.names, outside, strict=True) if out),
        note="; ".join(notes),
    )


def _interval(values: NDArray[np.float64]) -> tuple[float, float]:
    """The 95 % confidence interval of a mean by Student's t."""
    if len(values) < 2:
        return nan, nan
    if values.std() == 0:
        return float(values[0]), float(values[0])
    low, high = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    return float(low), float(high)


def icc_2_1(pairs: Pairs) -> tuple[float, float, float]:
    """ICC(2,1) of original and defaced, and its 95 % confidence interval; of equal ones 1 and no doubt."""
    if np.array_equal(pairs.original, pairs.defaced):
        return 1.0, 1.0, 1.0
    long = pd.DataFrame(
        {
            "session": np.tile(np.arange(len(pairs.names)), 2),
            "image": np.repeat(["original", "defaced"], len(pairs.names)),
            "value": np.concatenate([pairs.original, pairs.defaced]),
        }
    )
    with warnings.catch_warnings():
        # A perfect consistency divides by zero in the five other variants.
        warnings.simplefilter("ignore", RuntimeWarning)
        found = pingouin.intraclass_corr(long, targets="session", raters="image", ratings="value").set_index("Type")
    row = found.loc["ICC(A,1)"]
    return float(row["ICC"]), float(row["CI95"][0]), float(row["CI95"][1])


def robust_z(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Distance from the median in units of 1.4826 times the median absolute deviation; zero where there is none."""
    scale = float(stats.median_abs_deviation(values, scale="normal"))
    return (values - np.median(values)) / scale if scale > 0 else np.zeros_like(values)


def by_group(
    measures: Sequence[Pairs], grouping: str, groups: Mapping[str, Sequence[str]], noise: Noise
) -> list[Agreement]:
    """Agreement of every measure in every group, with a test whether the groups differ.

    Parameters
    ----------
    grouping
        What the sessions are grouped by, such as `sex`.
    groups
        The names of the sessions by group.
    """
    parts = {name: [pairs.of(sessions) for pairs in measures] for name, sessions in groups.items()}
    tested = [_kruskal([part[place].percent for part in parts.values()]) for place in range(len(measures))]
    known = [place for place, p in enumerate(tested) if not isnan(p)]
    if known:
        corrected = pingouin.multicomp([tested[place] for place in known], method="holm")[1]
        for place, p in zip(known, corrected, strict=True):
            tested[place] = float(p)
    return [
        _with_p(agreement(pairs, noise.get(pairs.key, nan), grouping, name), tested[place])
        for name, part in parts.items()
        for place, pairs in enumerate(part)
        if pairs.names
    ]


def _with_p(found: Agreement, p: float) -> Agreement:
    return Agreement(**{**found.__dict__, "p_groups": p})


def _kruskal(samples: Sequence[NDArray[np.float64]]) -> float:
    """P of equal changes in all groups of at least two sessions; NaN where there are not two such groups."""
    full = [sample[~np.isnan(sample)] for sample in samples]
    full = [sample for sample in full if len(sample) >= 2]
    if len(full) < 2 or np.ptp(np.concatenate(full)) == 0:
        return nan
    return float(stats.kruskal(*full).pvalue)
