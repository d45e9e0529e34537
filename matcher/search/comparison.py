"""Shortlist of fingers to full comparison by their minutiae; two templates of any modality."""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any, Protocol

import numpy as np

from index.arrays import Float32Array, Int64Array
from index.database import EnrollmentDatabase
from index.records import Modality, StoredPrint, Template
from matcher.fingerprint.minutia_set import MinutiaSet
from matcher.results import FingerprintExplanation
from matcher.search.side_by_side import side_by_side
from matcher.stages import Stages

# References are fetched and prepared in parts, so that a deadline is seen and memory stays bounded.
PART_COUNT = 256
# Of those that several probes ask for, in so many parts where they are few, so that threads share them.
_PARTS, _LEAST_PART_COUNT = 8, 32
# What a cache entry costs beside its arrays.
_ENTRY_BYTES = 512


class FingerprintComparing(Protocol):
    """Compares prepared fingerprints, as matcher.fingerprint.comparison.compare.MinutiaComparer does. Thread safe."""

    def prepare(self, template: Template) -> Any: ...

    def prepare_stored(self, prints: Sequence[StoredPrint]) -> list[Any]: ...

    def compare_many(self, probe: Any, references: Sequence[Any]) -> Float32Array: ...

    def explain(self, probe: Any, reference: Any) -> Any: ...


class PreparedReferences:
    """Prepared fingerprints of references, at most max_bytes of them, least recently used ones go first.

    Reference ids are never given twice, and a template never changes, so an entry cannot become wrong; that of a
    deleted reference is not asked for again and ages out. `forget` drops it at once, and what was read before is not
    kept after it. Thread safe.
    """

    def __init__(self, database: EnrollmentDatabase, comparer: FingerprintComparing, *, max_bytes: int) -> None:
        self._database = database
        self._comparer = comparer
        self._max_bytes = max_bytes
        self._held_bytes = 0
        self._forgotten_count = 0
        self._entries: OrderedDict[int, tuple[Any, int]] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def held_bytes(self) -> int:
        return self._held_bytes

    def get(self, pack_id: str, reference_ids: Sequence[int]) -> dict[int, Any]:
        """Prepared fingerprints of this pack by reference id; references that are gone by now are left out."""
        found: dict[int, Any] = {}
        with self._lock:
            forgotten_count = self._forgotten_count
            for reference_id in reference_ids:
                entry = self._entries.get(reference_id)
                if entry is not None:
                    self._entries.move_to_end(reference_id)
                    found[reference_id] = entry[0]
        missing = [reference_id for reference_id in reference_ids if reference_id not in found]
        if missing:
            stored = self._database.prints_of(pack_id, missing)
            for reference_id, prepared in zip(
                stored, self._comparer.prepare_stored(tuple(stored.values())), strict=True
            ):
                found[reference_id] = prepared
                self._put(reference_id, prepared, forgotten_count)
        return found

    def forget(self, reference_ids: Sequence[int]) -> None:
        """Drops what is held of deleted references."""
        with self._lock:
            self._forgotten_count += 1
            for reference_id in reference_ids:
                entry = self._entries.pop(reference_id, None)
                if entry is not None:
                    self._held_bytes -= entry[1]

    def _put(self, reference_id: int, prepared: Any, forgotten_count: int) -> None:
        size_bytes = _size_bytes(prepared)
        if size_bytes > self._max_bytes:
            return
        with self._lock:
            # Read before something was deleted: it may have been this.
            if reference_id in self._entries or forgotten_count != self._forgotten_count:
                return
            self._entries[reference_id] = (prepared, size_bytes)
            self._held_bytes += size_bytes
            while self._held_bytes > self._max_bytes:
                self._held_bytes -= self._entries.popitem(last=False)[1][1]


