"""Machine code is kept between processes: per variant, and only until a source changes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[3]
MODULE = """
from pathlib import Path
from index.vector.kernels.compiling import compiled, is_kept
from constants import OFFSET

def made(factor):
    @compiled(sources=Path(__file__).parent, variant=str(factor))
    def scaled(number):
        return factor * number + OFFSET
    return scaled
"""
SCRIPT = """
import loops
two, five = loops.made(2), loops.made(5)
print(loops.is_kept(two), two(10), five(10), *(sum(each.stats.cache_misses.values()) for each in (two, five)))
"""


def printed(folder: Path) -> str:
    environment = {"PYTHONPATH": f"{folder / 'sources'}:{CHECKOUT}", "NUMBA_CACHE_DIR": str(folder / "kept")}
    run = subprocess.run(
        [sys.executable, "-B", "-c", SCRIPT], env=environment, cwd=folder, capture_output=True, text=True, check=True
    )
    return run.stdout.strip()


def test_variants_of_a_made_function_are_kept_apart_until_what_they_use_changes(tmp_path: Path) -> None:
    sources = tmp_path / "sources"
    sources.mkdir()
    (sources / "loops.py").write_text(MODULE)
    (sources / "constants.py").write_text("OFFSET = 1\n")
    assert printed(tmp_path) == "False 21 51 1 1"
    assert printed(tmp_path) == "True 21 51 0 0"
    # numba itself would look at loops.py alone.
    (sources / "constants.py").write_text("OFFSET = 2\n")
    assert printed(tmp_path) == "False 22 52 1 1"
