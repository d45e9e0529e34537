"""Machine code is kept between processes: per variant, and only until a source changes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numba
import pytest

from index.database import EnrollmentDatabase
from index.records import FingerPosition, SearchFilter, Subject
from index.vector.votes import index as votes
from tests.unit.index.conftest import References

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


def test_no_search_of_fingers_compiles_what_warming_up_did_not(
    database: EnrollmentDatabase, make: References, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To numba, an array that may not be written to, as the answer of a filter, has another type."""
    seen: set[tuple[object, ...]] = set()

    def watched(name: str) -> None:
        function = getattr(votes, name)

        def called(*arguments: object) -> object:
            seen.add((name, *map(numba.typeof, arguments)))
            return function(*arguments)

        monkeypatch.setattr(votes, name, called)

    for name in ("bits_of", "count_votes", "agreeing_votes"):
        watched(name)
    votes.warm_up(16)
    warm = set(seen)
    fingers = [make.finger(), make.finger(FingerPosition.LEFT_THUMB)]
    subject_id = database.enroll(Subject(""), fingers).subject_id
    probe = fingers[0].template
    for where in (
        SearchFilter(),
        SearchFilter(fingers=frozenset({FingerPosition.RIGHT_INDEX})),
        SearchFilter(subject_ids=frozenset({subject_id})),
    ):
        assert database.shortlist(probe, 5, where=where).reference_ids[0, 0] == 1
        assert database.search(probe.modality, probe.pack_id, probe.vectors, 5, where=where).reference_ids[0, 0] == 1
    assert {name for name, *_ in warm} == {"bits_of", "count_votes", "agreeing_votes"}
    assert seen == warm
