"""People who were never born, with identifiers that no text holds by chance, and every way to write them.

Names are made of syllables that no language has in this order, in eight scripts with their Latin spelling; some are as
short as people's names are, or are words that scanners write.
"""

import base64
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import NamedTuple

from demo.person import Person

_SYLLABLES = (
    *("quor", "vex", "zelm", "thry", "wub", "jynk", "plozz", "ghem", "dwix", "fyrn"),
    *("kwol", "zurp", "brax", "snyv", "klom", "dryf", "trosk", "vlim", "gwan", "jurb"),
)
_ALPHABETS = {
    "cyrillic": dict(zip("bvgdzklmnrstaoiu", "бвгдзклмнрстаоиу", strict=True)),
    "greek": dict(zip("vgdzklmnrstaoi", "βγδζκλμνρσταοι", strict=True)),
}
_EAST = {
    "chinese": (
        {"欧阳": "ouyang", "诸葛": "zhuge", "夏侯": "xiahou", "司徒": "situ", "王": "wang", "张": "zhang"},
        {"曦瑾": "xijin", "霖烨": "linye", "媛钰": "yuanyu", "轩晟": "xuansheng", "璐婧": "lujing", "哲涵": "zhehan"},
    ),
    # The second byte of some of these characters is a backslash in Shift-JIS.
    "japanese": (
        {"五十嵐": "igarashi", "小笠原": "ogasawara", "長谷川": "hasegawa", "能勢": "nose", "表野": "omoteno"},
        {"雄一郎": "yuuichirou", "千鶴子": "chizuko", "ソノ子": "sonoko", "健太郎": "kentarou", "十四郎": "toushirou"},
    ),
    "korean": (
        {"황보": "hwangbo", "선우": "seonu", "제갈": "jegal", "남궁": "namgung", "독고": "dokgo"},
        {"혜린": "hyerin", "준서": "junseo", "도윤": "doyun", "서현": "seohyeon", "민재": "minjae"},
    ),
}
SHORT = ("Li", "Ko", "Se", "Tse", "Kim", "Norm", "Row", "Sag", "May", "Rest", "Task", "Echo", "Dixon", "Head", "Vida")
"""Surnames that are words of scanners, too: they are not searched by themselves, and the joined name is."""
SCRIPTS = (
    *("plain", "plain", "accents", "hyphen", "apostrophe", "brackets", "particles", "short", "short"),
    *("cyrillic", "greek", "chinese", "japanese", "korean"),
)
CHARSETS = {
    "cyrillic": ("ISO_IR 144", "iso8859_5"),
    "greek": ("ISO_IR 126", "iso8859_7"),
    "chinese": ("GB18030", "gb18030"),
    "japanese": ("", "shift_jis"),
    "korean": ("", "euc_kr"),
}
"""The specific character set of DICOM, empty where no header declares it, and Python's name of the encoding."""
_MONTHS = {
    "English": "January February March April May June July August September October November December",
    "German": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "French": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
}


BY_CHANCE = {
    *("initials and year", "initials and short year", "surname and initial", "DDMMYY", "YYMMDD", "day of the year"),
    *("seconds since 1970", "behind a letter", "behind a letter, without zeros", "with a letter behind"),
}
"""Ways of writing that stand in a text about a whole cohort by chance, as it has thousands of people."""


class Writing(NamedTuple):
    """An identifier as somebody writes it."""

    what: str
    way: str
    text: str

    @property
    def is_certain(self) -> bool:
        """Whether it means this person in whatever text it stands: a short number may be anybody's."""
        return self.way not in BY_CHANCE and (self.what != "ID" or sum(map(str.isdigit, self.text)) >= 6)

    @property
    def squeezed(self) -> str:
        """Without what a label cannot hold."""
        return "".join(filter(str.isalnum, self.text))


def _clock_s(dice: random.Random) -> float:
    """When a study began; not in the minutes to which released times are moved, or it would meet them by chance."""
    return next(
        seconds + dice.randrange(10**5, 10**6) / 10**6
        for seconds in iter(lambda: dice.randrange(7 * 3600, 19 * 3600), None)
        if seconds // 60 not in (8 * 60, 14 * 60)
    )


