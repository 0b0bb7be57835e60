"""`unface map`: the table of a cohort, taken back as rules that the next inventory uses."""

from collections.abc import Callable
from pathlib import Path

import pydicom
import pytest
import yaml

from tests.support.dicom_factory import write_series
from unface import cli
from unface.identity.pseudonyms import Key
from unface.inventory.inventory import collect
from unface.inventory.scan import scan
from unface.run.files import read_table
from unface.run.layout import Layout
from unface.run.settings import SHIPPED_RULES

Unface = Callable[..., tuple[int, str, str]]
LAYOUT = Layout(Path("results"))


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with settings and an inventory of two series, that the command is given in."""
    folder = tmp_path / "study"
    folder.mkdir()
    monkeypatch.chdir(folder)
    for number, description in ((2, None), (3, "odd one")):
        paths, _ = write_series(tmp_path / "raw" / str(number), series_number=number)
        for path in paths if description else ():
            ds = pydicom.dcmread(path)
            ds.SeriesDescription = ds.ProtocolName = description
            ds.save_as(path)
    settings(folder)
    inventory(tmp_path / "raw", SHIPPED_RULES)
    return folder


def settings(folder: Path, **own: object) -> None:
    (folder / cli.FILE).write_text(yaml.safe_dump({"dicom_dir": "../raw", **own}), encoding="utf-8")


def inventory(raw: Path, rules: Path) -> dict[str, str]:
    """Run the inventory; what each series is called, by its description."""
    scan(raw, LAYOUT, 0, 1)
    collect([LAYOUT.scan("0")], LAYOUT, Key.load_or_make(LAYOUT.key), None, rules)
    return {row["series_description"]: row["result"] for row in read_table(LAYOUT.protocol_groups_restricted)}


def fill_in(name: str, reason: str = "") -> None:
    """Write a name beside the odd series."""
    head, *lines = LAYOUT.mapping_table.read_text(encoding="utf-8").splitlines()
    columns = head.split("\t")
    rows = [dict(zip(columns, line.split("\t"), strict=True)) for line in lines]
    for row in rows:
        if row["series_description"] == "odd one":
            row |= {"name": name, "reason": reason}
    text = "\n".join(["\t".join(columns), *("\t".join(row[column] for column in columns) for row in rows)])
    LAYOUT.mapping_table.write_text(f"{text}\n", encoding="utf-8")


@pytest.mark.usefixtures("study")
def test_the_next_inventory_gives_the_names_of_the_table(unface: Unface, tmp_path: Path) -> None:
    before = inventory(tmp_path / "raw", SHIPPED_RULES)
    status, said, _ = unface("map")
    assert (status, said.splitlines()[0]) == (
        0,
        "results/restricted/mapping.tsv lists 2 protocol groups; "
        "results/restricted/mapping.html is the same as a page.",
    )
    fill_in("anat/acq-odd_T1w")
    status, said, errors = unface("map", "results/restricted/mapping.tsv")
    assert (status, errors) == (0, "")
    assert "mapping_rules.yaml holds 1 rule" in said
    assert "set `convert: {rules: mapping_rules.yaml}` in unface.yaml, then `unface inventory`" in said
    assert inventory(tmp_path / "raw", Path("mapping_rules.yaml")) == {**before, "odd one": "anat/acq-odd_T1w"}


@pytest.mark.usefixtures("study")
def test_the_table_and_the_rules_are_readable_by_their_owner_alone(unface: Unface) -> None:
    unface("map")
    fill_in("exclude", "a test")
    unface("map", "results/restricted/mapping.tsv")
    written = (LAYOUT.mapping_table, LAYOUT.mapping_page, Path("mapping_rules.yaml"))
    assert {path.stat().st_mode & 0o777 for path in written} == {0o600}
    assert not [path for path in LAYOUT.restricted.iterdir() if path.name.startswith("tmp")]


def test_the_same_table_may_be_edited_and_given_again_after_an_inventory(
    study: Path, unface: Unface, tmp_path: Path
) -> None:
    unface("map")
    fill_in("anat/acq-odd_T1w")
    unface("map", "results/restricted/mapping.tsv")
    settings(study, convert={"rules": "mapping_rules.yaml"})
    inventory(tmp_path / "raw", Path("mapping_rules.yaml"))
    LAYOUT.mapping_table.unlink()
    unface("map")
    assert "anat/acq-odd_T1w" in LAYOUT.mapping_table.read_text(encoding="utf-8")
    fill_in("exclude", "a test")
    status, said, _ = unface("map", "results/restricted/mapping.tsv")
    assert (status, said.splitlines()[-1]) == (0, "Next: `unface inventory`")
    assert inventory(tmp_path / "raw", Path("mapping_rules.yaml"))["odd one"] == "excluded"


@pytest.mark.usefixtures("study")
def test_a_table_as_it_is_written_makes_no_file(unface: Unface) -> None:
    unface("map")
    status, said, _ = unface("map", "results/restricted/mapping.tsv")
    assert (status, said) == (0, "Every row is as the rules give it: there is no rule to write.\n")
    assert not Path("mapping_rules.yaml").exists()


@pytest.mark.usefixtures("study")
def test_a_file_that_somebody_edited_stays_unless_it_is_said(unface: Unface) -> None:
    Path("mapping_rules.yaml").write_text("rules: []  # mine\n")
    unface("map")
    fill_in("anat/acq-odd_T1w")
    status, _, errors = unface("map", "results/restricted/mapping.tsv")
    assert status == 1
    assert "mapping_rules.yaml is not as `unface map` wrote it, and stays as it is: --rules FILE" in errors
    assert Path("mapping_rules.yaml").read_text() == "rules: []  # mine\n"
    assert unface("map", "results/restricted/mapping.tsv", "--rules", "other.yaml")[0] == 0
    assert unface("map", "results/restricted/mapping.tsv", "--overwrite")[0] == 0
    assert Path("mapping_rules.yaml").read_bytes() == Path("other.yaml").read_bytes()


def test_rules_of_the_users_own_in_use_are_not_forgotten(study: Path, unface: Unface) -> None:
    Path("mine.yaml").write_text("extends: shipped\nrules: []\n")
    settings(study, convert={"rules": "mine.yaml"})
    unface("map")
    fill_in("anat/acq-odd_T1w")
    said = unface("map", "results/restricted/mapping.tsv")[1]
    assert "mine.yaml, whose rules end where another file is named" in said
    assert "Next: add the rules of mapping_rules.yaml to it" in said


@pytest.mark.usefixtures("study")
def test_a_wrong_name_is_a_line_that_says_where_and_writes_nothing(unface: Unface) -> None:
    unface("map")
    fill_in("anat/T1")
    status, _, errors = unface("map", "results/restricted/mapping.tsv")
    assert status == 1
    assert "unface: mapping.tsv: line " in errors
    assert "column name: BIDS has no suffix T1 in anat" in errors
    assert "Traceback" not in errors
    assert not Path("mapping_rules.yaml").exists()


def test_without_an_inventory_or_a_table_it_says_what_makes_them(study: Path, unface: Unface) -> None:
    assert "`unface map` writes one" in unface("map", "nowhere.tsv")[2]
    settings(study, results_dir="elsewhere")
    assert "there is no inventory in elsewhere yet: `unface inventory` makes it" in unface("map")[2]


@pytest.mark.usefixtures("study")
def test_a_table_that_is_none_is_refused_in_words(unface: Unface) -> None:
    Path("mine.tsv").write_text("a;b\n")
    assert "mine.tsv: the column group and name and reason is missing" in unface("map", "mine.tsv")[2]
