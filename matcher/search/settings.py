"""How far a search goes, and what it may keep in memory."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SearchSettings:
    """shortlist_count: fingers that the index proposes for full comparison; clear_shortlist_count where one leads
    clearly (shortlist.py). exhaustive_reference_limit: with at most this many allowed references every one is compared.
    prepared_cache_bytes: memory for prepared references."""

    shortlist_count: int = 500
    clear_shortlist_count: int = 50
    exhaustive_reference_limit: int = 1000
    prepared_cache_bytes: int = 256 * 1024 * 1024

    def compares_all(self, reference_count: int, *, exhaustive: bool) -> bool:
        """Whether a sample is compared with every finger that it may meet, so many, and the list of it is proved."""
        return exhaustive or reference_count <= self.exhaustive_reference_limit
