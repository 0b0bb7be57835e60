"""Words of headers that no list holds: left out, neutral, or as a person confirmed them; the same in every session."""

from collections.abc import Sequence
from pathlib import Path

import pydicom
import pytest

from tests.support.converted_sessions import convert, take_in
from tests.support.dicom_factory import write_mosaics, write_series
from unface.identity.pseudonyms import Key
from unface.inventory.inventory import collect
from unface.inventory.label_words import decide, named, neutral, read_confirmed, table
from unface.inventory.protocol_groups import InventoriedAcquisition
from unface.inventory.scan import scan
from unface.inventory.summary import Summary
from unface.mapping.rules import Rules, load
from unface.run.files import TableError, read_table
from unface.run.layout import Layout
from unface.run.sessions import SessionId
from unface.run.settings import SHIPPED_RULES

KEY = Key(bytes(range(32)))
NO_RULES = Rules(())


def names(*sessions: Sequence[str], confirmed: dict | None = None, rules: Rules = NO_RULES) -> list[list[str]]:
    """The names of a cohort's series by sessions, of which each has protocols in ReproIn's manner."""
    acquisitions = [
        InventoriedAcquisition(SessionId(f"s{index}", "x"), ("s001",), fields, rules.decide(fields))
        for index, protocols in enumerate(sessions)
        for fields in ({"ProtocolName": protocol} for protocol in protocols)
    ]
    labels = decide(acquisitions, confirmed or {}, KEY)
    found = [named(acquisition, labels) for acquisition in acquisitions]
    return [
        [item.match.name for item in found if item.session.subject == f"s{index}"] for index in range(len(sessions))
    ]


def test_a_word_that_tells_nothing_apart_is_left_out() -> None:
    assert names(["anat-T1w_acq-Ivanov", "func_task-Anna"], ["anat-T1w_acq-IVANOV"]) == [
        ["anat/T1w", "func/task-unnamed_bold"],
        ["anat/T1w"],
    ]


def test_two_unknown_tasks_stay_apart_by_the_same_neutral_labels_in_every_session() -> None:
    first, second = names(["func_task-Anna", "func_task-Berta"], ["func_task-BERTA", "func_task-anna"])
    assert len(set(first)) == 2
    assert first == second[::-1]
    assert "anna" not in str(first).casefold()


def test_neutral_labels_stay_when_the_cohort_grows() -> None:
    before = names(["func_task-Anna", "func_task-Berta"])
    after = names(["func_task-Anna", "func_task-Berta"], ["func_task-Cecilia", "anat-T1w"])
    assert after[0] == before[0]
    assert len({*after[0], after[1][0]}) == 3


def test_what_has_no_word_is_no_run_of_what_has_one() -> None:
    ((with_word, without),) = names(["anat-T1w_acq-Ivanov", "anat-T1w"])
    assert (with_word, without) == (f"anat/acq-{neutral(KEY, 'ivanov')}_T1w", "anat/T1w")


def test_a_word_has_one_label_everywhere_so_that_a_run_and_its_reference_belong_together() -> None:
    ((bold, _, reference),) = names(["func_task-Anna", "func_task-Berta", "func-sbref_task-Anna"])
    assert reference == bold.replace("_bold", "_sbref")


def test_a_name_over_two_labels_leaves_nothing() -> None:
    assert names(["func_task-schwarzen_acq-berg"]) == [["func/task-unnamed_bold"]]
    ((first, second),) = names(["func_task-schwarzen_acq-berg", "func_task-schwarzen_acq-feld"])
    assert first != second
    assert "task-unnamed" in first
    assert "berg" not in first + second


def test_spellings_of_a_known_word_are_one_label() -> None:
    found = names(["func_task-Rest"], ["func_task-REST"], ["func_task-goNoGo"], ["func_task-gonogo"])
    assert [name for (name,) in found] == ["func/task-rest_bold"] * 2 + ["func/task-goNoGo_bold"] * 2


def test_a_neutral_label_tells_nothing_and_is_no_name_by_chance() -> None:
    labels = [neutral(KEY, f"word{number}") for number in range(500)]
    assert len(set(labels)) == 500
    assert all(label[0] == "x" and label[1::2].isdigit() and label[2::2].isalpha() for label in labels)
    assert neutral(Key(b"k" * 32), "word1") != labels[1]


def test_a_confirmed_word_has_the_label_that_a_person_gave_it() -> None:
    confirmed = {("task", "anna"): "anna", ("task", "berta"): "second", ("acq", "ivanov"): ""}
    protocols = ["func_task-Anna", "func_task-Berta", "anat-T1w_acq-Ivanov"]
    assert names(protocols, confirmed=confirmed) == [["func/task-anna_bold", "func/task-second_bold", "anat/T1w"]]


