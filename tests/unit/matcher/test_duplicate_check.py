"""One photograph enrolled under several identities is reported, whatever the size of the gallery."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from benchmarks.sample_photograph import PHOTOGRAPH, one_face
from index.database import EnrollmentDatabase
from index.records import FingerPosition, Modality, NewReference, Subject, Template
from matcher.access.context import AccessContext
from matcher.assembly.loading import LoadedPacks, load_packs
from matcher.assembly.use_cases import UseCases, build_use_cases
from matcher.packs.store import PackStore
from matcher.results import EnrollmentResult
from matcher.samples import EncodedSample
from matcher.scoring.calibration import Calibration
from matcher.scoring.scores import threshold_score
from tests.fakes import InMemoryAudit

ACCESS = AccessContext(operator_id="operator-7", case_number="case-12", purpose="burglary")
WRITERS = 16
DIM = 384
Pixels = npt.NDArray[np.uint8]


@pytest.fixture(scope="module")
def packs(tmp_path_factory: pytest.TempPathFactory) -> LoadedPacks:
    return load_packs(PackStore(tmp_path_factory.mktemp("packs")), face="face-builtin", fingerprint="")


@pytest.fixture(scope="module")
def photograph() -> Pixels:
    found = one_face()
    assert found is not None
    return found


@dataclass
class Station:
    database: EnrollmentDatabase
    use_cases: UseCases
    pack_id: str

    def fill(self, subject_count: int) -> None:
        """Strangers: unit vectors at random."""
        rng = np.random.default_rng(0)

        def enroll(row: npt.NDArray[np.float32]) -> None:
            template = Template(Modality.FACE, FingerPosition.UNKNOWN, self.pack_id, row[np.newaxis])
            self.database.enroll(Subject(""), [NewReference(template, 80)])

        with ThreadPoolExecutor(WRITERS) as writers:
            for start in range(0, subject_count, 5000):
                rows = rng.normal(size=(min(5000, subject_count - start), DIM))
                rows /= np.linalg.norm(rows, axis=1, keepdims=True)
                list(writers.map(enroll, rows.astype(np.float32)))

    def enroll(self, pixels: Pixels, name: str, suffix: str = ".png") -> EnrollmentResult:
        content = cv2.imencode(suffix, pixels)[1].tobytes()
        sample = EncodedSample(Modality.FACE, content, largest_face=True)
        return self.use_cases.enroller.enroll(Subject("", external_id=name), [sample], ACCESS)


@pytest.fixture
def station(packs: LoadedPacks, tmp_path: Path) -> Iterator[Station]:
    with EnrollmentDatabase.open(tmp_path / "database") as database:
        use_cases = build_use_cases(database, packs.engines, packs.comparer, packs.calibrations, InMemoryAudit())
        yield Station(database, use_cases, packs.packs[0].pack_id)


@pytest.mark.parametrize("count", [1, 30, 1000, pytest.param(100_000, marks=pytest.mark.soak)])
def test_one_photograph_under_four_identities_is_reported_each_time(
    station: Station, photograph: Pixels, count: int
) -> None:
    station.fill(count - 1)
    known = []
    # As it is, twice, compressed, and enlarged.
    copies = [
        (photograph, ".png"),
        (photograph, ".png"),
        (photograph, ".jpg"),
        (cv2.resize(photograph, None, fx=1.5, fy=1.5, interpolation=cv2.INTER_CUBIC).astype(np.uint8), ".png"),
    ]
    for number, (pixels, suffix) in enumerate(copies):
        answer = station.enroll(pixels, f"identity-{number}", suffix)
        assert {lead.subject_id for lead in answer.duplicates} == set(known)
        known.append(answer.subject_id)


@pytest.mark.parametrize(("name", "subject_count"), [("face-builtin", 1_000_000), ("face-open", 10_000_000)])
def test_a_copy_reaches_the_threshold_of_the_largest_galleries(name: str, subject_count: int, tmp_path: Path) -> None:
    table = PackStore(tmp_path).manifest(name).calibration
    assert table is not None
    calibration = Calibration.from_table(table)
    assert calibration.tail is not None
    assert calibration.tail.shape >= 0
    assert calibration.score(1.0).value >= threshold_score(0.001, subject_count)
    assert calibration.score(1.0).extrapolated


def test_another_person_is_not_reported_as_resembling(station: Station, photograph: Pixels) -> None:
    station.enroll(photograph, "one")
    darker = np.ascontiguousarray(photograph[:, ::-1])
    whole = cv2.imread(str(_whole_photograph()))
    other = np.ascontiguousarray(whole[230:440, 420:600]).astype(np.uint8)
    assert station.enroll(darker, "one again").duplicates
    assert not station.enroll(other, "other").duplicates


def _whole_photograph() -> Path:
    spec = importlib.util.find_spec("insightface")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / PHOTOGRAPH
