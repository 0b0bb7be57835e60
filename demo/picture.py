"""The README's picture: one head of the demo before and after, and how well its cohort's brain volumes agree.

The demo's heads are varied from an average of many people, so the picture shows nobody's face:

    python -m demo.picture demo/results docs/demo.png
"""

import argparse
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from unface.report import agreement, morphometry, plots, results
from unface.review import heads
from unface.review.heads import Picture
from unface.run.layout import Layout

SIZE_INCHES = (12.0, 5.0)
DPI = 110
SLICES = (0, 2)
"""Of the review page's slices: through the middle, and across the face."""


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path, help="a results folder with a released T1w")
    parser.add_argument("picture", type=Path, help="the PNG to write")
    options = parser.parse_args()
    draw(Layout(options.results), options.picture)


def draw(layout: Layout, output: Path) -> None:
    """Draw the first released session with a T1w, and the cohort's brain volumes.

    Raises
    ------
    ValueError
        If no session with a T1w was released.
    """
    gate = results.read_gate(layout.verdicts)
    sessions = [results.read_session(layout, session, row) for session, row in sorted(gate.items())]
    rows = _head(layout, [session for session in sessions if session.standing.word == "released"])
    compared = morphometry.read(layout, sessions, sample=(), given={})
    measures = [measure for measure in compared.measures if not measure.region][:2]
    with mpl.rc_context(plots.STYLE):
        figure = Figure(figsize=SIZE_INCHES, facecolor="white")
        ((left, right),) = figure.subfigures(1, 2, squeeze=False, width_ratios=(2.5, 1), wspace=0.02)
        widths = [picture.columns / picture.pixels.shape[0] for picture in rows["before"]]
        grid = left.subplots(2, len(widths), width_ratios=widths)
        for line, (when, row) in zip(grid, rows.items(), strict=True):
            for axes, picture in zip(line, row, strict=True):
                _show(axes, picture)
            line[0].set_ylabel(when, fontsize=11, fontweight="bold")
        for axes, measure in zip(right.subplots(len(measures), 1, squeeze=False).flat, measures, strict=True):
            plots.draw_bland_altman(axes, measure, agreement.agreement(measure))
        output.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(output, dpi=DPI, metadata={"Software": None})


def _head(layout: Layout, released: list[results.Session]) -> dict[str, list[Picture]]:
    """Slices and surfaces of one head, before and after."""
    for session in released:
        for name in heads.names(layout, session):
            head = heads.read(layout, session, name)
            if head.stem.endswith("_T1w") and head.before and head.after:
                slices, surfaces = heads.slices(head), heads.surfaces(head)
                return {
                    when: [slices[when][place] for place in SLICES] + surfaces[start::2][-2:]
                    for start, when in enumerate(("before", "after"))
                }
    raise ValueError("no session with a T1w was released")


def _show(axes: Axes, picture: Picture) -> None:
    axes.imshow(picture.pixels, cmap="gray", vmin=0, vmax=255, interpolation="lanczos")
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(False)


if __name__ == "__main__":
    main()
