"""Machine code is kept between processes: per variant, and only until a source changes."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import numba
import numpy as np
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

# Each line as another process would find it: what is made anew looks into the cache anew.
DAMAGES = """
import importlib
import constants, loops
from index.vector.kernels import compiling

def tell(name):
    two, five = loops.made(2), loops.made(5)
    print(name, two(10), five(10), *(sum(each.stats.cache_misses.values()) for each in (two, five)))

def tell_with(name, *contents):
    for path, content in zip(codes, contents):
        path.write_bytes(content)
    tell(name)

kept = loops.Path("kept")
tell("made")
tell("kept")
codes, (listed,) = sorted(kept.rglob("*.nbc")), kept.rglob("*.nbi")
two, five = (path.read_bytes() for path in codes)
tell_with("of other variables", five, two)
tell("mended")
tell_with("cut", two[: len(two) // 2], five)
tell_with("empty", b"", b"")
tell_with("changed", two[:-200] + bytes([two[-200] ^ 1]) + two[-199:], five)
tell_with("nothing of ours", b"N.", five)
for name, content in (("no list", b""), ("cut list", listed.read_bytes()[:40])):
    listed.write_bytes(content)
    tell(name)
loops.Path(constants.__file__).write_text("OFFSET = 2\\n")
compiling._stamp_of.cache_clear()
constants.OFFSET = 2
importlib.reload(loops)
tell("new version")
tell_with("code of the old one", two, five)
"""

# What compiled functions call, two deep, with arrays made and errors raised in it.
PARTS = """
import sys
from pathlib import Path
import numpy as np
from index.vector.kernels import numba_version
if sys.argv[1:] == ["as numba links"]:
    numba_version.TRIED_VERSIONS = ()
from index.vector.kernels.compiling import compiled, compiled_part

@compiled_part
def checked(number):
    if number > 90:
        raise ValueError("too large", number)
    if number < 0:
        raise ValueError("too small")
    return np.float32(number) / np.float32(3)

@compiled_part
def added(numbers):
    made = np.zeros(len(numbers), np.float32)
    for place in range(len(numbers)):
        made[place] = checked(numbers[place]) + np.float32(0.1)
    return made

@compiled(sources=Path(__file__).parent)
def total(numbers):
    return added(numbers).sum()

@compiled(sources=Path(__file__).parent)
def largest(numbers):
    return max(added(numbers).max(), added(numbers[:1]).max())

numbers = np.arange(70.0)
print(total(numbers).hex(), largest(numbers).hex(), total(added(numbers)).hex())
for wrong in (91.0, -1.0):
    for function in (total, largest):
        try:
            function(np.array([1.0, wrong]))
        except ValueError as error:
            print(error.args)
print(*(sum(each.stats.cache_misses.values()) for each in (total, largest)))
"""


def printed(folder: Path, script: str = SCRIPT, *arguments: str) -> str:
    environment = {"PYTHONPATH": f"{folder / 'sources'}:{CHECKOUT}", "NUMBA_CACHE_DIR": str(folder / "kept")}
    run = subprocess.run(
        [sys.executable, "-B", "-c", script, *arguments],
        env=environment,
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
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


def test_what_was_kept_is_believed_only_where_it_is_what_was_kept(tmp_path: Path) -> None:
    sources = tmp_path / "sources"
    sources.mkdir()
    (sources / "loops.py").write_text(MODULE)
    (sources / "constants.py").write_text("OFFSET = 1\n")
    said = printed(tmp_path, DAMAGES).splitlines()
    assert said == [
        "made 21 51 1 1",
        "kept 21 51 0 0",
        "of other variables 21 51 1 1",
        "mended 21 51 0 0",
        "cut 21 51 1 0",
        "empty 21 51 1 1",
        "changed 21 51 1 0",
        "nothing of ours 21 51 1 0",
        "no list 21 51 1 1",
        "cut list 21 51 1 1",
        "new version 22 52 1 1",
        "code of the old one 22 52 1 1",
    ]


def test_parts_that_are_linked_late_do_what_they_do_as_numba_links_them(tmp_path: Path) -> None:
    (tmp_path / "sources").mkdir()
    script = "import parts"
    (tmp_path / "sources" / "parts.py").write_text(PARTS)
    # Two types of arrays for one of them.
    late, kept = printed(tmp_path, script).splitlines(), printed(tmp_path, script).splitlines()
    assert late[1:] == ["('too large', 91.0)"] * 2 + ["('too small',)"] * 2 + ["2 1"]
    assert kept == [*late[:-1], "0 0"]
    # Nothing is kept of what Python does not call.
    assert len(list((tmp_path / "kept").rglob("*.nbc"))) == 3
    shutil.rmtree(tmp_path / "kept")
    assert printed(tmp_path, script, "as numba links").splitlines() == late


def test_a_disk_without_room_keeps_nothing_and_stops_nothing(tmp_path: Path) -> None:
    sources = tmp_path / "sources"
    sources.mkdir()
    (sources / "loops.py").write_text(
        f"import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, (2048, 2048))\n{MODULE}"
    )
    (sources / "constants.py").write_text("OFFSET = 1\n")
    assert printed(tmp_path).split()[1:] == ["21", "51", "1", "1"]
    assert not list((tmp_path / "kept").rglob("*.nbc"))


def test_no_search_of_fingers_compiles_what_warming_up_did_not(
    database: EnrollmentDatabase, make: References, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To numba, an array that may not be written to, as the answer of a filter, has another type."""
    seen: set[tuple[object, ...]] = set()

    def watched(name: str) -> None:
        function = getattr(votes, name)

        def called(*arguments: object) -> object:
            seen.add((name, *(numba.typeof(one) if isinstance(one, np.ndarray) else type(one) for one in arguments)))
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
