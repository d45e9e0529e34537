"""Erasing: the bytes of removed references leave memory and files at once, and the files stay loadable."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from index.errors import CacheFileError
from index.vector.quantized import index
from index.vector.quantized.codes import empty_codes, encode_rows, half_length_of
from index.vector.quantized.index import QuantizedIndex
from index.vector.quantized.merge_policy import MaintenancePolicy

COUNT, DIM = 900, 33
SMALL = MaintenancePolicy(growing_row_count=128)


def _unit_rows() -> np.ndarray:
    rows = np.random.default_rng(3).standard_normal((COUNT, DIM)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.fixture
def saved(tmp_path: Path) -> tuple[QuantizedIndex, np.ndarray]:
    """An index with merged segments, finished ones and a growing one, all of them in files."""
    made, rows = QuantizedIndex(DIM, folder=tmp_path / "index", policy=SMALL), _unit_rows()
    for start in range(0, COUNT, 100):
        made.add(np.arange(start + 1, start + 101), rows[start : start + 100])
    made.compact()
    made.save(tmp_path / "index")
    return made, rows


def _holds(folder: Path, vector: np.ndarray) -> bool:
    return any(vector.tobytes() in path.read_bytes() for path in folder.iterdir())


def test_erased_rows_are_in_no_file_and_the_others_are_found(saved, tmp_path):
    index, rows = saved
    gone = np.array([1, 64, 65, 130, 500, 899, 900], dtype=np.int64)
    assert all(_holds(tmp_path / "index", rows[number - 1]) for number in gone)
    index.remove(gone)
    index.erase(gone)
    assert not any(_holds(tmp_path / "index", rows[number - 1]) for number in gone)
    kept = np.setdiff1d(np.arange(1, COUNT + 1), gone)
    loaded = QuantizedIndex.load(tmp_path / "index")
    loaded.remove(gone)
    for searched in (index, loaded):
        hits = searched.search(rows[kept - 1], 1)
        np.testing.assert_array_equal(hits.reference_ids[:, 0], kept)
        assert hits.similarities.min() > 0.9999
        # What is saved or merged later does not bring them back.
        searched.compact()
        searched.save(tmp_path / "again")
        assert not any(_holds(tmp_path / "again", rows[number - 1]) for number in gone)


def test_codes_and_norms_of_erased_rows_are_zero_and_those_of_their_neighbors_are_not(saved, tmp_path):
    index, _ = saved
    before = QuantizedIndex.load(tmp_path / "index")
    index.remove(np.array([70]))
    index.erase(np.array([70]))
    after = QuantizedIndex.load(tmp_path / "index")
    changed = 0
    for old, new in zip(before.view.segments, after.view.segments, strict=True):
        half_length = old.codes.low.size // old.codes.scales.size if old.codes.scales.size else 0
        differing = np.flatnonzero(old.codes.scales != new.codes.scales)
        changed += differing.size
        if differing.size:
            (row,) = differing
            assert old.reference_ids[row] == 70
            assert new.codes.low[row * half_length : (row + 1) * half_length].sum() == 0
            # As many bytes of the high plane changed as a row has, at most, and they are zero now.
            places = np.flatnonzero(old.codes.high != new.codes.high)
            assert 0 < places.size <= half_length
            assert new.codes.high[places].sum() == 0
            assert np.count_nonzero(old.codes.low != new.codes.low) <= half_length
        else:
            np.testing.assert_array_equal(old.codes.high, new.codes.high)
    assert changed == 1


def test_damage_beside_an_erased_row_is_not_made_valid(saved, tmp_path):
    index, rows = saved
    for path in (tmp_path / "index").glob("segment-*"):
        content = bytearray(path.read_bytes())
        place = bytes(content).find(rows[9].tobytes())
        if place >= 0:
            content[place] ^= 1
            path.write_bytes(content)
    index.remove(np.array([11]))
    with pytest.raises(CacheFileError):
        index.erase(np.array([11]))
    with pytest.raises(CacheFileError):
        QuantizedIndex.load(tmp_path / "index")


def test_the_codes_of_rows_added_while_a_segment_is_saved_are_not_in_its_file(tmp_path, monkeypatch):
    """They would lie beyond its last row, where erasing does not look."""
    folder, rows = tmp_path / "index", _unit_rows()
    made = QuantizedIndex(DIM, folder=folder)
    made.add(np.arange(1, 6), rows[:5])
    real = index.write_segment

    def write_after_an_addition(*arguments):
        made.add(np.arange(6, 11), rows[5:10])
        real(*arguments)

    monkeypatch.setattr(index, "write_segment", write_after_an_addition)
    made.save(folder)
    made.remove(np.array([7]))
    made.erase(np.array([7]))
    codes = empty_codes(64, DIM)
    encode_rows(rows[4:7], codes, 0)
    half_length = half_length_of(DIM)
    fifth, _, seventh = (codes.low[start : start + half_length] for start in range(0, 3 * half_length, half_length))
    assert _holds(folder, fifth)
    assert not _holds(folder, seventh)
    np.testing.assert_array_equal(QuantizedIndex.load(folder).search(rows[:5], 1).reference_ids[:, 0], np.arange(1, 6))
