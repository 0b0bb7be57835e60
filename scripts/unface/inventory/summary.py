"""What an inventory says in the end."""

from dataclasses import dataclass

from unface.mapping import labels
from unface.run import unread
from unface.run.folders import A_FOLDER

MOST_RULES = 5
"""So many rules without effect are named, and the rest is counted."""


@dataclass(frozen=True)
class Summary:
    """What an inventory came to: counts, and the words that it ends with."""

    files: int
    dicom: int
    """Of the files: DICOM, copies included."""
    unused: dict[str, int]
    """What belongs to no series, by reason: files, and folders that cannot be read."""
    copies: int
    broken: int
    subjects: int
    sessions: int
    series: int
    groups: dict[str, int]
    """Protocol groups by what the mapping rules make of them."""
    own_rules: int
    """Mapping rules of the user, without those that come with unface."""
    idle_rules: tuple[int, ...]
    """Of these: the lines of those without effect on the cohort."""
    gone: int
    """Sessions of the last inventory that were not found again."""
    remapped: int
    """Sessions with another mapping than at the last inventory."""
    nameless: int
    """Studies without a patient ID."""
    unlisted: int
    """Patients who do not stand in the table of subjects."""
    doubtful: int
    """Patient IDs that belong to several people."""
    repeats: int
    """Acquisitions that repeat the name of another one of their session."""
    words: dict[str, int]
    """Words of headers that no list of words for labels holds, by what becomes of them (`label_words`)."""

    def __str__(self) -> str:
        files = {reason: count for reason, count in self.unused.items() if not reason.startswith(A_FOLDER)}
        other = ", ".join(f"{count} {reason}" for reason, count in sorted(files.items()))
        states = ", ".join(f"{count} {state}" for state, count in sorted(self.groups.items()))
        lines = [
            f"{self.files} files: {self.dicom} DICOM" + (f", {other}" if other else ""),
            f"{self.subjects} subjects, {self.sessions} sessions, {self.series} series",
            f"{sum(self.groups.values())} protocol groups: {states or 'none'}",
        ]
        notes = (
            (self.copies, "files are copies of others and are left out"),
            (self.broken, "DICOM files are not whole; their sessions will say so"),
            (self.nameless, "studies have no patient ID of their own; each counts as a subject"),
            (self.unlisted, "patients do not stand in the table of subjects and got labels from the key"),
            (
                self.doubtful,
                "patient IDs have more than one birth date or issuer, each of which counts as a subject: look at "
                "restricted/linkage.tsv, and join in the table of subjects who is one",
            ),
            (
                self.repeats,
                "acquisitions repeat the name of another one of their session (per_session in protocols.tsv): "
                "convert.repeats says whether all are kept as runs or the last",
            ),
            (self.gone, "sessions of the last inventory were not found again"),
            (
                self.remapped,
                "sessions have another mapping than at the last inventory and will be converted by it",
            ),
        )
        lines += [f"{count} {sentence}" for count, sentence in notes if count]
        lines += filter(None, [unread.note(self.unused), labels.note(self.words)])
        if self.idle_rules:
            more = len(self.idle_rules) - MOST_RULES
            where = ", ".join(map(str, self.idle_rules[:MOST_RULES])) + (f" and {more} more" if more > 0 else "")
            count = len(self.idle_rules)
            have = "has" if count == 1 else "have"
            lines.append(
                f"{count} of your {self.own_rules} mapping rules {have} no effect on this cohort: line {where}"
            )
        open_groups = self.groups.get("unmapped", 0) + self.groups.get("ambiguous", 0)
        if open_groups:
            lines.append(
                f"{open_groups} protocol groups wait for a name: `unface map` writes a table to fill in "
                "(for rules, see restricted/suggested_rules.yaml)"
            )
        lines.append("Look at protocols.tsv (restricted/protocols.tsv has names, too) before the next run.")
        return "\n".join(lines) + "\n"