class TemplateComparer:
    """Full comparison of one probe template with references of the same pack. Thread safe."""

    def __init__(self, database: EnrollmentDatabase, comparer: FingerprintComparing, *, cache_bytes: int) -> None:
        self._database = database
        self._comparer = comparer
        self._prepared = PreparedReferences(database, comparer, max_bytes=cache_bytes)

    def similarities(
        self, probe: Template, reference_ids: Int64Array, *, check: Callable[[], None]
    ) -> tuple[Int64Array, Float32Array]:
        """(ids, similarities) of fingers in the order given; references deleted meanwhile are left out.

        check: called between parts, to end work nobody waits for.
        """
        prepared = self._comparer.prepare(probe)
        kept_ids: list[Int64Array] = []
        kept: list[Float32Array] = []
        for start in range(0, len(reference_ids), PART_COUNT):
            check()
            ids, similarities = self._compare(probe.pack_id, prepared, reference_ids[start : start + PART_COUNT])
            kept_ids.append(ids)
            kept.append(similarities)
        if not kept:
            return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.float32)
        return np.concatenate(kept_ids), np.concatenate(kept)

    def similarities_of_several(
        self, probes: Sequence[Template], reference_ids: Sequence[Int64Array], stages: Stages
    ) -> list[tuple[Int64Array, Float32Array]]:
        """(ids, similarities) of fingers for each probe, by ascending id; references deleted meanwhile are left out.

        reference_ids: of each probe, ascending, each once. One that several probes ask for is read once. Parts of the
        references are worked on side by side, in the order in which they lie in the store.
        """
        prepared = [self._comparer.prepare(probe) for probe in probes]
        parts: list[tuple[str, Int64Array]] = []
        for pack_id in dict.fromkeys(probe.pack_id for probe in probes):
            of_pack = [ids for probe, ids in zip(probes, reference_ids, strict=True) if probe.pack_id == pack_id]
            every = np.unique(np.concatenate(of_pack))
            size = min(PART_COUNT, max(_LEAST_PART_COUNT, -(-len(every) // _PARTS)))
            parts += [(pack_id, every[start : start + size]) for start in range(0, len(every), size)]

        def compare(number: int, own: Stages) -> list[tuple[Int64Array, Float32Array]]:
            pack_id, part = parts[number]
            with own.stage("rerank"):
                wanted = [
                    ids[np.searchsorted(ids, part[0]) : np.searchsorted(ids, part[-1], side="right")]
                    if probe.pack_id == pack_id
                    else ids[:0]
                    for probe, ids in zip(probes, reference_ids, strict=True)
                ]
                held = self._prepared.get(pack_id, part.tolist())
                return [self._compare_held(*one, held) for one in zip(prepared, wanted, strict=True)]

        found = side_by_side(compare, len(parts), stages)
        nothing = np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.float32)
        columns = [list(column) for column in zip(*found, strict=True)] or [[] for _ in probes]
        return [
            (
                np.concatenate([nothing[0], *(ids for ids, _ in of_one)]),
                np.concatenate([nothing[1], *(s for _, s in of_one)]),
            )
            for of_one in columns
        ]

    def compare_templates(self, probe: Template, reference: Template) -> float:
        """Similarity of two templates of one pack, neither of which need be enrolled."""
        if probe.modality is Modality.FACE:
            return _cosine(probe, reference)
        prepare = self._comparer.prepare
        return float(self._comparer.compare_many(prepare(probe), [prepare(reference)])[0])

    def explain(self, probe: Template, reference_id: int) -> FingerprintExplanation | None:
        """The paired minutiae of a probe and a reference; None when the reference is gone by now."""
        references = self._database.references([reference_id])
        return self.explain_templates(probe, references[0].template) if references else None

    def explain_templates(self, probe: Template, reference: Template) -> FingerprintExplanation:
        prepare = self._comparer.prepare
        comparison = self._comparer.explain(prepare(probe), prepare(reference))
        probe_set, reference_set = MinutiaSet.from_bytes(probe.minutiae), MinutiaSet.from_bytes(reference.minutiae)
        shift_x, shift_y = (float(value) for value in comparison.translation_px)
        return FingerprintExplanation(
            probe=probe_set.shown(),
            reference=reference_set.shown(),
            pairs=tuple((int(mine), int(other)) for mine, other in comparison.pairs),
            rotation_deg=math.degrees(float(comparison.rotation_rad)),
            translation_px=(shift_x, shift_y),
        )

    def forget(self, reference_ids: Sequence[int]) -> None:
        """Drops what is held of deleted references."""
        self._prepared.forget(reference_ids)

    def _compare(self, pack_id: str, probe: Any, reference_ids: Int64Array) -> tuple[Int64Array, Float32Array]:
        return self._compare_held(probe, reference_ids, self._prepared.get(pack_id, reference_ids.tolist()))

    def _compare_held(
        self, probe: Any, reference_ids: Int64Array, held: Mapping[int, Any]
    ) -> tuple[Int64Array, Float32Array]:
        ids = [reference_id for reference_id in reference_ids.tolist() if reference_id in held]
        if not ids:
            return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.float32)
        return np.array(ids, dtype=np.int64), self._comparer.compare_many(probe, [held[one] for one in ids])


def _cosine(probe: Template, reference: Template) -> float:
    """Cosine of two face templates, summed in float64 as index.vector.protocol does."""
    return float(np.clip(np.dot(probe.vectors[0].astype(np.float64), reference.vectors[0].astype(np.float64)), -1, 1))


def _size_bytes(prepared: Any) -> int:
    """Memory of a prepared fingerprint: its arrays and bytes."""
    if isinstance(prepared, np.ndarray):
        return int(prepared.nbytes)
    if isinstance(prepared, bytes):
        return len(prepared)
    if is_dataclass(prepared):
        return _ENTRY_BYTES + sum(_size_bytes(getattr(prepared, entry.name)) for entry in fields(prepared))
    if isinstance(prepared, (tuple, list)):
        return _ENTRY_BYTES + sum(_size_bytes(part) for part in prepared)
    return 64
