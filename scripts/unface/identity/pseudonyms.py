"""The key of a cohort, and what is derived from it: labels, UIDs and day shifts.

Everything here is a keyed HMAC-SHA256 of a source value. It depends on the key alone, so every node and every run
derives the same pseudonym with no shared state, and nobody without the key can go back or test a guess.
"""

import base64
import hmac
import os
import secrets
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

KEY_BYTES = 32
LABEL_LENGTH = 10
"""Characters: a letter of 16 and nine of base 32, 49 bits, so that 10,000 labels collide once in 10 million cohorts."""
LABEL_BYTES = 10
"""Of a digest, as many as base 32 makes whole characters of."""

SHIFT_MIN_DAYS = 63_700
SHIFT_RANGE_DAYS = 7_305
"""Moves any date of 1980-2099 to 1925 or before, as BIDS asks, by an amount that 20 years of guesses do not hit."""

STANDARD_UID_ROOT = "1.2.840.10008."
"""How the standard's own UIDs begin (PS3.6 A)."""


class BadKeyError(ValueError):
    """The key file is not a key that unface made."""


@dataclass(frozen=True)
class Key:
    """The secret of one cohort. Its bytes are never printed."""

    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.secret) != KEY_BYTES:
            raise BadKeyError(f"a key has {KEY_BYTES} bytes, this one has {len(self.secret)}")

    @classmethod
    def load(cls, path: Path) -> "Key":
        """Read a key file.

        Parameters
        ----------
        path
            Of a file with 64 hexadecimal digits.

        Returns
        -------
        Key
            The key.

        Raises
        ------
        BadKeyError
            If the file holds anything else.
        """
        try:
            return cls(bytes.fromhex(path.read_text(encoding="ascii").strip()))
        except (UnicodeDecodeError, ValueError) as error:
            raise BadKeyError(
                "the key file is damaged: it must hold 64 hexadecimal digits. Restore it from a copy; "
                "a new key would give every subject a new pseudonym"
            ) from error

    @classmethod
    def load_or_make(cls, path: Path) -> "Key":
        """Read the key, or make one where there is none.

        Two that make it at once agree on one key.

        Parameters
        ----------
        path
            Of the key file; a new one is its owner's alone (mode 0600).

        Returns
        -------
        Key
            The key.
        """
        if not path.exists():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            mine = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
            with os.fdopen(os.open(mine, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
                file.write(secrets.token_hex(KEY_BYTES) + "\n")
                file.flush()
                os.fsync(file.fileno())
            try:
                os.link(mine, path)
            except FileExistsError:
                pass
            except OSError:
                # A file system without hard links: the first maker's file stands, if there are two at once.
                if not path.exists():
                    mine.replace(path)
            finally:
                mine.unlink(missing_ok=True)
        return cls.load(path)

    def digest(self, purpose: str, value: str) -> bytes:
        """HMAC-SHA256 of a value.

        Parameters
        ----------
        purpose
            Keeps two uses of one value apart.
        value
            What the digest stands for.

        Returns
        -------
        bytes
            32 of them.
        """
        return hmac.digest(self.secret, f"{purpose}\0{value}".encode("utf-8", "surrogateescape"), "sha256")

    def label(self, purpose: str, value: str) -> str:
        """A BIDS label that stands for a value.

        Parameters
        ----------
        purpose
            Keeps two uses of one value apart.
        value
            What the label stands for.

        Returns
        -------
        str
            A letter and nine base-32 characters in lower case, so never digits alone.
        """
        digest = self.digest(purpose, value)
        text = base64.b32encode(digest[:LABEL_BYTES]).decode("ascii").lower()
        letter = "abcdefghijklmnop"[digest[-1] % 16]
        return letter + text[: LABEL_LENGTH - 1]

    def subject(self, identity: str) -> str:
        """A subject's label.

        Parameters
        ----------
        identity
            What tells the subject from all others: patient ID, and what a table or a header adds to it.

        Returns
        -------
        str
            Ten characters.
        """
        return self.label("subject", identity)

    def session(self, identity: str, day: str) -> str:
        """A session's label.

        Parameters
        ----------
        identity
            Of the subject.
        day
            What sets the session apart from the subject's others: its day or study.

        Returns
        -------
        str
            Six characters.
        """
        return self.label("session", f"{identity}\0{day}")[:6]

    def shift_days(self, identity: str) -> int:
        """By how many days the dates of a subject are shifted.

        Parameters
        ----------
        identity
            Of the subject.

        Returns
        -------
        int
            Days to add; negative, and the same for all of the subject's sessions.
        """
        number = int.from_bytes(self.digest("shift", identity)[:8], "big")
        return -(SHIFT_MIN_DAYS + number % SHIFT_RANGE_DAYS)

    def uid(self, uid: str) -> str:
        """A UID that stands for a UID of the source.

        Parameters
        ----------
        uid
            Of the source.

        Returns
        -------
        str
            Under 2.25 (PS3.5 B.2); the standard's own UIDs and an empty one stay as they are.
        """
        return _uid(self, uid)


@lru_cache(maxsize=65_536)
def _uid(key: Key, uid: str) -> str:
    if not uid or uid.startswith(STANDARD_UID_ROOT):
        return uid
    return f"2.25.{int.from_bytes(key.digest('uid', uid)[:16], 'big')}"
