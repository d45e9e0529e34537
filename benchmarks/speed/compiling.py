"""What compiling costs at the first start on a machine: each function that Python calls, with all that it calls, and
the whole, in seconds of processor time. Each round begins with an empty folder for what is compiled.

`llvm_s` is the part of it in LLVM, that is optimizing and making machine code; the rest is numba's own, in Python.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from numba.core import event

from benchmarks.progress import track
from index.vector.engines import SearchEngines
from index.vector.face_engine import FaceEngine
from matcher.fingerprint.comparison.compare import warm_up

# By the beginning of the module's name, the first that fits.
GROUPS = {
    "matcher.fingerprint": "comparison of fingerprints",
    "index.vector.votes": "votes of fingerprints",
    "index.vector.quantized.scan": "scan of faces",
    "index.vector": "changes of the index of faces",
}


@dataclass(slots=True)
class Cost:
    """Seconds of processor time of one function that Python calls."""

    function: str
    whole_s: float
    llvm_s: float = 0.0


class Costs(event.Listener):  # type: ignore[misc]
    """Of what is compiled meanwhile, in this thread."""

    def __init__(self) -> None:
        self.found: list[Cost] = []
        self._depths = {"numba:compile": 0, "numba:llvm_lock": 0}
        self._since = dict.fromkeys(self._depths, 0.0)

    def on_start(self, event: Any) -> None:
        self._depths[event.kind] += 1
        if self._depths[event.kind] == 1:
            self._since[event.kind] = time.process_time()
            if event.kind == "numba:compile":
                function = event.data["dispatcher"].py_func
                self.found.append(Cost(f"{function.__module__}.{function.__name__}", 0.0))

    def on_end(self, event: Any) -> None:
        self._depths[event.kind] -= 1
        if self._depths[event.kind] == 0 and self.found:
            spent = time.process_time() - self._since[event.kind]
            if event.kind == "numba:compile":
                self.found[-1].whole_s = spent
            elif self._depths["numba:compile"]:
                self.found[-1].llvm_s += spent


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="the fastest of them counts")
    parser.add_argument("--json", type=Path, metavar="FILE")


def run(args: argparse.Namespace) -> int:
    functions: dict[str, dict[str, float]] = {}
    wholes: dict[str, float] = {}
    for _ in track(range(args.rounds), total=args.rounds, what="round"):
        for measured in _round():
            for name, value in measured.pop("whole", {}).items():
                wholes[name] = min(value, wholes.get(name, value))
            for function, cost in measured.items():
                known = functions.setdefault(function, cost)
                functions[function] = {name: min(cost[name], known[name]) for name in cost}
    for function, cost in functions.items():
        print(f"{cost['whole_s']:7.2f} {cost['llvm_s']:7.2f}  {function}")
    groups: dict[str, float] = {}
    for function, cost in functions.items():
        group = next(name for beginning, name in GROUPS.items() if function.startswith(beginning))
        groups[group] = groups.get(group, 0.0) + cost["whole_s"]
    for name, value in {**groups, **wholes}.items():
        print(f"{value:7.2f}  {name}")
    if args.json:
        args.json.write_text(json.dumps({"functions": functions, "groups": groups, "whole": wholes}, indent=1))
    return 0


def _round() -> list[dict[str, Any]]:
    found = []
    for which in ("fingers", "searches"):
        with tempfile.TemporaryDirectory(prefix="compiling-benchmark-") as folder:
            made = _process([sys.executable, "-m", "benchmarks.speed.compiling", which], folder)[0]
            found.append({cost.pop("function"): cost for cost in json.loads(made)})
    with tempfile.TemporaryDirectory(prefix="compiling-benchmark-") as folder:
        command = [sys.executable, "-m", "matcher", "index", "compile"]
        first, later = _process(command, folder), _process(command, folder)
    names = ("first start, clock", "first start, processor", "later, clock", "later, processor")
    found.append({"whole": dict(zip(names, (*first[1:], *later[1:]), strict=True))})
    return found


def _process(command: list[str], folder: str) -> tuple[bytes, float, float]:
    """What it prints; seconds by the clock; seconds of processor of it and of what it starts."""
    before, begin_s = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    ended = subprocess.run(command, env={**os.environ, "NUMBA_CACHE_DIR": folder}, capture_output=True, check=True)
    clock_s, after = time.perf_counter() - begin_s, resource.getrusage(resource.RUSAGE_CHILDREN)
    return ended.stdout, clock_s, after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def _compile(which: str) -> list[Cost]:
    # As the product compiles.
    gc.disable()
    costs = Costs()
    for kind in ("numba:compile", "numba:llvm_lock"):
        event.register(kind, costs)
    if which == "fingers":
        warm_up()
    else:
        SearchEngines(FaceEngine.QUANTIZED).warm_up([(0, 1)])
    return costs.found


if __name__ == "__main__":
    print(json.dumps([asdict(cost) for cost in _compile(sys.argv[1])]))
