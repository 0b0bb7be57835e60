"""What defacing did to the measures of a cohort: bias, limits of agreement, reliability, outliers."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from unface.morphometry import tables
from unface.morphometry.agreement import AGREEMENT

COLUMNS = (
    "measure", "region", "unit", "sessions", "mean_original", "bias", "bias_low", "bias_high", "bias_percent",
    "loa_low", "loa_high", "icc", "icc_low", "icc_high", "r", "outliers", "note",
)  # fmt: skip
OUTLIER_Z = 3.5
"""Of the robust z, as Iglewicz and Hoaglin (1993) advise."""
DESCRIPTIONS: Mapping[str, str] = {
    "measure": "What was measured; see measures.tsv of a session.",
    "region": "Region of the brain; empty for the whole.",
    "unit": "Unit of mean_original, bias and limits of agreement.",
    "sessions": "Sessions with this measure before and after defacing; a session's first image counts.",
    "mean_original": "Mean over sessions before defacing.",
    "bias": "Mean of defaced minus original. Nearer to zero is better.",
    "bias_low": "Lower end of the bias's 95 % confidence interval (t distribution).",
    "bias_high": "Upper end of it.",
    "bias_percent": "Mean of the sessions' changes in percent of their original.",
    "loa_low": "Lower 95 % limit of agreement: bias - 1.96 SD (Bland and Altman 1986).",
    "loa_high": "Upper 95 % limit of agreement.",
    "icc": "Intraclass correlation, two-way random, single measurement, absolute agreement: ICC(2,1). 1 is best.",
    "icc_low": "Lower end of its 95 % confidence interval (McGraw and Wong 1996).",
    "icc_high": "Upper end of it.",
    "r": "Pearson's correlation of original and defaced over sessions.",
    "outliers": "Sessions whose change has a robust z beyond 3.5, joined by semicolons.",
    "note": "What could not be computed and why.",
}
"""The data dictionary of the cohort's table."""


@dataclass(frozen=True)
class Agreement:
    """Agreement of one measure over sessions. NaN stands for what so few or so equal sessions do not tell.

    Bias, its interval and the limits of agreement are in `unit`, defaced minus original.
    """

    measure: str
    region: str
    unit: str
    sessions: int
    mean_original: float
    bias: float
    bias_low: float
    bias_high: float
    bias_percent: float
    loa_low: float
    loa_high: float
    icc: float
    icc_low: float
    icc_high: float
    r: float
    outliers: tuple[str, ...]
    note: str

    def cells(self) -> tuple[str, ...]:
        return tuple(_cell(getattr(self, column)) for column in COLUMNS)


def _cell(value: object) -> str:
    if isinstance(value, float):
        return tables.NOT_AVAILABLE if math.isnan(value) else f"{value:.6g}"
    return ";".join(value) if isinstance(value, tuple) else str(value)


def agreement_of(folders: Mapping[str, Path]) -> list[Agreement]:
    """The cohort's agreement from the sessions' tables.

    Parameters
    ----------
    folders
        By a session's name (a pseudonym), the folder that `agreement.compare_session` wrote. One without a table,
        as of a withheld session, is left out.

    Returns
    -------
    list of Agreement
        One a measure and region, in the order of the tables. Overlaps have no pair and are left out.
    """
    pairs: dict[tuple[str, str, str], dict[str, tuple[float, float]]] = defaultdict(dict)
    for name, folder in sorted(folders.items()):
        if not (folder / AGREEMENT).exists():
            continue
        for row in tables.read(folder / AGREEMENT):
            if row["original"] != tables.NOT_AVAILABLE:
                key = row["measure"], row["region"], row["unit"]
                pairs[key].setdefault(name, (float(row["original"]), float(row["defaced"])))
    return [agreement(*key, list(found), np.array(list(found.values()))) for key, found in pairs.items()]


