"""Writes `romanised.tsv`: letters of other scripts, each with how it is written in Latin letters.

Source: anyascii 0.3.3 (ISC license), which this program alone needs: `pip install anyascii` into an environment of its
own, then `python resources/write_romanised.py`.
"""

import unicodedata
from pathlib import Path

from anyascii import anyascii

SCRIPTS = ((0x0370, 0x1C80), (0x3040, 0x3100), (0x4E00, 0xA000))
"""From Greek to the scripts of Asia, the parts of Hangul among them; kana; Chinese characters."""


def main() -> None:
    """Write the table."""
    letters: dict[str, list[str]] = {}
    for first, end in SCRIPTS:
        for letter in map(chr, range(first, end)):
            latin = "".join(filter(str.isalpha, anyascii(letter))).lower()
            # What Unicode itself takes apart needs no row.
            of_a_script = unicodedata.category(letter)[0] in "LM"
            if latin and of_a_script and not unicodedata.normalize("NFKD", letter).isascii():
                letters.setdefault(latin, []).append(letter)
    lines = ["# Letters of other scripts and how Latin letters write them (anyascii 0.3.3, write_romanised.py)."]
    lines += ["latin\tletters", *(f"{latin}\t{''.join(letters[latin])}" for latin in sorted(letters))]
    Path(__file__).with_name("romanised.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