class Victim(Person):
    """A patient of the demo with the names, numbers and days of this module."""

    def __init__(self, number: int, seed: str, vendor: str = "siemens", *, nameless: bool = False) -> None:
        self.dice = random.Random(seed)
        self._seed, self.nameless = seed, nameless
        day = date(2008, 1, 1) + timedelta(days=self.dice.randrange(5800))
        super().__init__(number, vendor, f"{day:%Y%m%d}")
        self.script = self.dice.choice(SCRIPTS)
        self._name = self._make_name()
        self._id = self._make_id()
        self.charset, self._encoding = CHARSETS.get(self.script, ("ISO_IR 192", "utf-8"))
        if self.script in CHARSETS and self.dice.random() < 0.4:
            self.charset, self._encoding = "ISO_IR 192", "utf-8"
        self._with_latin = self.script in CHARSETS and self.dice.random() < 0.4
        self.born = date(1930, 1, 1) + timedelta(days=self.dice.randrange(27000))
        self.clock_s = _clock_s(self.dice)
        self.hospital = f"Saint {self._word(8).capitalize()} Hospital"
        self.doctor = self._word(9)
        self.telephone = f"+49 {self.dice.randrange(201, 999)} {self.dice.randrange(10**6, 10**7)}"

    def _word(self, least: int) -> str:
        word = ""
        while len(word) < least:
            word += self.dice.choice(_SYLLABLES)
        return word

    def _make_name(self) -> tuple[str, str, str, str]:
        """Surname and given name in Latin letters, and both as the header has them."""
        if self.script in _EAST:
            names, given_names = _EAST[self.script]
            name, given = self.dice.choice(list(names)), self.dice.choice(list(given_names))
            return names[name], given_names[given], name, given
        if self.script in _ALPHABETS:
            letters = _ALPHABETS[self.script]
            consonants, vowels = (sorted(set(letters) & set(some)) for some in ("bvgdzklmnrst", "aoiu"))
            words = ["".join(self.dice.choice(consonants) + self.dice.choice(vowels) for _ in range(4)) for _ in "12"]
            foreign = ["".join(letters[letter] for letter in word).capitalize() for word in words]
            return words[0], words[1], foreign[0], foreign[1]
        name, given = self._word(9), self._word(8)
        if self.script == "short":
            name = self.dice.choice(SHORT)
            return name.lower(), given, name.upper(), given.upper()
        if self.script == "accents":
            marks = str.maketrans("aeouy", self.dice.choice(("äéöüý", "âèóûÿ", "áëøùy")))
            return name, given, name.translate(marks).capitalize(), given.translate(marks).capitalize()
        second = self._word(8)
        parts = {
            "plain": name.upper(),
            "hyphen": f"{name}-{second}".upper(),
            "apostrophe": f"O'{name}".upper(),
            "brackets": f"{name} (geb. {second})".upper(),
            "particles": f"van der {name}".upper(),
        }
        return name, given, parts[self.script], given.upper()

    def _make_id(self) -> str:
        dice = self.dice
        digits = str(dice.randrange(10**6, 10**7))
        return dice.choice(
            [
                f"000{digits}",
                f"MRN-0{digits}",
                f"{dice.choice('ABKX')}-{digits[:2]}-{digits[2:4]}-{digits[4:]}",
                f"{digits[:3]}-{digits[3:5]}-{digits[5:]}{dice.randrange(10, 99)}",
                f"{dice.choice('KQXZ')}{dice.choice('KQXZ')}{digits}",
                f"0{digits[:5]}",
                digits[:3],
            ]
        )

    @property
    def surname(self) -> str:
        return self._name[2]

    @property
    def given_name(self) -> str:
        return self._name[3]

    @property
    def patient_id(self) -> str:
        return self._id

    @property
    def birth_date(self) -> str:
        return f"{self.born:%Y%m%d}"

    @property
    def date(self) -> str:
        return self.study_date

    def time(self, after_s: float = 0) -> str:
        """A time of day (DICOM TM) so long after the study began."""
        return f"{datetime(2000, 1, 1) + timedelta(seconds=self.clock_s + after_s):%H%M%S.%f}"

    def again(self, seed: str) -> "Victim":
        """The same person at another visit, where the scanner was told no name."""
        other = Victim(self.number, self._seed, self.vendor, nameless=True)
        dice = random.Random(seed)
        day = datetime.strptime(self.study_date, "%Y%m%d") + timedelta(days=dice.randrange(90, 500))
        other.study_date, other.clock_s = f"{day:%Y%m%d}", _clock_s(dice)
        other.secrets = self.secrets
        return other

    @property
    def latin_name(self) -> str:
        """Surname and given name in Latin letters, as DICOM writes names."""
        return "^".join(self._name[:2]).upper()

    @property
    def name_in_header(self) -> bytes:
        """PatientName, perhaps with the Latin letters before the person's own, in the bytes of its character set."""
        if self.nameless:
            return b"ANONYMOUS "
        text = f"{self.latin_name}={self.name}" if self._with_latin else self.name
        return text.encode(self._encoding, "replace")

    @cached_property
    def writings(self) -> list[Writing]:
        """Every way in which this module writes the person's name, number, days and places."""
        named = [Writing("name", way, text) for way, text in self._names()]
        numbered = [Writing("ID", way, text) for way, text in self._numbers()]
        day = datetime.strptime(self.study_date, "%Y%m%d").date()
        days = [Writing("birth date", way, text) for way, text in _days(self.born)]
        days += [Writing("study date", way, text) for way, text in _days(day)]
        others = [
            Writing("telephone", "as it stands", self.telephone),
            Writing("telephone", "digits", self.telephone.replace(" ", "")[1:]),
            Writing("hospital", "as it stands", self.hospital),
            Writing("hospital", "joined", self.hospital.replace(" ", "")),
            Writing("hospital", "its own word", self.hospital.split(" ")[1]),
            Writing("physician", "as it stands", self.doctor.capitalize()),
            Writing("serial number", "as it stands", self.serial),
        ]
        return [*named, *numbered, *days, *others]

    def _names(self) -> Iterator[tuple[str, str]]:
        name, given, foreign, foreign_given = self._name
        year = self.born.year
        initials = given[0] + name[0]
        yield "joined", given + name
        yield "joined, surname first", name.capitalize() + given.capitalize()
        yield "given name", given.capitalize()
        yield "initials and year", f"{initials}{year}"
        yield "initials and short year", f"{initials.upper()}{year % 100:02d}"
        yield "surname and initial", f"{name}{given[0]}"
        if foreign != foreign.upper() or not foreign.isascii():
            yield "in its own script", foreign + foreign_given
        if self.script == "short":
            return
        yield from {
            "surname": name.capitalize(),
            "surname, capitals": name.upper(),
            "reversed": name[::-1],
            "base64": base64.b64encode(name.encode()).decode().rstrip("="),
            "hexadecimal": name.encode().hex(),
            "with a digit": f"{name}2",
            "behind a word": f"T1{name.capitalize()}",
            "initial and surname": f"{given[0].upper()}{name.capitalize()}",
        }.items()

    def _numbers(self) -> Iterator[tuple[str, str]]:
        joined = "".join(filter(str.isalnum, self._id))
        digits = "".join(filter(str.isdigit, self._id))
        yield "as it stands", self._id
        yield "joined", joined
        yield "digits", digits
        yield "without zeros", digits.lstrip("0")
        yield "behind a letter, without zeros", f"S{digits.lstrip('0')}"
        yield "behind a letter", f"p{digits}"
        yield "with a letter behind", f"{digits}x"


