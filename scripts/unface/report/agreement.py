"""What defacing did to the measures of a cohort: bias, limits of agreement, reliability, failures, outliers.

Sessions of one subject resemble one another, so every mean, interval and test is of subjects, each the mean of its
sessions; failures and outliers are of sessions.
"""

import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import isnan, nan

import numpy as np
import pandas as pd
import pingouin
from numpy.typing import NDArray
from scipy import stats

from unface.run.files import NOT_AVAILABLE

pingouin.options["round.column.CI95"] = None

OUTLIER_Z = 3.5
"""Of the robust z, as Iglewicz and Hoaglin (1993) advise."""
DESCRIPTIONS: Mapping[str, str] = {
    "grouping": "What the sessions are grouped by: site, scanner, sex or age; `all` for the whole cohort.",
    "group": "The group; n/a for the whole cohort.",
    "measure": "What was measured; see docs/morphometry.md.",
    "region": "Region of the brain; empty for the whole.",
    "unit": "Unit of mean_original, bias, limits of agreement and noise.",
    "subjects": "Subjects of those sessions. Of each the mean of its sessions counts, before and after defacing.",
    "sessions": "Sessions with this measure before and after defacing; of a session the first T1w image counts.",
    "mean_original": "Mean over subjects before defacing.",
    "bias": "Mean over subjects of defaced minus original. Nearer to zero is better.",
    "bias_low": "Lower end of the bias's 95 % confidence interval (paired t over subjects).",
    "bias_high": "Upper end of it.",
    "bias_percent": "Mean of the subjects' changes in percent of their original.",
    "bias_percent_low": "Lower end of its 95 % confidence interval (t over subjects).",
    "bias_percent_high": "Upper end of it.",
    "loa_low": "Lower 95 % limit of agreement of one session: bias - 1.96 SD (Bland and Altman 1986), of which the SD "
    "holds the spread between subjects and within them (Bland and Altman 1999).",
    "loa_high": "Upper 95 % limit of agreement.",
    "icc": "Intraclass correlation of subjects, two-way random, absolute agreement: ICC(2,1). 1 is best.",
    "icc_low": "Lower end of its 95 % confidence interval (McGraw and Wong 1996).",
    "icc_high": "Upper end of it.",
    "r": "Pearson's correlation of original and defaced over subjects.",
    "noise": "Noise floor: root mean square change when the original is moved by half a voxel, over a sample.",
    "effect": "bias / noise. Between -1 and 1 defacing changes less than half a voxel of position does.",
    "failed": "Sessions whose change is beyond its limit.",
    "failed_percent": "failed in percent of sessions.",
    "p_groups": "Kruskal-Wallis test of the subjects' change in percent between the groups of this grouping, "
    "Holm-corrected over its measures; a subject with sessions in several groups counts in each. Small: defacing does "
    "not treat the groups alike.",
    "outliers": "Sessions whose change has a robust z beyond 3.5, joined by semicolons.",
    "note": "What could not be computed and why.",
}
"""The data dictionary of the cohort's table; its columns."""


