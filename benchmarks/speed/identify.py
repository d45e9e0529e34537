"""A whole Identify in process, through the same Identifier that the server calls."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np

from benchmarks.engines import EngineError
from benchmarks.generated_prints import impression, master_print
from benchmarks.generated_templates import minutia_sets
from benchmarks.product_files import pack_store, ready_pack
from benchmarks.product_fingerprints import DEFAULT_PACK
from index.database import EnrollmentDatabase
from index.keys.master_key import MasterKey
from index.records import FingerPosition, Modality, NewReference, Subject
from matcher.access.context import AccessContext
from matcher.audit.changes import ChangeLedger
from matcher.audit.log import FileAuditLog
from matcher.errors import MatcherError
from matcher.extraction.engines import Engines
from matcher.fingerprint.comparison.compare import MinutiaComparer
from matcher.fingerprint.engine import FingerprintEngine
from matcher.samples import EncodedSample
from matcher.scoring.calibration import Calibration
from matcher.search.searcher import Searcher
from matcher.usecases.enroll import Enroller
from matcher.usecases.identify import Identifier

GALLERY_SIZE = 2_000  # above the searcher's limit for comparing with every reference
CONTEXT = AccessContext(operator_id="benchmark", case_number="benchmark", purpose="speed measurement")


@contextmanager
def identify_work(folder: Path) -> Iterator[Callable[[], object]]:
    """One search for one finger among GALLERY_SIZE generated ones, its mate among them. folder: for database and audit.

    Raises EngineError where no fingerprint pack is ready or the mate is not ranked first.
    """
    try:
        store = pack_store()
        engine = FingerprintEngine.load(ready_pack(store, DEFAULT_PACK), store, thread_count=1)
    except MatcherError as error:
        raise EngineError(str(error)) from error
    reference, probe = (_sample(capture) for capture in (1, 2))
    engines = Engines(face=None, fingerprint=engine)
    with EnrollmentDatabase.open(folder / "database") as database:
        mate = database.enroll(Subject(""), [NewReference(engines.extract(reference).template, 80)])
        strangers = [
            NewReference(engine.template_from_minutiae(minutiae, FingerPosition.UNKNOWN), 80)
            for minutiae in minutia_sets(GALLERY_SIZE - 1, seed=5)
        ]
        # Ten fingers a subject, as in operation; and a tenth of the waits for the disk.
        for first in range(0, len(strangers), 10):
            database.enroll(Subject("", external_id=f"stranger-{first}"), strangers[first : first + 10])
        calibrations = {engine.pack_id: _calibration(engine)}
        identifier = Identifier(
            database, engines, Searcher(database, MinutiaComparer(), calibrations), FileAuditLog(folder / "audit.jsonl")
        )
        first_candidate = identifier.identify([probe], CONTEXT).candidates[0]
        if first_candidate.subject_id != mate.subject_id:
            raise EngineError("the benchmark's own mate is not ranked first; its speed would mean nothing")
        yield lambda: identifier.identify([probe], CONTEXT)


@contextmanager
def enroll_work(folder: Path, master: MasterKey | None) -> Iterator[Callable[[], object]]:
    """One enrollment of one finger through the use case: decoded, extracted, stored, its image kept where the database
    is encrypted, recorded. Raises EngineError where no fingerprint pack is ready."""
    try:
        store = pack_store()
        engine = FingerprintEngine.load(ready_pack(store, DEFAULT_PACK), store, thread_count=1)
    except MatcherError as error:
        raise EngineError(str(error)) from error
    sample, engines = _sample(1), Engines(face=None, fingerprint=engine)
    with (
        EnrollmentDatabase.open(folder / "database", master_key=master) as database,
        FileAuditLog(folder / "audit.jsonl") as audit,
    ):
        searcher = Searcher(database, MinutiaComparer(), {engine.pack_id: _calibration(engine)})
        enroller = Enroller(database, engines, searcher, ChangeLedger(database, audit))
        subject = Subject("", display_name="Nguyễn Văn Mẫu")
        yield lambda: enroller.enroll(subject, [sample], CONTEXT, skip_duplicate_check=True)


def _calibration(engine: FingerprintEngine) -> Calibration:
    if engine.calibration is None:
        raise EngineError(f"pack {engine.pack_id} has no calibration")
    return Calibration.from_table(engine.calibration)


def _sample(capture: int) -> EncodedSample:
    pixels = impression(master_print(1), capture, width_px=388, height_px=374)
    return EncodedSample(Modality.FINGERPRINT, bytes(cv2.imencode(".png", np.asarray(pixels))[1]), ppi=500.0)
