"""Which fingers are worth a full comparison, by the votes of an index: the middle way between few and all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from index.arrays import Int64Array
from index.vector.protocol import Hits

# With such a lead the mate of a probe comes first: how often it did not is in docs/search.md. Without it, as where
# nobody is the mate or a finger was enrolled twice, the index is asked again, for more and looking farther.
CLEAR_LEAD: Final = 2.0
REACHES: Final = (0, 1, 2)


@dataclass(frozen=True, slots=True, eq=False)
class Shortlist:
    """reference_ids: int64 (n,), the likeliest first. scored_ids: int64 (m,), likewise, more that got a score.
    reach: how far the index looked. is_clear: the first led so clearly that nobody looked farther."""

    reference_ids: Int64Array
    scored_ids: Int64Array
    reach: int
    is_clear: bool


def shortlist(
    ask: Callable[[int, int], Hits],
    *,
    kept_count: int,
    clear_count: int,
    longest_count: int,
    scored_count: int = 0,
) -> Shortlist:
    """ask: the index for so many fingers, looking so far (EnrollmentDatabase.shortlist), one row. kept_count: fingers
    that are wanted at least. clear_count: fingers compared where one leads clearly. longest_count: fingers compared
    where none does. scored_count: so many that got a score are named."""
    longest = max(longest_count, kept_count)
    for reach in REACHES:
        count = longest if reach == REACHES[-1] else min(max(clear_count, kept_count), longest)
        hits = ask(max(count, scored_count), reach)
        found, scores = int(hits.counts[0]), hits.similarities[0]
        # Also before whom a filter leaves out: few that it allows would let nearly anybody lead.
        is_clear = found > 1 and bool(scores[0] >= CLEAR_LEAD * max(scores[1], hits.rival))
        if is_clear or (hits.proved[0] and found <= count):
            break
    ids = np.asarray(hits.reference_ids[0][:found], dtype=np.int64)
    scored = ids[: max(count, np.count_nonzero(scores[:found] > 0))] if scored_count else ids
    return Shortlist(ids[:count], scored, reach, is_clear)