@dataclass(frozen=True)
class Pairs:
    """One measure of many sessions, before and after defacing: element i of every field is one session.

    Attributes
    ----------
    measure, region, unit : str
        As in the table of agreement; no region for the whole brain.
    names : tuple of str
        `sub-<label>_ses-<label>`.
    original, defaced : (n_sessions,) float array
        In `unit`.
    ok : (n_sessions,) bool array
        Whether the change is within its limit.
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
        """Measure and region."""
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

    @property
    def subjects(self) -> list[str]:
        """Whose each session is."""
        return [name.split("_")[0] for name in self.names]

    def by_subject(self) -> "Pairs":
        """The same with the mean of a subject's sessions in place of each; `ok` where all of them are."""
        subjects, place, count = np.unique(self.subjects, return_inverse=True, return_counts=True)
        return Pairs(
            self.measure,
            self.region,
            self.unit,
            tuple(subjects.tolist()),
            np.bincount(place, self.original) / count,
            np.bincount(place, self.defaced) / count,
            np.bincount(place, self.ok) == count,
        )

    def of(self, names: Iterable[str]) -> "Pairs":
        """Those of some sessions.

        Parameters
        ----------
        names
            Of sessions, also of some without this measure.

        Returns
        -------
        Pairs
            In the order of these.
        """
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
    """Agreement of one measure over subjects, as `DESCRIPTIONS` says; NaN for what so few subjects do not tell."""

    grouping: str
    group: str
    measure: str
    region: str
    unit: str
    subjects: int
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
        """Measure and region."""
        return self.measure, self.region

    def cells(self) -> tuple[str, ...]:
        """Its row of the table, by the columns of `DESCRIPTIONS`."""
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

    Returns
    -------
    list of Pairs
        One for each measure and region.
    """
    by_measure: dict[tuple[str, str, str], dict[str, tuple[float, float, bool]]] = {}
    for name, row in rows:
        if row["original"] != NOT_AVAILABLE:
            values = float(row["original"]), float(row["defaced"]), row["ok"] == "true"
            by_measure.setdefault((row["measure"], row["region"], row["unit"]), {}).setdefault(name, values)
    return [
        Pairs(
            *key,
            names=tuple(values),
            original=np.array([value[0] for value in values.values()]),
            defaced=np.array([value[1] for value in values.values()]),
            ok=np.array([value[2] for value in values.values()], dtype=bool),
        )
        for key, values in by_measure.items()
    ]


Noise = Mapping[tuple[str, str], float]
"""Noise floor by measure and region, in the measure's unit."""


def noise_floor(moved: Iterable[tuple[Mapping[tuple[str, str], float], Mapping[tuple[str, str], float]]]) -> Noise:
    """Root mean square change of each measure between two measurements that should agree.

    Parameters
    ----------
    moved
        For each sampled session the original's values by measure and region, and those of its second measurement.

    Returns
    -------
    dict
        By measure and region, in the measure's unit.
    """
    squares: dict[tuple[str, str], list[float]] = {}
    for first, second in moved:
        for key in first.keys() & second.keys():
            squares.setdefault(key, []).append((second[key] - first[key]) ** 2)
    return {key: float(np.sqrt(np.mean(values))) for key, values in squares.items()}


def agreement(pairs: Pairs, noise: float = nan, grouping: str = "all", group: str = NOT_AVAILABLE) -> Agreement:
    """Agreement of one measure over the subjects of some sessions.

    Parameters
    ----------
    pairs
        At least one session.
    noise
        Noise floor of the measure, in its unit; NaN if it is unknown.
    grouping, group
        What the sessions are grouped by, and which group they are.

    Returns
    -------
    Agreement
        Without a test between groups (`p_groups`).

    References
    ----------
    Bland and Altman, Lancet 1986;327:307-310; Stat Methods Med Res 1999;8:135-160, section 5.
    McGraw and Wong, Psychol Methods 1996;1:30-46.
    """
    people = pairs.by_subject()
    count, difference = len(people.names), people.difference
    bias = float(difference.mean())
    percent = people.percent[~np.isnan(people.percent)]
    spread = _spread(pairs)
    reliable = count >= 3 and bool(people.original.std() and people.defaced.std())
    icc = icc_2_1(people) if reliable else (nan, nan, nan)
    notes = []
    if count < 2:
        notes.append("one subject: no spread, so no interval and no limits of agreement")
    if not reliable:
        notes.append("fewer than three subjects that differ: no ICC and no correlation")
    failed = int((~pairs.ok).sum())
    outside = np.abs(_robust_z(pairs.difference)) > OUTLIER_Z
    return Agreement(
        grouping=grouping,
        group=group,
        measure=pairs.measure,
        region=pairs.region,
        unit=pairs.unit,
        subjects=count,
        sessions=len(pairs.names),
        mean_original=float(people.original.mean()),
        bias=bias,
        **dict(zip(("bias_low", "bias_high"), _interval(difference), strict=True)),
        bias_percent=float(percent.mean()) if len(percent) else nan,
        **dict(zip(("bias_percent_low", "bias_percent_high"), _interval(percent), strict=True)),
        loa_low=bias - 1.96 * spread,
        loa_high=bias + 1.96 * spread,
        icc=icc[0],
        icc_low=icc[1],
        icc_high=icc[2],
        r=float(stats.pearsonr(people.original, people.defaced).statistic) if reliable else nan,
        noise=noise,
        effect=bias / noise if noise > 0 else nan,
        failed=failed,
        failed_percent=100 * failed / len(pairs.names),
        p_groups=nan,
        outliers=tuple(name for name, out in zip(pairs.names, outside, strict=True) if out),
        note="; ".join(notes),
    )


