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
        ("name", "Иванов^Пётр"): ("ИВАНОВ", "иванов"),
        ("date", "19850317"): (
            *("19850317", "17031985", "03171985", "1985-03-17", "1985 03 17", "17.03.1985", "03/17/1985", "17.03.85"),
            *("17mar85", "17MAR1985", "17-mar-1985", "1985mar17", "T1on17Mar1985"),
        ),
        ("date", "20190314"): ("20190314", "T1on14Mar2019"),
        ("id", "123-45-6789"): ("123-45-6789", "123 45 6789", "123.45.6789", "123456789", "id 123-456789"),
        ("id", "MRN-77123"): ("mrn77123", "MRN 77123"),
    }
)
IN_HEADERS = _examples(
    {
        ("name", "山田^太郎"): ("山田",),
        ("date", "19850317"): (
            *("17.3.1985", "3/17/1985", "1985/3/17", "17. märz 1985", "mar 17, 1985", "march 17 1985"),
        ),
        ("uid", "1.3.12.2.1107.5.2.43.67090.2019041709123456"): ("1.3.12.2.1107.5.2.43.67090.2019041709123456",),
        ("other", "SAINT_ELSEWHERE"): ("SAINT_ELSEWHERE hospital",),
    }
)
"""Found in headers and by the audit: a label has none of these separators, and names no UID and no hospital."""
IN_LABELS = _examples(
    {
        ("name", "Sørensen^Bo"): ("xSoerensen",),
        ("date", "19850317"): ("170385", "19850317101112"),
        ("date", "20190314"): ("140319",),
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
        ("id", "A-77-12"): ("mr 77 12",),
        ("id", "123-45-6789"): ("123-45-6780",),
        ("uid", "1.3.12.2.1107.5.2.43.67090.2019041709123456"): ("1.3.12.2.1107.5.2.43.67090.2019041709123457",),
    }
)
"""Found by none."""
