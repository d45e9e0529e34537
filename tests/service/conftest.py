"""A real gRPC server in this process, over a real database and audit interface, with fake engines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from index.database import EnrollmentDatabase
from index.records import Modality
from matcher.access.context import AccessContext
from matcher.assembly.use_cases import build_use_cases
from matcher.audit.erasure import SigningKey
from matcher.client import MatcherClient
from matcher.config import ServerSettings, Settings
from matcher.errors import PackError
from matcher.extraction.engines import Engines
from matcher.packs.store import PackStore
from matcher.search.settings import SearchSettings
from matcher.server.app import Server
from tests.fakes import (
    CALIBRATION,
    FACE_PACK_ID,
    FINGERPRINT_PACK_ID,
    FakeComparer,
    FakeFaceEngine,
    FakeFingerprintEngine,
    InMemoryAudit,
)

ACCESS = AccessContext(operator_id="operator-7", case_number="case-12", purpose="burglary", station_id="station-3")
FLOOR = 30


@dataclass
class Service:
    """A running server and what stands behind it."""

    server: Server
    database: EnrollmentDatabase
    audit: InMemoryAudit
    face_engine: FakeFaceEngine
    comparer: FakeComparer
    fingerprint_engine: FakeFingerprintEngine
    client: MatcherClient
    settings: Settings
    clients: list[MatcherClient] = field(default_factory=list)

    def another_client(self, **options: Any) -> MatcherClient:
        client = MatcherClient(self.server.address, **{"access": ACCESS, **options})
        self.clients.append(client)
        return client


def start_service(
    folder: Path,
    *,
    is_open: bool = True,
    search: SearchSettings | None = None,
    audit: Any = None,
    duplicate_fpir: float = 0.001,
    signing_key: SigningKey | None = None,
    **limits: Any,
) -> Service:
    """audit: the log, InMemoryAudit where none is given."""
    limits = {"address": "127.0.0.1:0", "worker_count": 2, "drain_s": 30.0, **limits}
    settings = replace(Settings(), server=ServerSettings(**limits))
    audit, face_engine, comparer = audit or InMemoryAudit(), FakeFaceEngine(), FakeComparer()
    fingerprint_engine = FakeFingerprintEngine()
    database = EnrollmentDatabase.open(folder)
    server = Server(settings, audit)
    server.start()
    use_cases = build_use_cases(
        database,
        Engines(face_engine, fingerprint_engine),
        comparer,
        {FACE_PACK_ID: CALIBRATION, FINGERPRINT_PACK_ID: CALIBRATION},
        server.audit,
        quality_floors={Modality.FACE: FLOOR, Modality.FINGERPRINT: FLOOR},
        search=search,
        duplicate_fpir=duplicate_fpir,
        signing_key=signing_key,
    )
    if is_open:
        server.open(use_cases, database=database)
    client = MatcherClient(server.address, language="en", timeout_s=30.0, access=ACCESS)
    return Service(server, database, audit, face_engine, comparer, fingerprint_engine, client, settings)


def stop_service(service: Service) -> None:
    for client in (service.client, *service.clients):
        client.close()
    service.server.stop()
    service.database.close()


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    running = start_service(tmp_path / "database")
    yield running
    stop_service(running)


@pytest.fixture(scope="session")
def packs_folder(models_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A packs folder with the face pack of the shared models; the fingerprint pack comes with pyfing."""
    folder = tmp_path_factory.mktemp("packs")
    store = PackStore(folder)
    try:
        store.install("face-open", from_folder=models_folder)
        store.install("leader")
    except PackError as error:
        pytest.skip(f"the packs are not to be had: {error}")
    return folder