def test_a_rule_that_waits_for_the_conversion_has_labels_for_its_words_too(tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text(
        "rules:\n- {name: r, datatype: func, suffix: bold, criteria: {PhaseEncodingDirection: j-},"
        ' entities: {task: {field: ProtocolName, regex: "task (.+)"}}}\n'
    )
    rules = load(tmp_path / "rules.yaml")
    items = [
        InventoriedAcquisition(SessionId("s", "x"), (f"s{number}",), fields, rules.decide(fields))
        for number, fields in enumerate({"ProtocolName": f"task {word}"} for word in ("Anna", "Berta"))
    ]
    labels = decide(items, {}, KEY)
    assert labels.by_word == {("task", word): neutral(KEY, word) for word in ("anna", "berta")}
    (waiting,) = named(items[0], labels).decision.waiting
    assert waiting.entities == {"task": neutral(KEY, "anna")}


def test_a_copy_of_the_table_confirms_what_is() -> None:
    fields = [{"ProtocolName": name} for name in ("func_task-Anna", "func_task-Berta", "anat-T1w_acq-Ivanov")]
    items = [InventoriedAcquisition(SessionId("s", "x"), ("s001",), entry, NO_RULES.decide(entry)) for entry in fields]
    labels = decide(items, {}, KEY)
    rows = table(items, labels, {})
    assert [(row["word"], row["entity"], row["becomes"]) for row in rows] == [
        ("ivanov", "acq", "left out"),
        ("anna", "task", "a neutral label"),
        ("berta", "task", "a neutral label"),
    ]
    copied = {(row["entity"], row["word"]): row["label"] for row in rows}
    assert decide(items, copied, KEY) == labels


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ("Anna\ttask\tfirst-task\n", "line 2: a label holds letters and digits only"),
        ("x\ttask\ta\nAnna\ttusk\tb\n", "line 3: there is no such entity"),
        ("Anna\ttask\ta\nANNA\ttask\tb\n", "line 3: the word of line 2 has another label there"),
        ("-\ttask\ta\n", "line 2: word is empty"),
    ],
)
def test_a_wrong_table_of_confirmed_words_is_refused_by_its_line_and_without_its_words(
    tmp_path: Path, rows: str, told: str
) -> None:
    path = tmp_path / "words.tsv"
    path.write_text(f"word\tentity\tlabel\n{rows}")
    with pytest.raises(TableError, match=told) as refused:
        read_confirmed(path)
    assert "anna" not in str(refused.value).casefold()


def call(paths: Sequence[Path], protocol: str, description: str) -> None:
    for path in paths:
        ds = pydicom.dcmread(path)
        ds.SpecificCharacterSet = "ISO_IR 192"
        ds.ProtocolName, ds.SeriesDescription = protocol, description
        ds.save_as(path)


def cohort(folder: Path) -> Path:
    """Two people with a functional run and a T1w each, whose protocols hold what tells of people."""
    for number, (task, acq) in enumerate((("Mueller", "JD63"), ("Sommer", "Иванов"))):
        paths, _ = write_mosaics(folder / f"f{number}", number)
        call(paths, f"ep2d_bold_task_{task}", "bold")
        paths, _ = write_series(folder / f"t{number}", number, series_number=9, rare=False)
        call(paths, f"anat-T1w_acq-{acq}", "t1")
    return folder


def test_no_word_of_a_header_reaches_a_name_or_a_table_outside_restricted(tmp_path: Path) -> None:
    layout = take_in(cohort(tmp_path / "raw"), tmp_path / "results")
    sessions = convert(layout)
    public = layout.protocol_groups.read_text() + layout.sessions.read_text()
    for session in sessions:
        public += "\n".join(str(path.relative_to(session.bids)) for path in session.bids.rglob("*"))
        public += "".join(path.read_text() for path in session.bids.rglob("*.tsv"))
        public += "".join(path.read_text() for path in session.bids.rglob("*.json"))
        public += " ".join(session.outcome.notes)
        assert session.outcome.state == "ok"
        assert any("restricted/label_words.tsv" in note for note in session.outcome.notes)
    assert [word for word in ("mueller", "sommer", "jd63", "иванов") if word in public.casefold()] == []
    written = {tuple(session.names()) for session in sessions}
    shown = {row["result"].split("/")[1] for row in read_table(layout.protocol_groups)}
    assert {name for names_of_session in written for name in names_of_session} == shown
    assert len(written) == 2


def inventory(folder: Path, words: str = "", ignore: Sequence[str] = ()) -> tuple[Layout, Summary]:
    layout, confirmed = Layout(folder / "results"), folder / "words.tsv"
    confirmed.write_text(f"word\tentity\tlabel\n{words}", encoding="utf-8")
    scan(folder / "raw", layout, 0, 1)
    scans = [layout.scan("0")]
    return layout, collect(scans, layout, KEY, None, SHIPPED_RULES, confirmed=confirmed, ignore=ignore)


def test_the_inventory_says_what_labels_do_not_hold_and_converts_anew_what_a_person_confirms(tmp_path: Path) -> None:
    cohort(tmp_path / "raw")
    layout, summary = inventory(tmp_path)
    assert "3 words of protocol names stand in no list for labels: 0 are left out, 3 are neutral labels" in str(summary)
    before = layout.read_mappings()
    layout, summary = inventory(tmp_path, "Sommer\ttask\tsummer\n")
    assert "2 words of protocol names" in str(summary)
    assert summary.remapped == 1
    assert len(before.items() & layout.read_mappings().items()) == 1
    (row,) = [row for row in read_table(layout.label_words) if row["word"] == "sommer"]
    assert (row["label"], row["becomes"]) == ("summer", "as convert.label_words says")
    assert layout.label_words.stat().st_mode & 0o077 == 0
    assert "func/task-summer_bold" in [row["result"] for row in read_table(layout.protocol_groups)]


def test_a_confirmed_label_that_is_somebodys_name_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    paths, _ = write_mosaics(tmp_path / "raw")
    call(paths, "ep2d_bold_task_Quillfeather", "bold")
    for path in paths:
        ds = pydicom.dcmread(path)
        ds.PatientName = "QUILLFEATHER^ANN"
        ds.save_as(path)
    words = "x\ttask\tsecond\nQuillfeather\ttask\tquillfeather\n"
    with pytest.raises(TableError, match=r"convert.label_words: the label of line 3 holds a name") as refused:
        inventory(tmp_path, words)
    assert "quillfeather" not in str(refused.value).casefold()
    assert not Layout(tmp_path / "results").sessions.exists()
    assert inventory(tmp_path, words, ignore=["quillfeather"])[1].subjects == 1
