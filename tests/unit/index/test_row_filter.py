"""Every way of marking allowed rows marks the same ones as np.isin."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from index.vector.quantized import row_filter
from index.vector.quantized.row_filter import NO_FILTER, RowFilter, row_mask


@settings(max_examples=150, deadline=None)
@given(
    seed=st.integers(0, 2**31),
    row_count=st.integers(0, 400),
    allowed_count=st.integers(0, 400),
    largest=st.sampled_from([450, 5_000, 2**40]),
    ascending=st.booleans(),
)
def test_marked_rows_are_the_allowed_ones(seed, row_count, allowed_count, largest, ascending) -> None:
    rng = np.random.default_rng(seed)
    ids = np.unique(rng.integers(1, largest, row_count))
    if not ascending:
        ids = rng.permutation(ids)
    strangers = rng.integers(1, largest, allowed_count)
    allowed = np.unique(np.concatenate([strangers, rng.permutation(ids)[: allowed_count // 8]]))
    words = RowFilter(allowed).words(ids, ascending=ascending)
    np.testing.assert_array_equal(row_mask(words, ids.size), np.isin(ids, allowed))


@settings(max_examples=60, deadline=None)
@given(first=st.integers(1, 300), count=st.integers(1, 300), low=st.integers(1, 500), high=st.integers(1, 500))
def test_consecutive_ids_are_marked_like_any_others(first, count, low, high) -> None:
    ids, allowed = np.arange(first, first + count), np.arange(min(low, high), max(low, high) + 1, 2)
    words = RowFilter(allowed).words(ids, ascending=True)
    np.testing.assert_array_equal(row_mask(words, count), np.isin(ids, allowed))


def test_sparse_ids_need_no_table(monkeypatch) -> None:
    monkeypatch.setattr(row_filter, "TABLE_BYTES_FREE", 0)
    ids, allowed = np.arange(1, 1000) * 7919, np.arange(1, 1000, 2) * 7919
    words = RowFilter(allowed).words(ids, ascending=True)
    np.testing.assert_array_equal(row_mask(words, ids.size), np.isin(ids, allowed))


def test_without_a_filter_every_row_is_searched() -> None:
    assert row_mask(NO_FILTER, 70).all()
