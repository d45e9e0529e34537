"""The index against IndexFlatIP: time as a ratio in one run, and every ranked list against the float64 order.

Both hold the same seeded references and search in turn, on one thread unless asked otherwise. The figures at the top
of the result are those of the worst set. With --sizes and --plot it draws time and memory against the size.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from benchmarks.processor import processor_class
from benchmarks.speed.search_life import LifeResult, measured_life
from benchmarks.speed.search_oracle import exhaustive_lists
from benchmarks.speed.search_plot import plot_sizes
from benchmarks.speed.search_sets import SETS, SearchSet, make_set
from benchmarks.speed.search_times import BATCH_COUNT, K, SearchTimes, search_times
from index.vector.faiss_flat import FlatYardstick
from index.vector.kernels.simd import Instruction, best_instruction
from index.vector.quantized.index import QuantizedIndex


@dataclass(frozen=True, slots=True)
class SetResult:
    """A list differs if any of its first K ids, or their order, is not that of the exhaustive float64 search."""

    size: int
    differing_lists: int
    probes: int
    proved_share: float
    hot_bytes_per_row: float
    build_s: float
    times: SearchTimes
    life: LifeResult | None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--size", type=int, default=1_000_000, metavar="N", help="references")
    parser.add_argument("--dim", type=int, default=512)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--probes", type=int, default=300, help="lists compared with the float64 order, of each set")
    parser.add_argument("--timed", type=int, default=60, help="probes timed, of each set")
    parser.add_argument("--batches", type=int, default=5, help="batches of 64 timed, of each set")
    parser.add_argument("--sets", nargs="+", choices=sorted(SETS), default=list(SETS))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--instruction", choices=[one.value for one in Instruction], help="default: the best there is")
    parser.add_argument(
        "--life", type=float, default=0.0, metavar="SECONDS", help="also search while references change"
    )
    parser.add_argument("--sizes", type=int, nargs="+", default=[], metavar="N", help="further sizes, of the first set")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="time and memory against the size")
    parser.add_argument("--json", type=Path, metavar="FILE")


def run(args: argparse.Namespace) -> int:
    results = {}
    for name in args.sets:
        results[name] = measured(_made(name, args.size, args), args.size, args)
        print(f"{name:12s} {_line(results[name])}", flush=True)
    by_size = [results[args.sets[0]]]
    for size in args.sizes:
        by_size.append(measured(_made(args.sets[0], size, args), size, args))
        print(f"{size:12,d} {_line(by_size[-1])}", flush=True)
    if args.plot:
        plot_sizes(args.plot, [(one.size, one.times, one.hot_bytes_per_row) for one in by_size], dim=args.dim)
    found = {
        "processor_class": processor_class(),
        "instruction": args.instruction or best_instruction().value,
        "size": args.size,
        "dim": args.dim,
        "threads": args.threads,
        **summary(list(results.values())),
        "sets": {name: asdict(one) for name, one in results.items()},
        "sizes": [asdict(one) for one in by_size[1:]],
    }
    if args.json:
        args.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    return 0 if found["differing_lists"] == 0 else 1


def summary(results: list[SetResult]) -> dict[str, float | int]:
    """Over all sets: the worst ratio, all differing lists, all probes."""
    probes = sum(one.probes for one in results)
    return {
        "ratio_to_flat": max(one.times.ratio_to_flat for one in results),
        "ratio_to_flat_batch64": max(one.times.ratio_to_flat_batch64 for one in results),
        "differing_lists": sum(one.differing_lists for one in results),
        "probes": probes,
        "proved_share": sum(one.proved_share * one.probes for one in results) / probes,
        "hot_bytes_per_row": max(one.hot_bytes_per_row for one in results),
    }


def measured(one_set: SearchSet, size: int, args: argparse.Namespace) -> SetResult:
    """Build both, compare lists, time both in turn and, if asked for, search while references change."""
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
        differing = (hits.reference_ids[:, : expected.shape[1]] != expected).any(axis=1)
        hot_bytes = built.hot_bytes
        times = search_times(built, flat, probes, thread_count=args.threads, timed=args.timed, batches=args.batches)
        life = measured_life(built, probes, one_set.blocks(), seconds=args.life) if args.life else None
        built.close()
    return SetResult(
        size=size,
        differing_lists=int(differing.sum()),
        probes=len(probes),
        proved_share=float(hits.proved.mean()),
        hot_bytes_per_row=hot_bytes / size,
        build_s=build_s,
        times=times,
        life=life,
    )


def _made(name: str, size: int, args: argparse.Namespace) -> SearchSet:
    return make_set(name, size=size, dim=args.dim, probe_count=max(args.probes, BATCH_COUNT), seed=args.seed)


def _line(one: SetResult) -> str:
    times = one.times
    filtered = ", ".join(f"{share}: {ratio:.2f}" for share, ratio in times.ratio_filtered.items())
    life = f"; {_life_line(one.life)}" if one.life else ""
    return (
        f"flat {times.flat_ms['p50']:.1f} ms, search {times.search_ms['p50']:.1f} ms, ratio {times.ratio_to_flat:.3f}; "
        f"batch of 64 {times.ratio_to_flat_batch64:.3f} of flat, {times.ratio_to_product_batch64:.2f} of the product; "
        f"filtered {filtered}; {one.differing_lists} of {one.probes} lists differ, "
        f"{100 * one.proved_share:.1f} % proved; "
        f"{one.hot_bytes_per_row:.0f} bytes a row; built in {one.build_s:.0f} s{life}"
    )


def _life_line(life: LifeResult) -> str:
    busy, quiet = life.search_busy_ms, life.search_quiet_ms
    return (
        f"while {life.added_per_s:.0f} references a second came and as many went, search took {busy['p50']:.1f} ms, "
        f"at most {busy['longest']:.0f}, of which {busy['longest_queued']:.0f} in the run queue "
        f"(quiet {quiet['p50']:.1f}, at most {quiet['longest']:.0f}); "
        f"an addition at most {life.add_ms['longest']:.0f}, a replacement {life.replace_ms['longest']:.0f}, "
        f"a removal {life.remove_ms['longest']:.0f}"
    )
