"""Statements about many rows: every value is meant, and a connection keeps few of them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from index.store.sqlite.rows import ROWS_A_STATEMENT, parts_of

# 1, 2, 4, ... 256, 500.
FEW = 10


@given(st.lists(st.integers(), unique=True, max_size=3 * ROWS_A_STATEMENT))
def test_parts_mean_all_values_and_no_others(values: list[int]) -> None:
    parts = list(parts_of(values))
    assert [one for part in parts for one in dict.fromkeys(part)] == values
    assert all(len(part) <= ROWS_A_STATEMENT for part in parts)


def test_parts_of_any_number_of_values_have_few_lengths() -> None:
    """A connection keeps what it prepared for each of them, which takes tens of KiB."""
    lengths = {len(part) for count in range(2 * ROWS_A_STATEMENT) for part in parts_of(range(count))}
    assert len(lengths) <= FEW
