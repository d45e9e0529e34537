"""`python -m benchmarks people`: of whom a probe is, and what is said of one that is asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.__main__ import main
from benchmarks.datasets import DatasetError
from benchmarks.generated_templates import minutia_sets
from benchmarks.speed.people import (
    BAD,
    FINGERS,
    ONE_OWN,
    PROBES_A_ROUND,
    SAMPLE_COUNTS,
    Crowd,
    asked,
    enroll_strangers,
    made_round,
)
from index.database import EnrollmentDatabase
from index.records import FingerPosition, Modality, Template
from matcher.fingerprint.comparison.compare import MinutiaComparer
from matcher.fingerprint.comparison.descriptors import describe
from matcher.search.searcher import Searcher
from tests.fakes import CALIBRATION

PACK_ID = "leader@1"


@pytest.fixture(scope="module")
def crowd() -> Crowd:
    """31 fingers, of which every capture is the same: 20 of two people, 11 of nobody."""
    templates = []
    for one in minutia_sets(31, seed=3):
        vectors = describe(one)
        vectors.flags.writeable = False
        templates.append(Template(Modality.FINGERPRINT, FingerPosition.UNKNOWN, PACK_ID, vectors, one.to_bytes()))
    return Crowd(templates, [[one] for one in templates], [[one] for one in templates])


def test_a_round_has_every_kind_and_is_the_same_in_every_run(crowd: Crowd) -> None:
    people, probes = made_round(crowd, 4)
    assert len(probes) == PROBES_A_ROUND
    assert {one.kind for one in probes} == {
        f"{count} fingers, {bad}" for count in SAMPLE_COUNTS for bad in BAD if (count, bad) != (2, "all but one bad")
    }
    again = made_round(crowd, 4)
    assert people == again[0]
    assert [[one.minutiae for one in probe.templates] for probe in probes] == [
        [one.minutiae for one in probe.templates] for probe in again[1]
    ]
    assert len({finger for person in people for finger in person}) == FINGERS * len(people)
    number_of = {one.minutiae: number for number, one in enumerate(crowd.references)}
    for probe in probes:
        mine = [number_of[one.minutiae] == people[probe.mate][one.finger.value - 1] for one in probe.templates]
        # There is a mate, and with one sample alone where it says so.
        assert mine[0]
        assert not probe.kind.endswith(ONE_OWN) or sum(mine) == 1
        assert len({one.finger for one in probe.templates}) == len(mine)


def test_the_people_of_a_round_are_found_and_gone_after_it(crowd: Crowd, tmp_path: Path) -> None:
    with EnrollmentDatabase.open(tmp_path / "database") as database:
        enroll_strangers(database, 20, PACK_ID, 1)
        searcher = Searcher(database, MinutiaComparer(), {PACK_ID: CALIBRATION})
        outcomes = list(asked(database, searcher, crowd, 4))
        assert database.counts().subject_count == 20
        # Again: nobody is enrolled twice.
        enroll_strangers(database, 20, PACK_ID, 1)
        with pytest.raises(DatasetError, match="20 people are enrolled"):
            enroll_strangers(database, 21, PACK_ID, 1)
    assert len(outcomes) == PROBES_A_ROUND
    # Captures are the reference itself, so that one of the mate's own is enough.
    assert [(one.rank, one.exhaustive_rank) for kind, one in outcomes if "none" in kind or ONE_OWN in kind] == [
        (1, 1)
    ] * (2 * 2 * len(SAMPLE_COUNTS))


@pytest.mark.parametrize(("people", "probes"), [("-3", "1"), ("0", "0"), ("0", "-1")])
def test_counts_of_which_nothing_can_be_said_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], people: str, probes: str
) -> None:
    given = ["--data", str(tmp_path), "--out", str(tmp_path / "out"), "--people", people, "--probes", probes]
    assert main(["people", *given]) == 2
    assert "--people takes 0 or more, --probes 1 or more" in capsys.readouterr().err
