"""The drawings of the report, whatever words stand in them."""

import base64
import dataclasses

import numpy as np
import pytest

from unface.report import agreement, plots
from unface.report.agreement import Pairs


@pytest.mark.parametrize("word", ["$x_$", "a$b$", "$\\frac{$", "\\$", "^_{}"])
def test_no_word_of_a_scanner_or_a_table_breaks_a_drawing(word: str) -> None:
    values = np.array([500.0, 600.0, 700.0])
    measured = Pairs("gm", word, "mL", (f"{word}1", "b", "c"), values, 1.01 * values, np.ones(3, bool))
    found = dataclasses.replace(agreement.agreement(measured), group=word, grouping="site", outliers=measured.names)
    check = plots.CheckValues(word, values, (550.0,), np.ones(3, bool))
    drawings = [
        plots.group_forest([[found]]),
        plots.bias_forest([found]),
        plots.region_map([measured]),
        plots.bland_altman([(measured, found)]),
        plots.checks([check]),
    ]
    for drawing in drawings:
        assert base64.b64decode(drawing.partition(",")[2]).rstrip().endswith(b"</svg>")
