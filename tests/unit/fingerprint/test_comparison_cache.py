"""Machine code is kept between processes, and made anew when any source of the package changes."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[3]
SCRIPT = """
import numpy as np
from matcher.fingerprint.comparison.outline import chain
assert len(chain(np.zeros(2, np.float32), np.arange(2, dtype=np.float32), np.arange(2))) == 2
print(sum(chain.stats.cache_misses.values()), sum(chain.stats.cache_hits.values()))
"""


def misses_and_hits(folder: Path, **environment: str) -> list[str]:
    run = subprocess.run(
        [sys.executable, "-B", "-c", SCRIPT],
        cwd=folder,
        env={"PYTHONPATH": str(folder), "PATH": "", **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return run.stdout.split()


def copied_packages(folder: Path) -> Path:
    for package in ("matcher", "index"):
        shutil.copytree(CHECKOUT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def test_a_second_process_compiles_nothing_until_a_source_changes(tmp_path: Path) -> None:
    folder = copied_packages(tmp_path)
    compiled = str(tmp_path / "compiled")
    assert misses_and_hits(folder, NUMBA_CACHE_DIR=compiled) == ["1", "0"]
    assert misses_and_hits(folder, NUMBA_CACHE_DIR=compiled) == ["0", "1"]
    # The arrays that kernels make are made by another package.
    for changed in ("matcher/fingerprint/comparison/pairing.py", "index/vector/kernels/arrays.py"):
        with (folder / changed).open("a") as source:
            source.write("\n# another version\n")
        assert misses_and_hits(folder, NUMBA_CACHE_DIR=compiled) == ["1", "0"]
