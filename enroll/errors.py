"""Errors of batch enrollment.

EnrollError
├── ManifestError     a row, a file or the backlog as a whole cannot be used
├── ResultsError      the results file cannot be written
└── TargetError       the server or database did not answer; nothing is lost, run the same command again
"""

from __future__ import annotations

from enroll.messages import backlog_text


class EnrollError(Exception):
    """Base of every error raised by the enroll package."""


class ManifestError(EnrollError):
    """A row, a file or the whole backlog cannot be used. code: its name in enroll.messages, "" where there is none."""

    def __init__(self, message: str, *, code: str = "") -> None:
        super().__init__(message)
        self.code = code


class ResultsError(EnrollError):
    """The results file cannot be written, or is a file of another kind."""


class TargetError(EnrollError):
    """The target did not answer. is_retriable: the same call may succeed in a while. try_count: how often a call is
    worth trying, None for the usual number."""

    def __init__(self, message: str, *, is_retriable: bool = True, try_count: int | None = None) -> None:
        super().__init__(message)
        self.is_retriable = is_retriable
        self.try_count = try_count


def refusal(code: str, language: str, **values: object) -> ManifestError:
    """The ManifestError of a text."""
    return ManifestError(backlog_text(code, language, **values), code=code)