def agreement(measure: str, region: str, unit: str, names: Sequence[str], pairs: NDArray[np.float64]) -> Agreement:
    """Agreement of one measure.

    Parameters
    ----------
    names
        The sessions' names.
    pairs : (n_sessions, 2) float array
        Original and defaced, in `unit`; row i is the session `names[i]`.

    References
    ----------
    Bland and Altman, Lancet 1986;327:307-310. McGraw and Wong, Psychol Methods 1996;1:30-46.
    """
    count = len(pairs)
    difference = pairs[:, 1] - pairs[:, 0]
    bias = float(difference.mean())
    nan = math.nan
    low = high = loa_low = loa_high = r = nan
    icc = (nan, nan, nan)
    notes = []
    if count >= 2:
        spread = float(difference.std(ddof=1))
        half = float(stats.t.ppf(0.975, count - 1)) * spread / math.sqrt(count)
        low, high = bias - half, bias + half
        loa_low, loa_high = bias - 1.96 * spread, bias + 1.96 * spread
    else:
        notes.append("one session: no spread, so no interval and no limits of agreement")
    if count >= 3 and pairs.std(axis=0).min() > 0:
        r = float(np.corrcoef(pairs.T)[0, 1])
        icc = icc_2_1(pairs)
    else:
        notes.append("fewer than three sessions that differ: no ICC and no correlation")
    original = pairs[:, 0]
    percent = 100 * difference[original != 0] / original[original != 0]
    outside = np.abs(robust_z(difference)) > OUTLIER_Z
    return Agreement(
        measure=measure,
        region=region,
        unit=unit,
        sessions=count,
        mean_original=float(original.mean()),
        bias=bias,
        bias_low=low,
        bias_high=high,
        bias_percent=float(percent.mean()) if len(percent) else nan,
        loa_low=loa_low,
        loa_high=loa_high,
        icc=icc[0],
        icc_low=icc[1],
        icc_high=icc[2],
        r=r,
        outliers=tuple(name for name, out in zip(names, outside, strict=True) if out),
        note="; ".join(notes),
    )


def icc_2_1(pairs: NDArray[np.float64]) -> tuple[float, float, float]:
    """ICC(2,1) and its 95 % confidence interval, from 1 (the two agree) downwards.

    Parameters
    ----------
    pairs : (n, k) float array
        n sessions measured k times.

    References
    ----------
    ICC(A,1) and its interval of McGraw and Wong, Psychol Methods 1996;1:30-46, table 4 and 7.
    """
    n, k = pairs.shape
    grand = pairs.mean()
    rows = k * ((pairs.mean(axis=1) - grand) ** 2).sum() / (n - 1)
    columns = n * ((pairs.mean(axis=0) - grand) ** 2).sum() / (k - 1)
    rest = pairs - pairs.mean(axis=1, keepdims=True) - pairs.mean(axis=0, keepdims=True) + grand
    error = (rest**2).sum() / ((n - 1) * (k - 1))
    icc = (rows - error) / (rows + (k - 1) * error + k * (columns - error) / n)
    if error <= 1e-12 * rows and columns <= 1e-12 * rows:
        return 1.0, 1.0, 1.0
    a = k * icc / (n * (1 - icc))
    b = 1 + k * icc * (n - 1) / (n * (1 - icc))
    freedom = (a * columns + b * error) ** 2 / ((a * columns) ** 2 / (k - 1) + (b * error) ** 2 / ((n - 1) * (k - 1)))
    upper, lower = stats.f.ppf(0.975, n - 1, freedom), stats.f.ppf(0.975, freedom, n - 1)
    rest_of = k * columns + (k * n - k - n) * error
    low = n * (rows - upper * error) / (upper * rest_of + n * rows)
    high = n * (lower * rows - error) / (rest_of + n * lower * rows)
    return float(icc), float(low), float(high)


def robust_z(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Distance from the median in units of 1.4826 times the median absolute deviation; zero where there is none."""
    middle = np.median(values)
    scale = float(stats.median_abs_deviation(values, scale="normal"))
    return (values - middle) / scale if scale > 0 else np.zeros_like(values)


def write(path: Path, found: Iterable[Agreement]) -> None:
    """Write the cohort's table as TSV."""
    tables.write(path, COLUMNS, [row.cells() for row in found])
