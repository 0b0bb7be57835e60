"""Plots of a cohort: checks against their limits, and how far measures agree before and after defacing.

Every plot is a drawing inside the page, the same bytes on every run; colours are Okabe and Ito's, which readers with
any colour vision tell apart.
"""

import base64
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import TwoSlopeNorm
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from unface.report import wording
from unface.report.agreement import Agreement, Pairs

Part = TypeVar("Part")

BLUE, ORANGE, RED, GREY = "#0072B2", "#E69F00", "#D55E00", "#6b7680"
STYLE: Any = {
    "svg.hashsalt": "unface",
    "font.size": 9,
    "axes.titlesize": 9.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#8a949d",
    "axes.labelcolor": "#333a41",
    "xtick.color": "#333a41",
    "ytick.color": "#333a41",
    "axes.unicode_minus": True,
    # What a scanner or a table calls something is no formula, be there dollar signs in it.
    "text.parse_math": False,
    "figure.constrained_layout.use": True,
}
WIDTH_INCHES = 11.2
MANY_POINTS = 400
NAMED_OUTLIERS = 5


@dataclass(frozen=True)
class CheckValues:
    """One check over the cohort, a value each head image.

    Attributes
    ----------
    title : str
        The check's name for readers.
    values : (n_images,) float array
        In the check's unit.
    limits : tuple of float
        What they are held against.
    ok : (n_images,) bool array
        Which of them passed.
    """

    title: str
    values: NDArray[np.float64]
    limits: tuple[float, ...]
    ok: NDArray[np.bool_]


def bland_altman(measures: Sequence[tuple[Pairs, Agreement]]) -> str:
    """Draw the difference over the mean of each measure, with bias and 95 % limits of agreement.

    Parameters
    ----------
    measures
        Of whole brains.

    Returns
    -------
    str
        A drawing for a page.

    References
    ----------
    Bland and Altman, Lancet 1986;327:307-310.
    """
    return _drawing(measures, lambda axes, measure: draw_bland_altman(axes, *measure), height=2.9, columns=3)


def checks(values: Sequence[CheckValues]) -> str:
    """Draw the distribution of each check's values, with its limits.

    Parameters
    ----------
    values
        In the order of the plots.

    Returns
    -------
    str
        A drawing for a page.
    """
    return _drawing(values, _check, height=2.0, columns=4)


def bias_forest(rows: Sequence[Agreement]) -> str:
    """Draw the mean change of each measure in percent, with its 95 % confidence interval, over the noise floor.

    Parameters
    ----------
    rows
        Of the whole cohort.

    Returns
    -------
    str
        A drawing for a page.
    """
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH_INCHES, 0.9 + 0.27 * len(rows)))
        _forest(figure.subplots(), rows, [_title(row) for row in rows])
        return _svg(figure)


def group_forest(measures: Sequence[Sequence[Agreement]]) -> str:
    """Draw the same for the groups of the cohort: a column a measure, a row a group.

    Parameters
    ----------
    measures
        For each measure the same groups in the same order.

    Returns
    -------
    str
        A drawing for a page.
    """
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH_INCHES, 1.2 + 0.24 * max(len(rows) for rows in measures)))
        for place, (axes, rows) in enumerate(
            zip(figure.subplots(1, len(measures), squeeze=False)[0], measures, strict=True)
        ):
            _forest(axes, rows, [f"{row.grouping} {row.group} ({row.subjects})" if not place else "" for row in rows])
            axes.set_title(_title(rows[0]))
            axes.set_xlabel("change (%)")
        return _svg(figure)


def _forest(axes: Axes, rows: Sequence[Agreement], names: Sequence[str]) -> None:
    axes.axvline(0, color=GREY, linewidth=0.8)
    for place, row in enumerate(rows):
        noise = 100 * row.noise / row.mean_original if row.mean_original else 0.0
        if np.isfinite(noise):
            axes.plot([-noise, noise], [place, place], color=BLUE, alpha=0.3, linewidth=6, solid_capstyle="butt")
        # In some group a single session has a mean and no interval.
        ends = np.nan_to_num([[row.bias_percent - row.bias_percent_low], [row.bias_percent_high - row.bias_percent]])
        axes.errorbar(row.bias_percent, place, xerr=ends, fmt="s", color=RED, markersize=4, capsize=3, linewidth=1.4)
    axes.set_yticks(range(len(rows)), list(names))
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_xlabel("change by defacing (%): mean with its 95 % confidence interval; pale, the noise floor")


def _title(measure: Pairs | Agreement) -> str:
    return measure.region or wording.measure(measure.measure)


