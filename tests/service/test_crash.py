"""kill -9 at random moments: nothing acknowledged is lost, nothing deleted comes back, index and store are equal."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from index.absence import contains
from index.database import EnrollmentDatabase
from index.folder import database_files
from index.records import Modality
from tests.service import crash_child as child

ROOT = Path(__file__).parents[2]
SHORT_ROUNDS, SOAK_ROUNDS = 8, 200
# Subjects checked one by one in each round, besides the comparison of all.
SAMPLE_COUNT = 40


@dataclass
class Acknowledged:
    """What children said. seeds: reference id and seed by subject id. deleted: seed by subject id. in_doubt: a deletion
    was asked for and its answer not heard."""

    seeds: dict[str, tuple[int, int]] = field(default_factory=dict)
    deleted: dict[str, int] = field(default_factory=dict)
    in_doubt: set[str] = field(default_factory=set)

    def hear(self, line: str) -> None:
        kind, _, rest = line.partition(" ")
        assert kind in "+-?", line
        if kind == "+":
            subject_id, reference_id, seed = rest.split()
            self.seeds[subject_id] = (int(reference_id), int(seed))
        elif kind == "?":
            self.in_doubt.add(rest)
        else:
            self.in_doubt.remove(rest)
            self.deleted[rest] = self.seeds.pop(rest)[1]


def _run_and_kill(folder: Path, round_number: int, delay_s: float, heard: Acknowledged) -> int:
    """Start a child, kill it some time after its first word, take in all it said. Returns how many lines."""
    arguments = [sys.executable, str(Path(child.__file__)), str(folder), str(round_number)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, env=environment, cwd=ROOT) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        killer = threading.Timer(delay_s, process.kill)
        killer.start()
        lines = (first + process.stdout.read()).split(b"\n")
        killer.join()
    assert process.returncode == -9, lines[-3:]
    # What follows the last newline was cut off by the kill.
    for line in lines[:-1]:
        heard.hear(line.decode())
    return len(lines) - 1


def _check(folder: Path, heard: Acknowledged, random: np.random.Generator) -> None:
    with EnrollmentDatabase.open(folder, create=False) as database:
        report = database.verify()
        assert report.ok, report.problems
        stored = _all_subject_ids(database)
        assert len(stored) == report.subject_count
        lost = heard.seeds.keys() - stored - heard.in_doubt
        assert not lost, f"{len(lost)} acknowledged enrollments are lost"
        back = heard.deleted.keys() & stored
        assert not back, f"{len(back)} acknowledged deletions came back"
        # A deletion that was asked for and not answered may have happened; from here on it is known.
        for subject_id in heard.in_doubt - stored:
            heard.deleted[subject_id] = heard.seeds.pop(subject_id)[1]
        heard.in_doubt.clear()
        kept = list(heard.seeds)
        for position in random.permutation(len(kept))[:SAMPLE_COUNT]:
            _check_found(database, kept[position], *heard.seeds[kept[position]])
        gone = sorted(heard.deleted.items())
        for position in random.permutation(len(gone))[:3]:
            subject_id, seed = gone[position]
            vectors = child.reference_of(seed).template.vectors
            for path in database_files(folder):
                assert not contains(path, subject_id.encode()), "the id of a deleted subject is in a file"
                assert not contains(path, vectors.tobytes()), "the vector of a deleted subject is in a file"


def _check_found(database: EnrollmentDatabase, subject_id: str, reference_id: int, seed: int) -> None:
    (stored,) = database.references([reference_id])
    template = child.reference_of(seed).template
    assert stored.subject_id == subject_id
    assert stored.template.minutiae == template.minutiae
    hits = database.search(template.modality, template.pack_id, template.vectors, 1)
    if template.modality is Modality.FACE:
        assert stored.template.vectors.tobytes() == template.vectors.tobytes()
        assert int(hits.reference_ids[0, 0]) == reference_id
    else:
        assert reference_id in hits.reference_ids[0]


def _all_subject_ids(database: EnrollmentDatabase) -> set[str]:
    ids: set[str] = set()
    token = ""
    while True:
        page = database.list_subjects(page_size=1000, page_token=token)
        ids |= {subject.subject_id for subject in page.items}
        token = page.next_page_token
        if not token:
            return ids


def _rounds(folder: Path, count: int, seed: int) -> Acknowledged:
    heard, random, line_count = Acknowledged(), np.random.default_rng(seed), 0
    for number in range(count):
        # Some die while they open the database, most in the middle of their writes.
        line_count += _run_and_kill(folder, number, float(random.exponential(0.4)), heard)
        _check(folder, heard, random)
    assert line_count > 8 * count, "the children did too little to prove anything"
    assert heard.deleted
    return heard


def test_killed_at_random_moments(tmp_path):
    _rounds(tmp_path / "database", SHORT_ROUNDS, seed=8)


def test_killed_while_it_opens(tmp_path):
    """Recovery itself is interrupted: the child dies before it has said anything."""
    folder, heard, random = tmp_path / "database", Acknowledged(), np.random.default_rng(4)
    _run_and_kill(folder, 0, 0.2, heard)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    for number in range(1, 5):
        arguments = [sys.executable, str(Path(child.__file__)), str(folder), str(number)]
        with subprocess.Popen(arguments, stdout=subprocess.PIPE, env=environment, cwd=ROOT) as process:
            assert process.stdout is not None
            killer = threading.Timer(float(random.uniform(0.2, 0.6)), process.kill)
            killer.start()
            for line in process.stdout.read().split(b"\n")[:-1]:
                heard.hear(line.decode())
            killer.join()
    _check(folder, heard, random)


@pytest.mark.soak
def test_killed_at_random_moments_many_times(tmp_path):
    _rounds(tmp_path / "database", SOAK_ROUNDS, seed=int.from_bytes(os.urandom(4), "big"))
