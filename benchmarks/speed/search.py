"""The index against IndexFlatIP: time as a ratio in one run, and every ranked list against the float64 order.

Both search the same references in turn, one thread each unless asked otherwise; the ratio is the median over probes.
Times are of processor time where one thread works and of the wall clock otherwise: on a busy machine the former is
the steadier, on a quiet one they agree.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from benchmarks.processor import processor_class
from benchmarks.speed.search_oracle import exhaustive_lists
from benchmarks.speed.search_sets import SETS, SearchSet, make_set
from index.faiss_index import FlatYardstick
from index.quantized import QuantizedIndex
from index.simd import Instruction, best_instruction

K = 20
BATCH_COUNT = 64
FILTER_SHARES = (0.01, 0.1, 0.5)
WARM_UP = 3


@dataclass(frozen=True, slots=True)
class SetResult:
    """Times in milliseconds; a list differs if any of its first K ids or their order does."""

    ratio_to_flat: float
    ratio_to_flat_batch64: float
    ratio_to_product_batch64: float
    ratio_filtered: dict[str, float]
    differing_lists: int
    probes: int
    proved_share: float
    hot_bytes_per_row: float
    flat_ms: dict[str, float]
    search_ms: dict[str, float]
    batch_ms: dict[str, float]
    build_s: float


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--size", type=int, default=1_000_000, metavar="N")
    parser.add_argument("--dim", type=int, default=512)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--probes", type=int, default=300, help="lists compared with the float64 order, of each set")
    parser.add_argument("--timed", type=int, default=60, help="probes timed, of each set")
    parser.add_argument("--batches", type=int, default=5, help="batches of 64 timed, of each set")
    parser.add_argument("--sets", nargs="+", choices=sorted(SETS), default=list(SETS))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--instruction", choices=[one.value for one in Instruction], help="default: the best there is")
    parser.add_argument("--json", type=Path, metavar="FILE")


def run(args: argparse.Namespace) -> int:
    results = {}
    for name in args.sets:
        one_set = make_set(
            name, size=args.size, dim=args.dim, probe_count=max(args.probes, BATCH_COUNT), seed=args.seed
        )
        results[name] = measured(one_set, args)
        print(f"{name:12s} {_line(results[name])}", flush=True)
    found = {
        "processor_class": processor_class(),
        "instruction": args.instruction or best_instruction().value,
        "size": args.size,
        "dim": args.dim,
        "threads": args.threads,
        **summary(list(results.values())),
        "sets": {name: asdict(one) for name, one in results.items()},
    }
    if args.json:
        args.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    return 0 if found["differing_lists"] == 0 else 1


def summary(results: list[SetResult]) -> dict[str, float | int]:
    """Over all sets: the worst ratio, all differing lists, all probes."""
    probes = sum(one.probes for one in results)
    return {
        "ratio_to_flat": max(one.ratio_to_flat for one in results),
        "ratio_to_flat_batch64": max(one.ratio_to_flat_batch64 for one in results),
        "differing_lists": sum(one.differing_lists for one in results),
        "probes": probes,
        "proved_share": sum(one.proved_share * one.probes for one in results) / probes,
        "hot_bytes_per_row": max(one.hot_bytes_per_row for one in results),
    }


def measured(one_set: SearchSet, args: argparse.Namespace) -> SetResult:
    """Build both, compare lists, then time both in turn."""
    with tempfile.TemporaryDirectory(prefix="search-benchmark-") as folder:
        instruction = Instruction(args.instruction) if args.instruction else None
        built = QuantizedIndex(args.dim, folder=Path(folder), thread_count=args.threads, instruction=instruction)
        flat = FlatYardstick(args.dim, thread_count=args.threads)
        begin = time.perf_counter()
        for block in one_set.blocks():
            built.add(np.arange(len(built) + 1, len(built) + 1 + len(block)), block)
            flat.add(block)
        built.compact()
        build_s = time.perf_counter() - begin
        probes = one_set.probes
        hits = built.search(probes, K)
        expected = exhaustive_lists(one_set.blocks(), probes, K)
        return SetResult(
            differing_lists=int((hits.reference_ids[:, : expected.shape[1]] != expected).any(axis=1).sum()),
            probes=len(probes),
            proved_share=float(hits.proved.mean()),
            hot_bytes_per_row=built.hot_bytes / args.size,
            build_s=build_s,
            **_times(built, flat, probes, args),
        )


def _times(
    built: QuantizedIndex, flat: FlatYardstick, probes: np.ndarray, args: argparse.Namespace
) -> dict[str, object]:
    clock = time.process_time if args.threads == 1 else time.perf_counter
    singles = [probes[number % len(probes)][None, :] for number in range(args.timed + WARM_UP)]
    flat_ms, search_ms = _alternated(
        clock,
        [lambda one=one: flat.search(one, K) for one in singles],
        [lambda one=one: built.search(one, K) for one in singles],
    )
    batch = probes[:BATCH_COUNT]
    # The product alone, without choosing the best: what any exhaustive search by matrix product pays at least.
    flat_batch_ms, batch_ms, product_ms = _alternated(
        clock,
        [lambda: flat.search(batch, K)] * (args.batches + 1),
        [lambda: built.search(batch, K)] * (args.batches + 1),
        [lambda: _product(flat, batch, args.size)] * (args.batches + 1),
        warm_up=1,
    )
    ids = built.reference_ids()
    rng = np.random.default_rng(args.seed)
    ratio_filtered = {}
    for share in FILTER_SHARES:
        allowed = np.sort(rng.choice(ids, max(1, int(share * ids.size)), replace=False))
        plain_ms, filtered_ms = _alternated(
            clock,
            [lambda one=one: built.search(one, K) for one in singles],
            [lambda one=one, allowed=allowed: built.search(one, K, allowed=allowed) for one in singles],
        )
        ratio_filtered[str(share)] = float(np.median(filtered_ms / plain_ms))
    return {
        "ratio_to_flat": float(np.median(search_ms / flat_ms)),
        "ratio_to_flat_batch64": float(np.median(batch_ms / flat_batch_ms)),
        "ratio_to_product_batch64": float(np.median(batch_ms / product_ms)),
        "ratio_filtered": ratio_filtered,
        "flat_ms": _percentiles(flat_ms),
        "search_ms": _percentiles(search_ms),
        "batch_ms": {
            "flat": float(np.median(flat_batch_ms)),
            "search": float(np.median(batch_ms)),
            "product": float(np.median(product_ms)),
        },
    }


def _product(flat: FlatYardstick, batch: np.ndarray, size: int) -> None:
    block = flat.vectors(0, min(size, 16384))
    for _ in range(0, size, len(block)):
        batch @ block.T


def _alternated(
    clock: Callable[[], float], *works: list[Callable[[], object]], warm_up: int = WARM_UP
) -> list[np.ndarray]:
    """Milliseconds of each call, works taking turns call by call; the first calls are not counted."""
    times = np.empty((len(works), len(works[0])))
    for number in range(len(works[0])):
        for which, work in enumerate(works):
            begin = clock()
            work[number]()
            times[which, number] = 1000 * (clock() - begin)
    return list(times[:, warm_up:])


def _percentiles(times_ms: np.ndarray) -> dict[str, float]:
    return {f"p{percent}": float(np.percentile(times_ms, percent)) for percent in (50, 95, 99)}


def _line(one: SetResult) -> str:
    filtered = " ".join(f"{share} {ratio:.2f}" for share, ratio in one.ratio_filtered.items())
    return (
        f"flat {one.flat_ms['p50']:.1f} ms, search {one.search_ms['p50']:.1f} ms, ratio {one.ratio_to_flat:.3f}; "
        f"batch {one.ratio_to_flat_batch64:.3f} of flat, {one.ratio_to_product_batch64:.2f} of the product alone; "
        f"filtered {filtered}; {one.differing_lists} of {one.probes} lists differ, "
        f"{100 * one.proved_share:.1f} % proved; "
        f"{one.hot_bytes_per_row:.0f} bytes a row; built in {one.build_s:.0f} s"
    )
