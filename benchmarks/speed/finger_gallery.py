"""Real references and generated strangers in a descriptor index, and what a search of them costs without a database.

References 1..n are the real ones, generated strangers follow. Templates are kept as the store keeps them, a byte a
number, so that what is compared is decoded and prepared as in the product; only the reading from disk is left out.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks import generated_templates
from benchmarks.progress import track
from benchmarks.speed.kept_prints import KeptPrints, write_prints
from benchmarks.speed.strangers import float_vectors, stored, strangers
from index.arrays import Int64Array
from index.records import FingerPosition, Modality, StoredPrint, Template
from index.vector.faiss_flat import FlatYardstick
from index.vector.protocol import Hits
from index.vector.votes.codebook import codebook
from index.vector.votes.index import NEAREST_COUNT, STORED_LIMIT, DescriptorIndex, warm_up
from index.vector.votes.minutia_places import places_of
from matcher.fingerprint import comparison
from matcher.fingerprint.comparison.compare import PreparedFingerprint, compare_many, prepare, prepare_stored
from matcher.fingerprint.comparison.descriptors import DIM, describe
from matcher.fingerprint.minutia_set import MinutiaSet
from matcher.search.settings import SearchSettings
from matcher.search.shortlist import shortlist

STRANGERS_A_BATCH = 2000
STRANGER_SEED = 7
_KEY = "key"
_COMPARED_FOR_TIMING = 2000
_FLAT_FINGERS = 10_000
"""In the flat index that is timed: its time grows in proportion."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One search. best: the highest similarity, -1 of nobody. place: of the mate on the shortlist, -1 where it is not
    there. reach, is_clear: see shortlist.py. votes_ms: processor time of the index. wall_ms, processor_ms: of the whole
    search."""

    is_found: bool
    best: float
    place: int
    reach: int
    is_clear: bool
    votes_ms: float
    wall_ms: float
    processor_ms: float


class FingerGallery:
    """Searched like the product, a finger at a time."""

    def __init__(self, pack_id: str, index: DescriptorIndex, prints: Sequence[StoredPrint], add_ms: float) -> None:
        """prints: reference 1 first, as many as the index has. add_ms: processor time that adding them took."""
        self._pack_id, self._stored, self.index, self.add_ms = pack_id, prints, index, add_ms
        # Or the first search would be timed with what it compiles.
        warm_up(DIM)

    def __len__(self) -> int:
        return len(self._stored)

    @property
    def vector_bytes(self) -> int:
        """Of all indexed descriptors in float32."""
        return sum(4 * DIM * min(len(one.codes), STORED_LIMIT) for one in self._stored)

    def template(self, minutiae: bytes) -> Template:
        return self._template(describe(MinutiaSet.from_bytes(minutiae)), minutiae)

    def some(self, count: int, kept_count: int) -> Int64Array:
        """int64 (n,), ascending: the ids of so many references, the first kept_count and others drawn evenly. Not to
        be written to, as the answer of a filter is not."""
        wanted = min(max(count, kept_count), len(self)) - kept_count
        others = np.random.default_rng(1).choice(len(self) - kept_count, wanted, replace=False)
        ids = np.concatenate([np.arange(kept_count), np.sort(others) + kept_count]).astype(np.int64) + 1
        ids.setflags(write=False)
        return ids

    def search_all(
        self,
        probes: Sequence[tuple[Template, int]],
        settings: SearchSettings,
        *,
        job_count: int,
        allowed: Int64Array | None = None,
    ) -> list[Outcome]:
        """Of each probe and the reference id of its mate. job_count: searches at a time. allowed: ids that a filter
        lets through, ascending."""
        with ThreadPoolExecutor(job_count) as threads:
            found = threads.map(lambda one: self._search(one[0], one[1], settings, allowed), probes)
            return list(track(found, total=len(probes), what="search"))

    def would_lead(
        self,
        probes: Sequence[tuple[Template, int]],
        best: Sequence[float],
        *,
        job_count: int,
        allowed: Int64Array | None = None,
    ) -> NDArray[np.bool_]:
        """bool (n,): whether comparison with everybody, or everybody allowed, would put the mate of each probe first.
        best: the highest similarity of each probe that is known. A probe is compared with its mate, and with everybody
        only until another is more similar. job_count: threads."""
        prepared = [prepare(probe) for probe, _ in probes]
        own = np.array(
            [compare_many(one, self._prepared([mate]))[0] for one, (_, mate) in zip(prepared, probes, strict=True)]
        )
        leads = (own > 0) & (own >= np.array(best))
        with ThreadPoolExecutor(job_count) as threads:
            for ids in self._parts(allowed):
                waiting = np.flatnonzero(leads).tolist()
                search = partial(_best_other, ids, self._prepared(ids.tolist()))
                found = threads.map(search, [prepared[one] for one in waiting], [probes[one][1] for one in waiting])
                leads[waiting] = np.fromiter(found, dtype=np.float64, count=len(waiting)) <= own[waiting]
                if not leads.any():
                    break
        return leads

    def exhaustive_ms(self, probes: Sequence[Template]) -> float:
        """Median processor time of comparing a probe with everybody, all of them prepared before: from a sample."""
        ids = np.random.default_rng(0).choice(len(self), min(_COMPARED_FOR_TIMING, len(self)), replace=False) + 1
        references = self._prepared(ids.tolist())
        times = []
        for probe in (prepare(one) for one in probes):
            start = time.thread_time()
            compare_many(probe, references)
            times.append(time.thread_time() - start)
        return 1e3 * float(np.median(times)) * len(self) / len(ids)

    def flat_ms(self, probes: Sequence[Template]) -> float:
        """Median processor time of FAISS's flat index for the nearest of every descriptor: from a part of them."""
        flat, rows = FlatYardstick(DIM, thread_count=1), 0
        fingers = min(len(self), _FLAT_FINGERS)
        for reference_id in range(1, fingers + 1):
            vectors = self._vectors(reference_id)[:STORED_LIMIT]
            flat.add(vectors)
            rows += len(vectors)
        times = []
        for probe in probes:
            start = time.thread_time()
            flat.search(probe.vectors[:STORED_LIMIT], min(NEAREST_COUNT, rows))
            times.append(time.thread_time() - start)
        return 1e3 * float(np.median(times)) * len(self) / fingers

    def filter_ratio(self, probes: Sequence[Template], count: int, share: float) -> float:
        """Median ratio of the time with this share allowed to the time without a filter, of alternating searches."""
        ids = self.index.reference_ids()
        allowed = np.sort(np.random.default_rng(0).choice(ids, max(1, int(share * len(ids))), replace=False))
        # As the database gives it: resolved once for many searches.
        allowed.setflags(write=False)
        pairs = []
        for probe in probes:
            start = time.thread_time()
            self.index.search(probe.vectors, count)
            between = time.thread_time()
            self.index.search(probe.vectors, count, allowed=allowed)
            pairs.append((time.thread_time() - between) / (between - start))
        return float(np.median(pairs))

    def _search(self, probe: Template, mate: int, settings: SearchSettings, allowed: Int64Array | None) -> Outcome:
        """The product's search, except that templates come from memory. mate: its reference id. allowed: see
        search_all."""
        wall, processor, votes = time.perf_counter(), time.thread_time(), 0.0

        places = places_of(probe.minutiae, len(probe.vectors))

        def ask(count: int, reach: int) -> Hits:
            nonlocal votes
            start = time.thread_time()
            hits = self.index.shortlist(probe.vectors, places, count, reach=reach, allowed=allowed)
            votes += time.thread_time() - start
            return hits

        found = shortlist(
            ask,
            kept_count=1,
            clear_count=settings.clear_shortlist_count,
            longest_count=settings.shortlist_count,
        )
        ids = found.reference_ids
        similarities = compare_many(prepare(probe), self._prepared(ids.tolist()))
        order = np.lexsort((ids, -similarities))
        wall, processor = time.perf_counter() - wall, time.thread_time() - processor
        return Outcome(
            is_found=bool(len(ids)) and int(ids[order[0]]) == mate,
            best=float(similarities.max(initial=-1.0)),
            place=int(np.flatnonzero(ids == mate)[0]) if mate in ids else -1,
            reach=found.reach,
            is_clear=found.is_clear,
            votes_ms=1e3 * votes,
            wall_ms=1e3 * wall,
            processor_ms=1e3 * processor,
        )

    def _parts(self, allowed: Int64Array | None) -> Iterator[Int64Array]:
        """Reference ids of everybody, or everybody allowed, a part at a time."""
        ids = np.arange(1, len(self) + 1, dtype=np.int64) if allowed is None else allowed
        starts = range(0, len(ids), STRANGERS_A_BATCH)
        for start in track(starts, total=len(starts), what="compare all"):
            yield ids[start : start + STRANGERS_A_BATCH]

    def _template(self, vectors: NDArray[np.float32], minutiae: bytes) -> Template:
        return Template(Modality.FINGERPRINT, FingerPosition.UNKNOWN, self._pack_id, vectors, minutiae)

    def _vectors(self, reference_id: int) -> NDArray[np.float32]:
        return float_vectors(self._stored[reference_id - 1].codes)

    def _prepared(self, reference_ids: Sequence[int]) -> list[PreparedFingerprint]:
        return prepare_stored([self._stored[reference_id - 1] for reference_id in reference_ids])


