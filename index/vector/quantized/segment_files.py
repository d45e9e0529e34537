"""The cache files of a segmented index: one per segment, and one that says which they are and what died in them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from index.arrays import Float32Array, Int64Array
from index.durable.cache_file import AnyArray, Blocks, read_cache, write_cache
from index.errors import CacheFileError
from index.vector.kernels.dots import GROUP_ROW_COUNT
from index.vector.quantized.codes import RowCodes, copy_codes, empty_codes, half_length_of
from index.vector.quantized.segments import ALIVE, Segment

SEGMENT_KIND = "segment"
CONTENTS_KIND = "segments"
CONTENTS_NAME = "contents.cache"
SEGMENT_PATTERN = "segment-*.cache"
_DIED_EARLIER = 1  # the change number of rows that were dead when the index was saved
_PIECE_LENGTH = 1 << 20
_CODE_ARRAYS = {
    "high": "uint8",
    "low": "uint8",
    "scales": "float32",
    "high_residuals": "float32",
    "low_residuals": "float32",
}


@dataclass(frozen=True, slots=True, eq=False)
class SavedContents:
    """What a folder holds. dead_rows: one int64 array a segment."""

    dim: int
    stamp: str
    names: tuple[str, ...]
    dead_rows: tuple[Int64Array, ...]


def write_segment(
    path: Path,
    segment: Segment,
    row_count: int,
    vectors: Iterable[Float32Array],
    between: Callable[[], None] = lambda: None,
) -> None:
    """Write the first row_count rows, at least one; vectors yields theirs in order. Raises what write_cache raises.

    between: called between steps of writing the codes; what it raises ends the writing and leaves no file.
    """
    dim = segment.vectors.shape[1]
    first, last_group = _whole_and_last_groups(segment.codes, row_count, dim)
    write_cache(
        path,
        kind=SEGMENT_KIND,
        meta={"dim": dim, "row_count": row_count, "ascending": int(segment.ascending)},
        arrays={
            **{name: _in_pieces(getattr(first, name), getattr(last_group, name), between) for name in _CODE_ARRAYS},
            "reference_ids": segment.reference_ids[:row_count],
            "vectors": Blocks("float32", (row_count, dim), vectors),
        },
    )


def map_vectors(path: Path, between: Callable[[], None] = lambda: None) -> Float32Array:
    """The vectors of a segment file, verified and memory-mapped. between: called between steps."""
    names = frozenset({"vectors"})
    contents = read_cache(path, kind=SEGMENT_KIND, mapped=names, wanted=names, between=between)
    return contents.array("vectors", np.float32, 2)


def read_segment(path: Path, dim: int, dead_rows: Int64Array) -> Segment:
    """A whole segment, vectors mapped, the rest in memory. Raises CacheFileError."""
    contents = read_cache(path, kind=SEGMENT_KIND, mapped=frozenset({"vectors", *_CODE_ARRAYS}))
    row_count = contents.integer("row_count")
    vectors = contents.array("vectors", np.float32, 2)
    ids = contents.array("reference_ids", np.int64, 1)
    if vectors.shape != (row_count, dim) or ids.shape != (row_count,):
        raise CacheFileError("a segment file is not the one that belongs to this index; rebuild the index")
    codes = empty_codes(_whole_groups(row_count), dim)
    for name, dtype in _CODE_ARRAYS.items():
        saved, room = contents.array(name, dtype, 1), getattr(codes, name)
        if saved.shape != room.shape:
            raise CacheFileError("a segment file has codes of another form; rebuild the index")
        room[:] = saved
    capacity = _whole_groups(row_count)
    padded_ids, died = np.zeros(capacity, dtype=np.int64), np.full(capacity, ALIVE, dtype=np.int64)
    padded_ids[:row_count] = ids
    died[dead_rows] = _DIED_EARLIER
    return Segment(
        codes=codes,
        reference_ids=padded_ids,
        died=died,
        vectors=vectors,
        row_count=row_count,
        ascending=bool(contents.integer("ascending")),
        file_name=path.name,
        dead_count=int(dead_rows.size),
    )


def write_contents(
    folder: Path, *, dim: int, stamp: str, names: Sequence[str], dead_rows: Sequence[Int64Array]
) -> None:
    """Say which segment files belong together. The old index is replaced at this moment."""
    write_cache(
        folder / CONTENTS_NAME,
        kind=CONTENTS_KIND,
        meta={"dim": dim, "stamp": stamp, "names": list(names)},
        arrays={f"dead_rows_{number}": rows for number, rows in enumerate(dead_rows)},
    )


def read_contents(folder: Path) -> SavedContents:
    """What write_contents wrote. Raises CacheFileError."""
    contents = read_cache(folder / CONTENTS_NAME, kind=CONTENTS_KIND)
    names = contents.meta.get("names")
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise CacheFileError("the index folder does not name its segments; rebuild the index")
    dead_rows = tuple(contents.array(f"dead_rows_{number}", np.int64, 1) for number in range(len(names)))
    return SavedContents(contents.integer("dim"), contents.text("stamp"), tuple(names), dead_rows)


def delete_other_files(folder: Path, kept_names: Iterable[str]) -> None:
    """Delete the segment files that nothing refers to. A file that is still mapped lives on until it is not."""
    kept = set(kept_names)
    for path in folder.glob(SEGMENT_PATTERN):
        if path.name not in kept:
            path.unlink(missing_ok=True)


def _in_pieces(array: AnyArray, rest: AnyArray, between: Callable[[], None]) -> Blocks:
    def pieces() -> Iterator[AnyArray]:
        for start in range(0, array.size, _PIECE_LENGTH):
            between()
            yield array[start : start + _PIECE_LENGTH]
        yield rest

    return Blocks(array.dtype.name, (array.size + rest.size,), pieces())


def _whole_groups(row_count: int) -> int:
    return -(-row_count // GROUP_ROW_COUNT) * GROUP_ROW_COUNT


def _whole_and_last_groups(codes: RowCodes, row_count: int, dim: int) -> tuple[RowCodes, RowCodes]:
    """The first row_count rows in two parts: all groups but the last where they lie, and a copy of the last.

    A copy, for the rest of that group may belong to rows that are added meanwhile: erasing would not know them.
    """
    rows = _whole_groups(row_count) - GROUP_ROW_COUNT
    whole_bytes = rows * half_length_of(dim)
    last = empty_codes(GROUP_ROW_COUNT, dim)
    copy_codes(codes, np.arange(rows, row_count), last, np.arange(row_count - rows))
    whole = RowCodes(
        high=codes.high[:whole_bytes],
        low=codes.low[:whole_bytes],
        scales=codes.scales[:rows],
        high_residuals=codes.high_residuals[:rows],
        low_residuals=codes.low_residuals[:rows],
    )
    return whole, last
