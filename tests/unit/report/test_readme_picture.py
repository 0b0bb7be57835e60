"""The README's picture, drawn from a results folder."""

from pathlib import Path

from PIL import Image

from demo import picture
from tests.support.report_cohort import Cohort
from unface.run.layout import Layout


def test_the_picture_shows_a_released_head_and_the_cohorts_agreement(report_cohort: Cohort, tmp_path: Path) -> None:
    (tmp_path / "restricted").symlink_to(report_cohort.layout.restricted)
    layout = Layout(tmp_path)
    layout.verdicts.parent.mkdir()
    rows = [f"{subject}\t{session}\treleased\t\t" for subject, session in report_cohort.sessions[:3]]
    layout.verdicts.write_text("\n".join(["subject\tsession\tverdict\tcodes\treasons", *rows]) + "\n", encoding="utf-8")
    picture.draw(layout, tmp_path / "docs" / "demo.png")
    with Image.open(tmp_path / "docs" / "demo.png") as drawn:
        assert drawn.width > 1200
        assert len(drawn.convert("L").getcolors(256) or []) > 200
