"""One finger enrolled under several identities is reported, whatever the size of the gallery."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import cv2
import pytest

from benchmarks.generated_templates import minutia_sets
from index.database import EnrollmentDatabase
from index.records import FingerPosition, Modality, NewReference, Subject, Template
from matcher.access.context import AccessContext
from matcher.assembly.loading import LoadedPacks, load_packs
from matcher.assembly.use_cases import UseCases, build_use_cases
from matcher.fingerprint.comparison.descriptors import describe
from matcher.fingerprint.minutia_set import MinutiaSet
from matcher.packs.store import PackStore
from matcher.results import EnrollmentResult
from matcher.samples import EncodedSample
from tests.fakes import InMemoryAudit

ACCESS = AccessContext(operator_id="operator-7", case_number="case-12", purpose="burglary")
PRINTS_FOLDER = Path(__file__).parents[2] / "corpus" / "prints"
WRITERS = 16


@pytest.fixture(scope="module")
def packs(tmp_path_factory: pytest.TempPathFactory) -> LoadedPacks:
    return load_packs(PackStore(tmp_path_factory.mktemp("packs")), face="", fingerprint="leader")


@dataclass
class Station:
    database: EnrollmentDatabase
    use_cases: UseCases
    pack_id: str

    def fill(self, subject_count: int) -> None:
        """Strangers: generated templates, one finger each, of unknown position."""

        def enroll(minutiae: MinutiaSet) -> None:
            template = Template(
                Modality.FINGERPRINT, FingerPosition.UNKNOWN, self.pack_id, describe(minutiae), minutiae.to_bytes()
            )
            self.database.enroll(Subject(""), [NewReference(template, 80)])

        with ThreadPoolExecutor(WRITERS) as writers:
            made = iter(minutia_sets(subject_count, seed=1))
            while some := list(islice(made, 5000)):
                list(writers.map(enroll, some))

    def enroll(self, content: bytes, name: str) -> EnrollmentResult:
        sample = EncodedSample(Modality.FINGERPRINT, content, ppi=500.0)
        return self.use_cases.enroller.enroll(Subject("", external_id=name), [sample], ACCESS)


@pytest.fixture
def station(packs: LoadedPacks, tmp_path: Path) -> Iterator[Station]:
    with EnrollmentDatabase.open(tmp_path / "database") as database:
        use_cases = build_use_cases(database, packs.engines, packs.comparer, packs.calibrations, InMemoryAudit())
        yield Station(database, use_cases, packs.packs[0].pack_id)


@pytest.mark.parametrize("count", [1, 30, 1000, pytest.param(100_000, marks=pytest.mark.soak)])
def test_one_finger_under_four_identities_is_reported_each_time(station: Station, count: int) -> None:
    station.fill(count - 1)
    first = (PRINTS_FOLDER / "13-1.png").read_bytes()
    pixels = cv2.imread(str(PRINTS_FOLDER / "13-1.png"), cv2.IMREAD_GRAYSCALE)
    assert pixels is not None
    # As it is, twice, compressed, and another capture of the same finger.
    copies = [
        first,
        first,
        cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, 80])[1].tobytes(),
        (PRINTS_FOLDER / "13-2.png").read_bytes(),
    ]
    known: set[str] = set()
    for number, content in enumerate(copies):
        answer = station.enroll(content, f"identity-{number}")
        assert {lead.subject_id for lead in answer.duplicates} == known
        assert not answer.notices
        known.add(answer.subject_id)
    other = station.enroll((PRINTS_FOLDER / "05-1.png").read_bytes(), "other")
    assert not other.duplicates
