"""The duplicate check with the real comparison and the shipped calibration: one print under two names, at any size."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from index.database import EnrollmentDatabase
from index.records import FingerPosition, Modality, NewReference, Subject, Template
from matcher.access.context import AccessContext
from matcher.audit.changes import ChangeLedger
from matcher.extraction.engines import Engines
from matcher.fingerprint.comparison.compare import MinutiaComparer
from matcher.fingerprint.comparison.descriptors import describe
from matcher.fingerprint.minutia_set import MinutiaSet
from matcher.formats.iso19794 import to_iso19794_2
from matcher.packs.store import PackStore
from matcher.results import NoticeCode
from matcher.samples import EncodedSample
from matcher.scoring.calibration import Calibration
from matcher.scoring.scores import threshold_score
from matcher.search.searcher import Searcher
from matcher.usecases.enroll import Enroller, EnrollmentSettings
from tests.fakes import InMemoryAudit
from tests.unit.fingerprint.compared_prints import made_up

PACK_ID = "leader@1"
DUPLICATE_FPIR = 0.001


class _MinutiaeOnly:
    """The part of the fingerprint engine that takes minutiae records; no network."""

    pack_id = PACK_ID

    def extract(self, *_: Any, **__: Any) -> Any:
        raise AssertionError("only records are sent here")

    def template_from_minutiae(self, minutiae: MinutiaSet, finger: FingerPosition) -> Template:
        return Template(Modality.FINGERPRINT, finger, PACK_ID, describe(minutiae), minutiae.to_bytes())


def _calibration(folder: Path) -> Calibration:
    table = PackStore(folder).get("leader").calibration
    assert table is not None
    return Calibration.from_table(table)


def _sample(minutiae: MinutiaSet) -> EncodedSample:
    return EncodedSample(Modality.FINGERPRINT, minutiae_template=to_iso19794_2(minutiae))


@pytest.mark.parametrize("count", [1, 30, 300])
def test_one_print_under_a_second_name_is_found_however_many_are_enrolled(tmp_path: Path, count: int) -> None:
    engine, audit = _MinutiaeOnly(), InMemoryAudit()
    with EnrollmentDatabase.open(tmp_path / "database") as database:
        for seed in range(1, count):
            template = engine.template_from_minutiae(made_up(seed), FingerPosition.UNKNOWN)
            database.enroll(Subject("", f"number-{seed}"), [NewReference(template, 80)])
        searcher = Searcher(database, MinutiaComparer(), {PACK_ID: _calibration(tmp_path)})
        enroller = Enroller(database, Engines(None, engine), searcher, ChangeLedger(database, audit))
        access = AccessContext("operator", "case", "duplicates")
        first = enroller.enroll(Subject("", "number-0"), [_sample(made_up(0))], access)
        second = enroller.enroll(Subject("", "number-0-again"), [_sample(made_up(0))], access)
        assert not first.duplicates
        assert [lead.subject_id for lead in second.duplicates] == [first.subject_id]
        assert not second.notices


@pytest.mark.parametrize("count", [100_000, 10_000_000])
def test_its_threshold_lies_within_reach_of_a_print_up_to_ten_million(tmp_path: Path, count: int) -> None:
    with EnrollmentDatabase.open(tmp_path / "database") as database:
        searcher = Searcher(database, MinutiaComparer(), {PACK_ID: _calibration(tmp_path)})
        for minutiae in (made_up(1, 24), made_up(2, 60)):
            whole = _MinutiaeOnly().template_from_minutiae(minutiae, FingerPosition.UNKNOWN)
            assert searcher.highest_score(whole).value > threshold_score(DUPLICATE_FPIR, count)


def test_a_print_of_five_minutiae_says_that_duplicates_cannot_be_told(tmp_path: Path) -> None:
    """Where one enrollment in a million may be reported as resembling a stranger."""
    engine = _MinutiaeOnly()
    few = made_up(3, 5, width_px=120, height_px=120)
    with EnrollmentDatabase.open(tmp_path / "database") as database:
        for seed in range(1, 60):
            template = engine.template_from_minutiae(made_up(seed), FingerPosition.UNKNOWN)
            database.enroll(Subject("", f"number-{seed}"), [NewReference(template, 80)])
        searcher = Searcher(database, MinutiaComparer(), {PACK_ID: _calibration(tmp_path)})
        enroller = Enroller(
            database,
            Engines(None, engine),
            searcher,
            ChangeLedger(database, InMemoryAudit()),
            settings=EnrollmentSettings(duplicate_fpir=1e-8),
        )
        access = AccessContext("operator", "case", "duplicates")
        enroller.enroll(Subject("", "number-0"), [_sample(few)], access)
        again = enroller.enroll(Subject("", "number-0-again"), [_sample(few)], access)
        template = engine.template_from_minutiae(few, FingerPosition.UNKNOWN)
        assert searcher.highest_score(template).value < threshold_score(1e-8, 60)
    assert [notice.code for notice in again.notices] == [NoticeCode.DUPLICATES_NOT_TOLD]
