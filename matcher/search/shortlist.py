"""Which fingers are worth a full comparison, by the votes of an index: the middle way between few and all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from index.arrays import Int64Array
from index.vector.protocol import Hits

# With such a lead the mate of a probe comes first: how often it did not is in docs/search.md. Without it, as where
# nobody is the mate or a finger was enrolled twice, the index is asked again, for more and looking farther.
CLEAR_LEAD = 2.0
# A probe of fewer minutiae, a small piece of a print, gives few votes: so many times as many fingers are compared.
SMALL_PROBE_COUNT = 20
SMALL_PROBE_FACTOR = 4


@dataclass(frozen=True, slots=True, eq=False)
class Shortlist:
    """reference_ids: int64 (n,), most votes first. is_clear: the first led so clearly that nobody looked farther."""

    reference_ids: Int64Array
    is_clear: bool


def shortlist(
    ask: Callable[[int], Hits], *, minutia_count: int, kept_count: int, clear_count: int, longest_count: int
) -> Shortlist:
    """ask: the index for so many fingers, one row. minutia_count: of the probe. kept_count: fingers that are wanted at
    least. clear_count: fingers compared where one leads clearly. longest_count: fingers compared where none does."""
    factor = SMALL_PROBE_FACTOR if minutia_count < SMALL_PROBE_COUNT else 1
    longest = max(factor * longest_count, kept_count)
    for count in sorted({min(max(clear_count, kept_count), longest), longest}):
        hits = ask(count)
        found, votes = int(hits.counts[0]), hits.similarities[0]
        is_clear = found > 1 and bool(votes[0] >= CLEAR_LEAD * votes[1])
        if is_clear:
            break
    return Shortlist(np.asarray(hits.reference_ids[0][:found], dtype=np.int64), is_clear)