def _spread(pairs: Pairs) -> float:
    """The standard deviation of one session's difference, in the pairs' unit; NaN of a single subject."""
    # The means of subjects vary less than sessions do: what varies within subjects, pooled over those with several
    # sessions, is given back, less the share of it that the means still hold.
    _, place, count = np.unique(pairs.subjects, return_inverse=True, return_counts=True)
    if len(count) < 2:
        return nan
    means = np.bincount(place, pairs.difference) / count
    within = float(((pairs.difference - means[place]) ** 2).sum()) / max(len(place) - len(count), 1)
    return float(np.sqrt(means.var(ddof=1) + (1 - (1 / count).mean()) * within))


def _interval(values: NDArray[np.float64]) -> tuple[float, float]:
    """The 95 % confidence interval of a mean by Student's t."""
    if len(values) < 2:
        return nan, nan
    if values.std() == 0:
        return float(values[0]), float(values[0])
    low, high = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    return float(low), float(high)


def icc_2_1(pairs: Pairs) -> tuple[float, float, float]:
    """ICC(2,1) of original and defaced; 1 is best.

    Parameters
    ----------
    pairs
        Independent of one another: one of each subject (`Pairs.by_subject`).

    Returns
    -------
    icc, low, high
        With the 95 % confidence interval; three times 1 where original and defaced are equal.
    """
    if np.array_equal(pairs.original, pairs.defaced):
        return 1.0, 1.0, 1.0
    long = pd.DataFrame(
        {
            "subject": np.tile(np.arange(len(pairs.names)), 2),
            "image": np.repeat(["original", "defaced"], len(pairs.names)),
            "value": np.concatenate([pairs.original, pairs.defaced]),
        }
    )
    with warnings.catch_warnings():
        # A perfect consistency divides by zero in the five other variants.
        warnings.simplefilter("ignore", RuntimeWarning)
        variants = pingouin.intraclass_corr(long, targets="subject", raters="image", ratings="value").set_index("Type")
    row = variants.loc["ICC(A,1)"]
    return float(row["ICC"]), float(row["CI95"][0]), float(row["CI95"][1])


def _robust_z(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Distance from the median in units of 1.4826 times the median absolute deviation; zero where there is none."""
    scale = float(stats.median_abs_deviation(values, scale="normal"))
    return (values - np.median(values)) / scale if scale > 0 else np.zeros_like(values)


def by_group(
    measures: Sequence[Pairs], grouping: str, groups: Mapping[str, Sequence[str]], noise: Noise
) -> list[Agreement]:
    """Agreement of every measure in every group, with a test whether the groups differ.

    Parameters
    ----------
    measures
        Of the whole cohort.
    grouping
        What the sessions are grouped by, such as `sex`.
    groups
        The names of the sessions by group.
    noise
        Noise floor by measure and region.

    Returns
    -------
    list of Agreement
        By group, then by measure; none for a group without the measure.
    """
    parts = {name: [pairs.of(sessions) for pairs in measures] for name, sessions in groups.items()}
    tested = [_kruskal([part[place].by_subject().percent for part in parts.values()]) for place in range(len(measures))]
    known = [place for place, p in enumerate(tested) if not isnan(p)]
    if known:
        corrected = pingouin.multicomp([tested[place] for place in known], method="holm")[1]
        for place, p in zip(known, corrected, strict=True):
            tested[place] = float(p)
    return [
        replace(agreement(pairs, noise.get(pairs.key, nan), grouping, name), p_groups=tested[place])
        for name, part in parts.items()
        for place, pairs in enumerate(part)
        if pairs.names
    ]


def _kruskal(samples: Sequence[NDArray[np.float64]]) -> float:
    """P of equal changes in all groups of at least two subjects; NaN where there are not two such groups."""
    full = [sample[~np.isnan(sample)] for sample in samples]
    full = [sample for sample in full if len(sample) >= 2]
    if len(full) < 2 or np.ptp(np.concatenate(full)) == 0:
        return nan
    return float(stats.kruskal(*full).pvalue)
