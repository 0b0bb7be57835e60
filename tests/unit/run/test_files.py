"""Whole files and tables: what is written, what is read of a user's table, what is refused."""

import stat
from pathlib import Path

import pytest

from unface.run.files import TableError, read_table, read_users_table, table_text, write_whole


def test_a_new_file_takes_the_place_of_an_old_one_and_its_permissions(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text("old")
    page.chmod(0o644)
    assert write_whole(page, "new", mode=0o600)
    assert page.read_text() == "new"
    assert stat.S_IMODE(page.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [page]


def test_a_file_that_would_not_change_stays_untouched(tmp_path: Path) -> None:
    table = tmp_path / "table.tsv"
    write_whole(table, "same")
    before = table.stat().st_mtime_ns
    assert not write_whole(table, "same")
    assert table.stat().st_mtime_ns == before


def test_cells_come_back_as_they_were_but_for_tabs_and_line_ends(tmp_path: Path) -> None:
    table = tmp_path / "table.tsv"
    write_whole(
        table, table_text(("name", "size"), [('6" tall', "a\\b"), {"name": "two\tcells", "size": "two\nlines"}])
    )
    assert table.read_text() == 'name\tsize\n6" tall\ta\\b\ntwo cells\ttwo lines\n'
    assert read_table(table) == [
        {"name": '6" tall', "size": "a\\b"},
        {"name": "two cells", "size": "two lines"},
    ]
    assert read_table(tmp_path / "absent.tsv") == []


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_a_users_table_may_have_a_byte_order_mark_padding_and_any_line_ends(tmp_path: Path, ends: str) -> None:
    table = tmp_path / "table.tsv"
    lines = ["subject\tgroup \t", ' A1\t"quoted', "A2\tc\t\t", "A3", ""]
    table.write_bytes(b"\xef\xbb\xbf" + ends.join(lines).encode())
    assert list(read_users_table(table, "subjects", ("subject",))) == [
        (2, {"subject": "A1", "group": '"quoted'}),
        (3, {"subject": "A2", "group": "c"}),
        (4, {"subject": "A3", "group": ""}),
    ]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"subject\nM\xfcller\n", "subjects: the file is not UTF-8 text"),
        (b"patient\nx\n", "subjects: the column subject is missing"),
        (b"subject,group\nA1,c\n", "the column subject is missing; the file is tab-separated"),
        (b"subject\tgroup\tgroup\nA1\tc\td\n", "two columns have the same name: group"),
        (b"subject\tgroup\nA1\tc\nA2\tc\tsecret\n", "line 3 has more cells than there are columns"),
    ],
)
def test_a_wrong_table_of_the_user_is_refused_without_quoting_it(tmp_path: Path, content: bytes, words: str) -> None:
    table = tmp_path / "table.tsv"
    table.write_bytes(content)
    with pytest.raises(TableError, match=words) as caught:
        list(read_users_table(table, "subjects", ("subject",), ("session",)))
    assert "secret" not in str(caught.value)
    assert "ller" not in str(caught.value)


def test_a_file_that_is_no_table_is_told_by_its_line(tmp_path: Path) -> None:
    table = tmp_path / "table.tsv"
    table.write_text("a\tb\n1\t" + "x" * 200_000 + "\n")
    with pytest.raises(TableError, match="subjects: line 2 has a cell longer than any table has"):
        list(read_users_table(table, "subjects", ["a"]))
