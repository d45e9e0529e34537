"""Cache files below a sealed folder: what was written comes back, nothing of it can be read or changed in the file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.durable.cache_file import BLOCK_BYTES, Blocks, erase_in_cache, read_cache, write_cache
from index.durable.sealed_folders import FolderKey, forget_folder, key_for, seal_folder
from index.errors import CacheFileError
from index.vector.quantized.index import QuantizedIndex
from index.vector.votes.index import DescriptorIndex

KEY = FolderKey(bytes(range(32)), "aa00bb11")
SENTENCE = np.frombuffer(b"a sentence that must not be read " * 4000, dtype=np.uint8)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    root = tmp_path / "sealed"
    (root / "inner").mkdir(parents=True)
    seal_folder(root, KEY)
    yield root / "inner"
    forget_folder(root)


def write(path: Path) -> None:
    rows = np.arange(3 * BLOCK_BYTES // 8, dtype=np.int64).reshape(-1, 4)
    blocks = (rows[start : start + 1000] for start in range(0, len(rows), 1000))
    arrays = {"text": SENTENCE, "rows": Blocks("int64", rows.shape, blocks), "none": np.empty(0, np.float32)}
    write_cache(path, kind="test", meta={"dim": 3}, arrays=arrays)


def test_arrays_come_back_whether_mapped_or_copied(folder: Path) -> None:
    write(folder / "file")
    for mapped in (frozenset[str](), frozenset({"rows", "text"})):
        contents = read_cache(folder / "file", kind="test", mapped=mapped)
        np.testing.assert_array_equal(contents.array("text", np.uint8, 1), SENTENCE)
        np.testing.assert_array_equal(contents.array("rows", np.int64, 2).reshape(-1), np.arange(3 * BLOCK_BYTES // 8))
        assert contents.array("none", np.float32, 1).size == 0
        assert contents.integer("dim") == 3
    assert read_cache(folder / "file", kind="test", wanted=frozenset({"rows"})).arrays.keys() == {"rows"}


def test_nothing_of_it_stands_in_the_file_and_no_two_files_are_alike(folder: Path) -> None:
    write(folder / "one")
    write(folder / "two")
    one, two = (folder / "one").read_bytes(), (folder / "two").read_bytes()
    assert SENTENCE[:16].tobytes() not in one
    assert np.arange(500, 502, dtype=np.int64).tobytes() not in one
    assert len(one) == len(two)
    same = np.frombuffer(one[8192:], np.uint8) == np.frombuffer(two[8192:], np.uint8)
    assert same.mean() < 0.05


@settings(max_examples=40, deadline=None)
@given(place=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_a_changed_bit_is_noticed_wherever_it_lies(
    place: float, bit: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    root = tmp_path_factory.mktemp("sealed")
    seal_folder(root, KEY)
    try:
        write_cache(root / "file", kind="test", meta={}, arrays={"text": SENTENCE})
        content = bytearray((root / "file").read_bytes())
        content[int(place * len(content))] ^= 1 << bit
        (root / "file").write_bytes(content)
        with pytest.raises(CacheFileError):
            read_cache(root / "file", kind="test")
    finally:
        forget_folder(root)


def test_blocks_cannot_change_places(folder: Path) -> None:
    write_cache(folder / "file", kind="test", meta={}, arrays={"a": np.zeros(2 * BLOCK_BYTES, np.uint8)})
    content = (folder / "file").read_bytes()
    first, second = content[-2 * BLOCK_BYTES : -BLOCK_BYTES], content[-BLOCK_BYTES:]
    assert first != second
    (folder / "file").write_bytes(content[: -2 * BLOCK_BYTES] + second + first)
    with pytest.raises(CacheFileError, match="damaged"):
        read_cache(folder / "file", kind="test")


def test_plain_files_and_those_of_other_keys_are_refused(folder: Path, tmp_path: Path) -> None:
    write(tmp_path / "plain")
    (folder / "file").write_bytes((tmp_path / "plain").read_bytes())
    with pytest.raises(CacheFileError, match="not encrypted"):
        read_cache(folder / "file", kind="test")
    write(folder / "sealed")
    (tmp_path / "sealed-copy").write_bytes((folder / "sealed").read_bytes())
    with pytest.raises(CacheFileError, match="no key"):
        read_cache(tmp_path / "sealed-copy", kind="test")
    seal_folder(folder, FolderKey(bytes(32), "other"))
    with pytest.raises(CacheFileError, match="another key"):
        read_cache(folder / "sealed", kind="test")
    seal_folder(folder, FolderKey(bytes(32), KEY.key_id))
    with pytest.raises(CacheFileError, match="header"):
        read_cache(folder / "sealed", kind="test")
    forget_folder(folder)


def test_erased_bytes_are_zeros_and_the_block_is_sealed_anew(folder: Path) -> None:
    write(folder / "file")
    before = (folder / "file").read_bytes()
    chosen = np.array([0, BLOCK_BYTES - 1, BLOCK_BYTES, 2 * BLOCK_BYTES + 8], dtype=np.int64)
    assert erase_in_cache(folder / "file", kind="test", select=lambda regions: {"rows": chosen})
    found = read_cache(folder / "file", kind="test").array("rows", np.int64, 2).reshape(-1).view(np.uint8)
    expected = np.arange(3 * BLOCK_BYTES // 8).view(np.uint8).copy()
    expected[chosen] = 0
    np.testing.assert_array_equal(found, expected)
    # With the nonce of before, the difference of the two would be the erased bytes themselves.
    changed = np.frombuffer((folder / "file").read_bytes(), np.uint8) != np.frombuffer(before, np.uint8)
    assert changed[-3 * BLOCK_BYTES :].mean() > 0.9


def test_a_folder_is_sealed_until_it_is_forgotten(folder: Path) -> None:
    assert key_for(folder / "deep" / "file") == KEY
    assert key_for(folder.parent.parent / "file") is None
    forget_folder(folder.parent)
    assert key_for(folder / "file") is None


def unit_rows(count: int, dim: int) -> np.ndarray:
    rows = np.random.default_rng(5).standard_normal((count, dim)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_an_index_of_faces_lives_in_a_sealed_folder(folder: Path) -> None:
    rows, ids = unit_rows(9000, 64), np.arange(1, 9001)
    index = QuantizedIndex(64, folder=folder)
    index.add(ids, rows)
    index.save(folder, stamp="s")
    index.remove(np.array([17]))
    index.erase(np.array([17]))
    before = index.search(rows[:5], 3)
    index.close()
    assert not any(rows[0].tobytes() in path.read_bytes() for path in folder.iterdir())
    loaded = QuantizedIndex.load(folder)
    assert loaded.stamp == "s"
    after = loaded.search(rows[:5], 3)
    np.testing.assert_array_equal(after.reference_ids, before.reference_ids)
    assert after.proved.all()
    segment = next(one for one in loaded.view.segments if 17 in one.reference_ids)
    assert not segment.vectors[segment.reference_ids.tolist().index(17)].any()
    loaded.remove(np.array([4]))
    loaded.erase(np.array([4]))
    assert not segment.vectors[segment.reference_ids.tolist().index(4)].any()
    loaded.close()


def test_an_index_of_fingers_lives_in_a_sealed_folder(folder: Path) -> None:
    index = DescriptorIndex(64)
    index.add(np.array([1, 2]), [unit_rows(30, 64), unit_rows(60, 64)[30:]])
    index.save(folder, stamp="s")
    assert all(path.read_bytes()[7] == 3 for path in folder.iterdir())
    loaded = DescriptorIndex.load(folder)
    assert loaded.search(unit_rows(30, 64), 1).reference_ids.tolist() == [[1]]
