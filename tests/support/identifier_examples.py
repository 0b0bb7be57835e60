"""Identifiers and texts that hold them, or only resemble them: one table for every search, which share no code.

The searches differ in what they look at. A label has no spaces and few separators, so that words end where its letters
change; a header is long, so that a part of a word would be found in it by chance; the audit sees all that leaves.
"""

from typing import NamedTuple


class Example(NamedTuple):
    """A value of an identifier as a raw header has it, and a text."""

    kind: str
    value: str
    text: str

    @property
    def identifiers(self) -> dict[str, list[str]]:
        return {self.kind: [self.value]}


def _examples(rows: dict[tuple[str, str], tuple[str, ...]]) -> list[Example]:
    return [Example(kind, value, text) for (kind, value), texts in rows.items() for text in texts]


FOUND_BY_ALL = _examples(
    {
        ("name", "DOE^JANE"): ("DOE^JANE", "Jane Doe", "Doe, Jane", "scan of Jane", "janedoe", "JDoe", "t1 jdoe2"),
        ("name", "Doe^Jane"): ("Jane2", "T1Jane"),
        ("name", "LI^NA"): ("lina", "LiNa", "li_na"),
        ("name", "O'DEA^LI"): ("ODea",),
        ("name", "MÜLLER^JÜRGEN"): ("Müller", "mueller", "muller", "juergen"),
        ("name", "Sørensen^Åse"): ("head of sorensen 1 mm", "soerensen"),
        ("name", "Łuszcz^Michał"): ("luszcz",),
        ("name", "Åström^Bo"): ("Astroem", "astrom", "aastroem"),
        ("name", "Иванов^Пётр"): ("ИВАНОВ", "иванов", "Ivanov", "iwanow", "Ivanoff", "PetrIvanov", "Pyotr", "PIvanov"),
        ("name", "Щербаков^Дмитрий"): ("Shcherbakov", "schtscherbakow", "Dmitry", "dmitrij"),
        ("name", "Παπαδημας^Νικος"): ("Papadimas", "nikos"),
        ("name", "王^小明"): ("WangXiaoming", "xiaoming", "Wang Xiaoming", "Wong", "王小明"),
        ("name", "王小明"): ("wang", "xiaoming wang"),
        ("name", "김^철수"): ("Kim", "cheolsu", "kimcheolsu"),
        ("name", "山田^太郎"): ("Yamada",),
        ("name", "ヤマダ^タロウ"): ("Yamada Taro", "tarou"),
        ("date", "19850317"): (
            *("19850317", "17031985", "03171985", "1985-03-17", "1985 03 17", "17.03.1985", "03/17/1985", "17.03.85"),
            *("17mar85", "17MAR1985", "17-mar-1985", "1985mar17", "T1on17Mar1985", "17mars1985", "17 März 1985"),
            *("19850317101112", "1985076", "479865600", "1985年3月17日", "昭和60年3月17日"),
        ),
        ("date", "19840203"): ("3 février 1984", "3fevrier1984", "February 3, 1984", "3. Februar 84"),
        ("date", "20190314"): ("20190314", "T1on14Mar2019"),
        ("id", "123-45-6789"): ("123-45-6789", "123 45 6789", "123.45.6789", "123456789", "id 123-456789"),
        ("id", "MRN-77123"): ("mrn77123", "MRN 77123"),
        ("id", "MRN-0048213"): ("0048213", "mr 0048213"),
        ("id", "A-77-12-99"): ("77 12 99", "771299"),
    }
)
IN_HEADERS = _examples(
    {
        ("name", "山田^太郎"): ("山田",),
        ("date", "19850317"): (
            *("17.3.1985", "3/17/1985", "1985/3/17", "1985-3-17", "17. märz 1985", "mar 17, 1985", "march 17 1985"),
            *("17-3-85", "17.3.85", "3/17/85", "85-03-17", "85-3-17", "17 mars 1985"),
        ),
        ("uid", "1.3.12.2.1107.5.2.43.67090.2019041709123456"): ("1.3.12.2.1107.5.2.43.67090.2019041709123456",),
        ("other", "SAINT_ELSEWHERE"): ("SAINT_ELSEWHERE hospital",),
    }
)
"""Found in headers and by the audit: a label has none of these separators, and names no UID and no hospital."""
IN_LABELS = _examples(
    {
        ("name", "Sørensen^Bo"): ("xSoerensen", "nesneros"),
        ("date", "19850317"): ("170385", "85317", "85076", "s600317"),
        ("date", "20190314"): ("140319",),
        ("id", "0048213"): ("S48213", "s0048213"),
        ("id", "0004821"): ("S4821", "P4821"),
    }
)
"""Found in labels and by the audit: in a header a part of a word or a number is no alarm."""
RESEMBLING = _examples(
    {
        ("name", "DOE^JANE"): ("does", "Janet"),
        ("name", "LI^NA"): ("linear", "Alina"),
        ("name", "MAY^ANN"): ("Mayo1 Hanna", "Mayo", "Annual"),
        ("name", "Sørensen^Åse"): ("somebody",),
        ("date", "19850317"): ("18.03.1985", "1985-03-18", "17 marks", "b1985", "2.17.3.85.1"),
        ("name", "王^小明"): ("wangle", "小声"),
        ("name", "Иванов^Пётр"): ("ivy",),
        ("id", "A-77-12"): ("mr 77 12",),
        ("id", "0048213"): ("s13", "482", "148213"),
        ("id", "123-45-6789"): ("123-45-6780",),
        ("uid", "1.3.12.2.1107.5.2.43.67090.2019041709123456"): ("1.3.12.2.1107.5.2.43.67090.2019041709123457",),
    }
)
"""Found by none."""
