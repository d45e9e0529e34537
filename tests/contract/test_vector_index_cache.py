"""Cache files: what save wrote comes back; what was damaged is refused by name; a failed write leaves the old file."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import numpy as np
import pytest

from index.durable import cache_file
from index.errors import CacheFileError, DatabaseFullError
from index.vector.exact import ExactIndex
from index.vector.faiss_flat import FlatSearch
from index.vector.quantized.index import QuantizedIndex
from index.vector.quantized.merge_policy import MaintenancePolicy
from tests.contract.test_vector_index import assert_same_hits, unit_rows


class _SearchedByFaiss:
    """Makes and loads like the classes beside it."""

    def __call__(self, dim: int) -> QuantizedIndex:
        return QuantizedIndex(dim, searcher=FlatSearch())

    def load(self, folder: Path) -> QuantizedIndex:
        return QuantizedIndex.load(folder, searcher=FlatSearch())


LOADERS = {"exact": ExactIndex, "faiss": _SearchedByFaiss(), "quantized": QuantizedIndex}
# Bytes of a header, and how far apart the bytes after it that the short test flips lie.
HEADER_BYTES, STRIDE_BYTES = 64, 331


@pytest.fixture(params=list(LOADERS))
def kind(request: pytest.FixtureRequest):
    return LOADERS[request.param]


@pytest.mark.parametrize("count", [0, 1, 300])
def test_saved_and_loaded_is_the_same_index(kind, tmp_path: Path, count: int) -> None:
    made, queries = kind(24), unit_rows(2, 5, 24)
    made.add(np.arange(1, count + 1), unit_rows(1, count, 24))
    made.remove(np.array([7]))
    before = made.search(queries, 9)
    made.save(tmp_path / "cache", stamp="change 12")
    loaded = kind.load(tmp_path / "cache")
    assert loaded.stamp == "change 12"
    assert_same_hits(loaded.search(queries, 9), before)
    loaded.add(np.array([7000]), queries[:1])
    assert loaded.search(queries[:1], 1).reference_ids[0, 0] == 7000


@pytest.mark.parametrize("every_byte", [False, pytest.param(True, marks=pytest.mark.soak)])
def test_a_flipped_byte_is_detected(kind, tmp_path: Path, every_byte: bool) -> None:
    made = kind(4)
    made.add(np.arange(1, 4), unit_rows(1, 3, 4))
    made.save(tmp_path)
    for path in sorted(tmp_path.iterdir()):
        content = bytearray(path.read_bytes())
        strided = [*range(HEADER_BYTES), *range(HEADER_BYTES, len(content), STRIDE_BYTES)]
        for position in range(len(content)) if every_byte else strided:
            content[position] ^= 0x10
            path.write_bytes(content)
            with pytest.raises(CacheFileError):
                kind.load(tmp_path)
            content[position] ^= 0x10
        for length in (0, 7, 60, len(content) - 1):
            path.write_bytes(content[:length])
            with pytest.raises(CacheFileError):
                kind.load(tmp_path)
        path.write_bytes(bytes(content) + b"\0")
        with pytest.raises(CacheFileError):
            kind.load(tmp_path)
        path.write_bytes(content)
        kind.load(tmp_path)


SMALL = MaintenancePolicy(growing_row_count=128)


def test_an_absent_file_is_a_named_error(kind, tmp_path: Path) -> None:
    with pytest.raises(CacheFileError):
        kind.load(tmp_path)


@pytest.mark.parametrize(
    ("number", "expected"),
    [(errno.ENOSPC, DatabaseFullError), (errno.EROFS, CacheFileError), (errno.EIO, CacheFileError)],
)
def test_a_failed_write_keeps_the_old_file(tmp_path: Path, monkeypatch, number: int, expected) -> None:
    path, old = tmp_path / "a.cache", {"x": np.arange(9)}
    cache_file.write_cache(path, kind="t", meta={}, arrays=old)

    def failing(_: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(cache_file.os, "fsync", failing)
    with pytest.raises(expected):
        cache_file.write_cache(path, kind="t", meta={}, arrays={"x": np.arange(500)})
    np.testing.assert_array_equal(cache_file.read_cache(path, kind="t").arrays["x"], old["x"])
    assert [each.name for each in tmp_path.iterdir()] == ["a.cache"]


def test_another_kind_is_refused(tmp_path: Path) -> None:
    cache_file.write_cache(tmp_path / "a", kind="one", meta={}, arrays={})
    with pytest.raises(CacheFileError):
        cache_file.read_cache(tmp_path / "a", kind="other")


def test_a_folder_emptied_while_the_index_lives_is_written_anew(tmp_path: Path) -> None:
    made, rows = (
        QuantizedIndex(16, folder=tmp_path / "cache", policy=SMALL),
        unit_rows(1, 2000, 16),
    )
    made.add(np.arange(1, 2001), rows)
    made.compact()
    made.save(tmp_path / "cache")
    made.remove(np.array([5]))
    for path in (tmp_path / "cache").iterdir():
        path.unlink()
    (tmp_path / "cache").rmdir()
    expected = made.search(rows, 2)
    assert not (expected.reference_ids == 5).any()
    made.save(tmp_path / "cache")
    assert not any(rows[4].tobytes() in path.read_bytes() for path in (tmp_path / "cache").iterdir())
    assert_same_hits(QuantizedIndex.load(tmp_path / "cache").search(rows, 2), expected)


def test_files_that_nothing_refers_to_are_deleted(tmp_path: Path) -> None:
    made, rows = (
        QuantizedIndex(16, folder=tmp_path, policy=SMALL),
        unit_rows(1, 3000, 16),
    )
    for start in range(0, 3000, 500):
        made.add(np.arange(start + 1, start + 501), rows[start : start + 500])
        made.compact()
        made.save(tmp_path)
    files = {path.name for path in tmp_path.glob("segment-*")}
    assert len(files) == sum(1 for count in made.view.row_counts if count)