def _days(day: date) -> Iterator[tuple[str, str]]:
    year, month, number = day.year, day.month, day.day
    yield "YYYYMMDD", f"{day:%Y%m%d}"
    yield "DDMMYYYY", f"{day:%d%m%Y}"
    yield "MMDDYYYY", f"{day:%m%d%Y}"
    yield "DDMMYY", f"{day:%d%m%y}"
    yield "YYMMDD", f"{day:%y%m%d}"
    yield "with dashes", f"{day:%Y-%m-%d}"
    yield "with dots", f"{day:%d.%m.%Y}"
    yield "with slashes", f"{day:%m/%d/%Y}"
    yield "unpadded", f"{year}-{month}-{number}"
    yield "unpadded, short year", f"{number}.{month}.{year % 100:02d}"
    yield "unpadded, short year, month first", f"{month}/{number}/{year % 100:02d}"
    for language, names in _MONTHS.items():
        name = names.split(" ")[month - 1]
        yield language, f"{number} {name} {year}"
        yield f"{language}, joined", f"{number}{name}{year}"
        yield f"{language}, short", f"{number}{name[:3]}{year % 100:02d}"
    yield "English, month first", f"{_MONTHS['English'].split(' ')[month - 1]} {number}, {year}"
    yield "Japanese", f"{year}年{month}月{number}日"
    yield "day of the year", f"{day:%Y%j}"
    yield "seconds since 1970", str(abs(int(datetime(year, month, number, tzinfo=UTC).timestamp())))
    yield "a time behind it", f"{day:%Y%m%d}101112"


@dataclass(frozen=True)
class Planted:
    """A writing in a place."""

    place: str
    writing: Writing
    text: str
    """As it stands there."""
