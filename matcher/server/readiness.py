"""Holds the use cases from the moment the index is verified."""

from __future__ import annotations

from matcher.assembly.use_cases import UseCases
from matcher.errors import NotServingError


class Readiness:
    """Holds the use cases from the moment the index is verified. Thread safe: it changes once."""

    def __init__(self) -> None:
        self._use_cases: UseCases | None = None

    def open(self, use_cases: UseCases) -> None:
        self._use_cases = use_cases

    def close(self) -> None:
        self._use_cases = None

    @property
    def is_open(self) -> bool:
        return self._use_cases is not None

    def get(self) -> UseCases:
        """Raises NotServingError."""
        use_cases = self._use_cases
        if use_cases is None:
            raise NotServingError("the index is not verified yet; try again later")
        return use_cases
