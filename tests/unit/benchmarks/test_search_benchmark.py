"""The search benchmark on a small gallery: its figures are there, and it notices a wrong list."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks.__main__ import main
from benchmarks.speed.search_oracle import exhaustive_lists
from benchmarks.speed.search_sets import SETS, make_set
from index.vector.exact import ExactIndex
from index.vector.quantized.index import QuantizedIndex

SMALL = ["--size", "1500", "--dim", "64", "--probes", "64", "--timed", "3", "--batches", "1"]


@pytest.mark.parametrize("name", sorted(SETS))
def test_the_blockwise_oracle_is_the_oracle(name: str) -> None:
    one_set = make_set(name, size=900, dim=48, probe_count=12, seed=3)
    oracle = ExactIndex(48)
    for block in one_set.blocks():
        oracle.add(np.arange(len(oracle) + 1, len(oracle) + 1 + len(block)), block)
    expected = oracle.search(one_set.probes, 20).reference_ids
    np.testing.assert_array_equal(exhaustive_lists(one_set.blocks(), one_set.probes, 20), expected)


def test_sets_are_seeded_unit_vectors() -> None:
    for name in SETS:
        first, again = (make_set(name, size=300, dim=32, probe_count=10, seed=5) for _ in range(2))
        np.testing.assert_array_equal(np.concatenate(list(first.blocks())), np.concatenate(list(again.blocks())))
        np.testing.assert_array_equal(first.probes, again.probes)
        np.testing.assert_allclose(np.linalg.norm(first.probes, axis=1), 1.0, atol=1e-5)


def test_the_result_has_every_figure(tmp_path: Path) -> None:
    path = tmp_path / "search.json"
    life = ["--life", "0.2", "--sizes", "700", "--plot", str(tmp_path / "sizes.png"), "--sets", "isotropic"]
    assert main(["search", *SMALL, *life, "--json", str(path)]) == 0
    found = json.loads(path.read_text())
    assert found["differing_lists"] == 0
    assert found["probes"] == 64
    assert found["proved_share"] == 1.0
    assert min(found[name] for name in ("ratio_to_flat", "ratio_to_flat_batch64", "hot_bytes_per_row")) > 0
    assert found["sets"]["isotropic"]["life"]["add_ms"]["calls"] > 0
    assert {"longest", "longest_processor", "longest_queued"} <= set(found["sets"]["isotropic"]["life"]["remove_ms"])
    assert [one["size"] for one in found["sizes"]] == [700]


def test_a_wrong_list_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An index that loses one reference of twenty fails the benchmark."""
    real = QuantizedIndex.search

    def losing(self, queries, k, *, allowed=None):
        everything = self.reference_ids()
        return real(self, queries, k, allowed=everything[everything % 20 != 0] if allowed is None else allowed)

    monkeypatch.setattr(QuantizedIndex, "search", losing)
    path = tmp_path / "search.json"
    assert main(["search", *SMALL, "--sets", "isotropic", "--json", str(path)]) == 1
    assert json.loads(path.read_text())["differing_lists"] > 30
