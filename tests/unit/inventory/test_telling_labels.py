"""Labels of the table of subjects that would tell who somebody is, and such as only resemble what a header holds."""

from pathlib import Path

import pytest

from unface.identity.patients import normalised
from unface.inventory.series import ScannedSeries
from unface.inventory.subjects import read_subjects
from unface.inventory.telling_labels import refuse_telling_labels
from unface.run.files import TableError


def scanned(patient: str, name: str, **more: str) -> ScannedSeries:
    header = {
        "PatientID": patient,
        "PatientName": name,
        "PatientBirthDate": "19630225",
        "StudyDate": "20190314",
        "StudyID": "1",
        **more,
    }
    return ScannedSeries(normalised(patient), "1.2", "1.2.3", "", {key: [value] for key, value in header.items()})


def is_refused(
    folder: Path, label: str, patient: str, name: str = "X", *, session: str = "first", ignore: str = "", **more: str
) -> bool:
    table = folder / "subjects.tsv"
    table.write_text(f"patient_id\tsubject\tsession\n{patient}\t{label}\t{session}\n", encoding="utf-8")
    try:
        refuse_telling_labels([scanned(patient, name, **more)], read_subjects(table), [ignore])
    except TableError:
        return True
    return False


@pytest.mark.parametrize(
    ("patient", "label"),
    [
        *(("0004821", label) for label in ("S4821", "4821", "0004821", "P04821", "s4821x", "S48210")),
        *(("0048213", label) for label in ("S48213", "48213", "C4821", "8213")),
        *(("821", label) for label in ("P821", "821", "0821")),
        *(("3", label) for label in ("3",)),
        *(("03", label) for label in ("03",)),
        *(("MRN-111222", label) for label in ("MRN111222", "S111222", "1222", "M1112")),
        *(("CTRL-7", label) for label in ("ctrl7", "CTRL07")),
        *(("18-04-77", label) for label in ("180477", "S180477")),
    ],
)
def test_an_id_in_another_form_is_refused(tmp_path: Path, patient: str, label: str) -> None:
    assert is_refused(tmp_path, label, patient)


@pytest.mark.parametrize(
    ("patient", "label"),
    [
        *(("0048213", label) for label in ("01", "001", "48", "482", "13", "S0482", "s213")),
        *(("MRN-111222", label) for label in ("01", "112", "S0111")),
        *(("CTRL-7", label) for label in ("07", "s7")),
        *(("12", label) for label in ("1", "2", "012", "112", "s120")),
        *(("3", label) for label in ("03", "P3", "S003", "33")),
        *(("0001", label) for label in ("p1", "01")),
    ],
)
def test_a_counter_is_taken_though_an_id_holds_its_digits(tmp_path: Path, patient: str, label: str) -> None:
    assert not is_refused(tmp_path, label, patient)


@pytest.mark.parametrize(("patient", "session"), [("20191", "2019"), ("20191", "01"), ("3", "3"), ("3", "03")])
def test_sessions_are_counted_and_named_by_years(tmp_path: Path, patient: str, session: str) -> None:
    assert not is_refused(tmp_path, "S01", patient, session=session)


@pytest.mark.parametrize(
    ("patient", "session"), [("821", "v821"), ("0048213", "48213b"), ("9", "14Mar2019"), ("9", "190314")]
)
def test_a_session_named_by_an_id_or_a_day_is_refused(tmp_path: Path, patient: str, session: str) -> None:
    assert is_refused(tmp_path, "S01", patient, session=session)


@pytest.mark.parametrize(
    ("name", "label"),
    [
        *(("DOE^JANE", label) for label in ("JD63", "jd1963", "DJ63", "63jd", "DoeJ", "JaneD2", "doe")),
        *(("Иванов^Пётр", label) for label in ("Ivanov", "iwanow1", "PetrI", "pi63")),
        *(("王^小明", label) for label in ("WangXiaoming", "wx63", "Wong01", "xiaoming")),
        *(("Li^Na", label) for label in ("Li01", "LiNa", "S01LI")),
        *(("李^娜", label) for label in ("Li01", "lina")),
        *(("Åström^Bo", label) for label in ("Astroem", "astrom1")),
        *(("김^철수", label) for label in ("KIM3", "gim3")),
        *(("ヤマダ^タロウ", label) for label in ("yamada", "TaroY")),
        *(("FEATHERSTONE^W", label) for label in ("ENOTSREHTAEF", "xfeatherstonex")),
    ],
)
def test_a_name_in_another_form_is_refused(tmp_path: Path, name: str, label: str) -> None:
    assert is_refused(tmp_path, label, "MRN111222", name)


