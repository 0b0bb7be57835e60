"""What is wrong with a dataset, and whom it concerns."""

from dataclasses import dataclass

from unface.run.outcome import Reason
from unface.run.sessions import SessionId


@dataclass(frozen=True)
class Problem:
    """A reason to withhold something of a dataset.

    Attributes
    ----------
    reason : Reason
        With a code of `run.outcome.REASONS`.
    subject, session : str or None
        Labels. Without a session it concerns all of the subject, without both the whole dataset.
    """

    reason: Reason
    subject: str | None = None
    session: str | None = None

    def concerns(self, session: SessionId) -> bool:
        """Whether a session has to be withheld for it.

        Parameters
        ----------
        session
            Of the dataset.

        Returns
        -------
        bool
            True for every session if it concerns the whole dataset.
        """
        return (self.subject, self.session) in (session, (session.subject, None), (None, None))
