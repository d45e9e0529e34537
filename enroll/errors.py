"""Errors of batch enrollment.

EnrollError
├── ManifestError     a row or file of the backlog is wrong; carries the row number (0: the whole file)
└── TargetError       the server or database cannot be reached; nothing is lost, run the same command again
"""


class EnrollError(Exception):
    """Base of every error raised by the enroll package."""


class ManifestError(EnrollError):
    """A row or file of the backlog is wrong. row_number from 1, 0 for the whole file."""

    def __init__(self, message: str, *, row_number: int = 0) -> None:
        super().__init__(message)
        self.row_number = row_number


class TargetError(EnrollError):
    """The server or database cannot be reached; run the same command again."""
