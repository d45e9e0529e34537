"""Templates and databases for the tests of the store."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from index.database import EnrollmentDatabase
from index.keys.master_key import MasterKey
from index.records import FingerPosition, Modality, NewReference, Template

FACE_PACK, FINGER_PACK = "face-test@1", "finger-test@1"
FACE_DIM, FINGER_DIM = 32, 16
MASTER = MasterKey(bytes(range(32)))


class References:
    """Makes references with random unit vectors, each other than the last. Seeded."""

    def __init__(self, seed: int = 20) -> None:
        self._random = np.random.default_rng(seed)

    def face(self, *, quality: int = 80, pack_id: str = FACE_PACK, dim: int = FACE_DIM) -> NewReference:
        vectors = self._unit(1, dim)
        return NewReference(Template(Modality.FACE, FingerPosition.UNKNOWN, pack_id, vectors), quality)

    def finger(self, position: FingerPosition = FingerPosition.RIGHT_INDEX, *, count: int = 12) -> NewReference:
        minutiae = self._random.bytes(7 * count)
        template = Template(Modality.FINGERPRINT, position, FINGER_PACK, self._unit(count, FINGER_DIM), minutiae)
        return NewReference(template, 60, sample_sha256="ab" * 32, station_id="station 3")

    def _unit(self, count: int, dim: int) -> np.ndarray:
        vectors = self._random.standard_normal((count, dim)).astype(np.float32)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.fixture
def make() -> References:
    return References()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "database"


@pytest.fixture(params=["plain", "encrypted"])
def opened(request: pytest.FixtureRequest, folder: Path) -> Callable[[], EnrollmentDatabase]:
    """Opens the folder, as a plain database and as an encrypted one."""
    key = MASTER if request.param == "encrypted" else None
    return lambda: EnrollmentDatabase.open(folder, master_key=key)


@pytest.fixture
def database(folder: Path) -> Iterator[EnrollmentDatabase]:
    with EnrollmentDatabase.open(folder) as opened:
        yield opened


@pytest.fixture
def found() -> Callable[[EnrollmentDatabase, NewReference], int]:
    """The reference id that a search with a reference's own vectors ranks first; 0 when nothing is like it."""

    def first(searched: EnrollmentDatabase, reference: NewReference) -> int:
        template = reference.template
        hits = searched.search(template.modality, template.pack_id, template.vectors, 1)
        alike = len(hits) and hits.counts[0] and hits.similarities[0, 0] > 0.999
        return int(hits.reference_ids[0, 0]) if alike else 0

    return first