def made_gallery(
    pack_id: str, real: Sequence[bytes], count: int, *, job_count: int, kept: Path | None = None
) -> FingerGallery:
    """real: serialized minutiae. count: references in all. job_count: processes that make strangers. kept: a folder
    where the gallery is left for the next call that asks for the same one."""
    key = _key(pack_id, real, count)
    if kept is not None and (kept / _KEY).is_file() and (kept / _KEY).read_text(encoding="ascii").startswith(key):
        add_ms = float((kept / _KEY).read_text(encoding="ascii").split()[-1])
        return FingerGallery(pack_id, DescriptorIndex.load(kept), KeptPrints(kept, pack_id, DIM), add_ms)
    warm_up(DIM)
    index, prints, add_ms = DescriptorIndex(DIM), [stored(MinutiaSet.from_bytes(one), pack_id) for one in real], 0.0
    add_ms += _add(index, prints, 1)
    made = strangers(count - len(real), pack_id=pack_id, seed=STRANGER_SEED, job_count=job_count)
    tracked = iter(track(made, total=count - len(real), what="enroll"))
    while batch := list(islice(tracked, STRANGERS_A_BATCH)):
        add_ms += _add(index, batch, len(prints) + 1)
        prints += batch
    if kept is not None:
        kept.mkdir(parents=True, exist_ok=True)
        (kept / _KEY).unlink(missing_ok=True)
        index.save(kept)
        write_prints(kept, prints)
        (kept / _KEY).write_text(f"{key} {add_ms}\n", encoding="ascii")
    return FingerGallery(pack_id, index, prints, add_ms)