def region_map(regions: Sequence[Pairs]) -> str:
    """Draw the change of each region in each session in percent; grey where it was not measured.

    Parameters
    ----------
    regions
        Regions of the brain, each with the sessions that it was measured in.

    Returns
    -------
    str
        A drawing for a page.
    """
    sessions = sorted({name for region in regions for name in region.names})
    column = {name: place for place, name in enumerate(sessions)}
    percent = np.full((len(regions), len(sessions)), np.nan)
    for row, region in enumerate(regions):
        percent[row, [column[name] for name in region.names]] = region.percent
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH_INCHES, min(14.0, 1.4 + 0.16 * len(regions))))
        axes = figure.subplots()
        colours = mpl.colormaps["RdBu_r"].with_extremes(bad="#c8cdd2")
        reach = max(float(np.nanpercentile(np.abs(percent), 99)), 0.1)
        picture = axes.pcolormesh(percent, cmap=colours, norm=TwoSlopeNorm(0, -reach, reach), rasterized=True)
        axes.invert_yaxis()
        axes.set_yticks(np.arange(len(regions)) + 0.5, [_title(region) for region in regions], fontsize=7)
        few = len(sessions) <= 40
        axes.set_xticks(np.arange(len(sessions)) + 0.5 if few else [], sessions if few else [], rotation=90, fontsize=7)
        axes.set_xlabel("session" if few else f"{len(sessions):,} sessions")
        for spine in axes.spines.values():
            spine.set_visible(False)
        figure.colorbar(picture, ax=axes, label="change by defacing (%)", shrink=0.6, pad=0.01)
        return _svg(figure)


def draw_bland_altman(axes: Axes, measure: Pairs, agreement: Agreement) -> None:
    """Draw one measure's differences over its means; sessions far from the others are red and named.

    Parameters
    ----------
    axes
        To draw into.
    measure
        Of some sessions.
    agreement
        Of the same.
    """
    mean, difference = (measure.original + measure.defaced) / 2, measure.difference
    outside = np.isin(measure.names, agreement.outliers)
    many = len(mean) > MANY_POINTS
    style: Any = {"markersize": 3 if many else 5, "alpha": 0.4 if many else 0.8, "markeredgewidth": 0}
    for points, colour in ((~outside, BLUE), (outside, RED)):
        axes.plot(mean[points], difference[points], "o", color=colour, rasterized=many, **style)
    axes.axhline(0, color=GREY, linewidth=0.6)
    axes.axhline(agreement.bias, color=ORANGE, linewidth=1.3)
    figures = f"bias {agreement.bias:+.3g} {measure.unit}"
    if np.isfinite(agreement.loa_low):
        for edge in (agreement.loa_low, agreement.loa_high):
            axes.axhline(edge, color=ORANGE, linewidth=1, linestyle=(0, (4, 3)))
        figures = (
            f"bias {agreement.bias:+.3g}, limits {agreement.loa_low:+.3g} to {agreement.loa_high:+.3g} {measure.unit}"
        )
    axes.margins(x=0.12, y=0.18)
    axes.set_title(_title(measure), pad=16)
    axes.text(0, 1.02, figures.replace("-", "\u2212"), transform=axes.transAxes, fontsize=8, color=GREY)
    axes.set_xlabel(f"mean of original and defaced ({measure.unit})")
    axes.set_ylabel(f"defaced − original ({measure.unit})")
    farthest = [index for index in np.argsort(-np.abs(difference - agreement.bias), kind="stable") if outside[index]]
    _write_names(axes, [(measure.names[index], mean[index], difference[index]) for index in farthest])


def _write_names(axes: Axes, points: Sequence[tuple[str, float, float]]) -> None:
    """Write names beside points (name, x, y), the first ones first; one that would cover another is left out."""
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    written: list[tuple[float, float]] = []
    for name, x, y in points[: 10 * NAMED_OUTLIERS]:
        across, up = (x - left) / (right - left), (y - bottom) / (top - bottom)
        if len(written) < NAMED_OUTLIERS and all(abs(across - a) > 0.6 or abs(up - b) > 0.06 for a, b in written):
            written.append((across, up))
            beside: Any = {"ha": "left", "xytext": (4, 0)} if across < 0.5 else {"ha": "right", "xytext": (-4, 0)}
            axes.annotate(name, (x, y), textcoords="offset points", va="center", fontsize=6.5, color=RED, **beside)


def _check(axes: Axes, check: CheckValues) -> None:
    values = check.values
    bins = np.histogram_bin_edges(np.append(values, check.limits), bins=30)
    axes.hist([values[check.ok], values[~check.ok]], bins=list(bins), stacked=True, color=[BLUE, RED])
    for limit in check.limits:
        axes.axvline(limit, color="black", linewidth=1.1, linestyle=(0, (4, 2)))
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_title(check.title)
    axes.set_ylabel("images")


def _drawing(parts: Sequence[Part], draw: Callable[[Axes, Part], None], height: float, columns: int) -> str:
    """A grid of small plots, one for each part."""
    with mpl.rc_context(STYLE):
        columns = min(columns, len(parts))
        rows = -(-len(parts) // columns)
        width = WIDTH_INCHES * max(columns, 2) / max(columns, 3)
        figure = Figure(figsize=(width, height * rows))
        grid = figure.subplots(rows, columns, squeeze=False).ravel()
        for axes, part in zip(grid, parts, strict=False):
            draw(axes, part)
        for axes in grid[len(parts) :]:
            axes.set_visible(False)
        return _svg(figure)


def _svg(figure: Figure) -> str:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="svg", dpi=150, metadata={"Date": None, "Creator": None})
    return f"data:image/svg+xml;base64,{base64.b64encode(buffer.getvalue()).decode('ascii')}"