@pytest.mark.parametrize("label", ["SaintElsewhere", "SaintElsewhereHospital1", "MRC67090", "elsewhereHospital"])
def test_a_hospital_or_a_device_is_refused(tmp_path: Path, label: str) -> None:
    table = tmp_path / "subjects.tsv"
    table.write_text(f"patient_id\tsubject\nMRN1\t{label}\n")
    series = [scanned("MRN1", "X", InstitutionName="Saint Elsewhere Hospital", StationName="MRC67090")]
    with pytest.raises(TableError):
        refuse_telling_labels(series, read_subjects(table), [])
    table.write_text("patient_id\tsubject\nMRN1\tprisma01\n")
    refuse_telling_labels([scanned("MRN1", "X", StationName="PRISMA")], read_subjects(table), [])


@pytest.mark.parametrize(
    ("name", "label"),
    [
        *(("DOE^JANE", label) for label in ("S01", "JD64", "janet", "d63")),
        *(("Li^Na", label) for label in ("S01", "lima1", "nano", "NC01")),
        *(("Ko^Se Hoon", label) for label in ("S01", "korea1", "seq1")),
        *(("Tse^Norm", label) for label in ("S01", "ts01")),
        *(("May^Rest", label) for label in ("mayor", "P7")),
    ],
)
def test_a_label_that_only_resembles_a_name_is_taken(tmp_path: Path, name: str, label: str) -> None:
    assert not is_refused(tmp_path, label, "MRN111222", name)


@pytest.mark.parametrize(
    ("field", "value", "label"),
    [
        ("InstitutionName", "Saint Elsewhere Hospital", "SaintElsewhereHospital"),
        ("PatientTelephoneNumbers", "+49 761 2709812", "497612709812"),
        ("DeviceSerialNumber", "158868483948325", "s158868483948325"),
        ("StationName", "MRC35042", "mrc35042a"),
    ],
)
def test_a_place_a_telephone_or_a_device_is_refused(tmp_path: Path, field: str, value: str, label: str) -> None:
    assert is_refused(tmp_path, label, "0004821", **{field: value})
    assert not is_refused(tmp_path, label, "0004821", ignore=value, **{field: value})
    assert not is_refused(tmp_path, "s01", "0004821", **{field: "MR 01"})


def test_what_the_settings_call_no_secret_is_taken(tmp_path: Path) -> None:
    assert not is_refused(tmp_path, "S4821", "0004821", ignore="0004821")
    assert not is_refused(tmp_path, "S4821", "0004821", ignore="s4821")
    assert not is_refused(tmp_path, "doe1", "77", "DOE^JANE", ignore="Doe")


def test_a_word_that_most_labels_share_is_the_projects_own(tmp_path: Path) -> None:
    series = [scanned(f"MRN{number}77123", "MAY^ANN" if number else "SMITH^JOHN") for number in range(5)]
    lines = ["patient_id\tsubject", *(f"MRN{number}77123\tmay{number + 1:02d}" for number in range(5))]
    table = tmp_path / "subjects.tsv"
    table.write_text("\n".join(lines) + "\n")
    refuse_telling_labels(series, read_subjects(table), [])
    table.write_text("\n".join(lines[:3]) + "\n")
    with pytest.raises(TableError, match="line 3: the subject"):
        refuse_telling_labels(series, read_subjects(table), [])


@pytest.mark.parametrize("label", ["7a68756765", "dHJvc2t0aHJ5"])
def test_a_surname_in_hexadecimal_or_base64_is_refused(tmp_path: Path, label: str) -> None:
    name = {"7a68756765": "ZHUGE^LIANG", "dHJvc2t0aHJ5": "TROSKTHRY^ANNA"}[label]
    assert is_refused(tmp_path, label, "MRN-0048213", name)
    assert not is_refused(tmp_path, label, "MRN-0048213", "OTHER^ONE")


def test_initials_are_told_by_the_year_where_the_name_cannot_be_read(tmp_path: Path) -> None:
    assert is_refused(tmp_path, "CN83", "MRN-0048213", "\\¨^çßq", PatientBirthDate="19830603")
    assert not is_refused(tmp_path, "CN84", "MRN-0048213", "\\¨^çßq", PatientBirthDate="19830603")
    assert not is_refused(tmp_path, "P83", "MRN-0048213", "\\¨^çßq", PatientBirthDate="19830603")


def test_a_name_in_an_undeclared_character_set_is_read(tmp_path: Path) -> None:
    header = "おもての^はな".encode("shift_jis").decode("latin-1")
    assert is_refused(tmp_path, "Omoteno", "MRN-0048213", header)
    assert not is_refused(tmp_path, "Yamada", "MRN-0048213", header)


@pytest.mark.parametrize("label", ["3jui21", "3juin21", "3jun21"])
def test_a_french_month_may_be_cut_after_three_letters(tmp_path: Path, label: str) -> None:
    assert is_refused(tmp_path, label, "MRN-0048213", StudyDate="20210603")