def _key(pack_id: str, real: Sequence[bytes], count: int) -> str:
    """Another one whenever the references are others, or the code that makes, describes or indexes them."""
    digest = hashlib.sha256(repr((pack_id, count, STRANGER_SEED, codebook().digest)).encode("utf-8"))
    for minutiae in real:
        digest.update(minutiae)
    folders = (Path(str(generated_templates.__file__)).parent, Path(str(comparison.__file__)).parent)
    for path in sorted(path for folder in folders for kind in ("*.py", "*.npz") for path in folder.glob(kind)):
        digest.update(path.name.encode("utf-8") + path.read_bytes())
    return digest.hexdigest()


def _add(index: DescriptorIndex, prints: Sequence[StoredPrint], first: int) -> float:
    """Milliseconds of processor time. first: reference id of the first."""
    vectors = [float_vectors(one.codes) for one in prints]
    start = time.thread_time()
    places = [places_of(one.minutiae, len(one.codes)) for one in prints]
    index.add(np.arange(first, first + len(vectors), dtype=np.int64), vectors, places)
    return 1e3 * (time.thread_time() - start)


def _best_other(
    ids: Int64Array, references: Sequence[PreparedFingerprint], probe: PreparedFingerprint, mate: int
) -> float:
    """Highest similarity of a probe with the references of these ids, its mate left out."""
    similarities = compare_many(probe, references)
    similarities[ids == mate] = -1.0
    return float(similarities.max())
