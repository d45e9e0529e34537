"""The use cases over one database, put together once; the servicers ask for them when the index is verified."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from index.database import EnrollmentDatabase
from index.records import Modality
from matcher.audit.changes import ChangeLedger
from matcher.audit.erasure import SigningKey
from matcher.audit.records import AuditLog
from matcher.extraction.engines import Engines
from matcher.packs.manifest import ModelPack
from matcher.record_forms.schema import RecordSchema, load_schema
from matcher.scoring.calibration import Calibration
from matcher.search.comparison import FingerprintComparing
from matcher.search.searcher import Searcher
from matcher.search.settings import SearchSettings
from matcher.usecases.assess import Assessor
from matcher.usecases.correct_records import RecordKeeper
from matcher.usecases.describe import Describer
from matcher.usecases.enroll import Enroller, EnrollmentSettings
from matcher.usecases.identify import Identifier
from matcher.usecases.keep_records import Keeper
from matcher.usecases.show_references import ReferenceViewer
from matcher.usecases.verify import Verifier
from matcher.usecases.witness_erasure import ErasureWitness


@dataclass(frozen=True, slots=True)
class UseCases:
    """Thread safe, all of them. changes: what the store owes the audit log; paid before anything is served."""

    identifier: Identifier
    verifier: Verifier
    assessor: Assessor
    enroller: Enroller
    keeper: Keeper
    record_keeper: RecordKeeper
    describer: Describer
    reference_viewer: ReferenceViewer
    changes: ChangeLedger


def build_use_cases(
    database: EnrollmentDatabase,
    engines: Engines,
    comparer: FingerprintComparing,
    calibrations: Mapping[str, Calibration],
    audit: AuditLog,
    *,
    quality_floors: Mapping[Modality, int] | None = None,
    search: SearchSettings | None = None,
    duplicate_fpir: float = 0.001,
    kept_images: frozenset[Modality] = frozenset(Modality),
    packs: Sequence[ModelPack] = (),
    missing: Mapping[Modality, str] | None = None,
    site_calibrated: frozenset[str] = frozenset(),
    record_schema: RecordSchema | None = None,
    signing_key: SigningKey | None = None,
) -> UseCases:
    """calibrations: by pack id. quality_floors: 0-100 by modality, of enrollment and assessment. packs, missing and
    site_calibrated: what a client is told of packs, see Describer. record_schema: the shipped one where none is given.
    """
    floors = quality_floors or {}
    changes = ChangeLedger(database, audit)
    searcher = Searcher(database, comparer, calibrations, settings=search)
    enrollment = EnrollmentSettings(floors, duplicate_fpir, kept_images)
    return UseCases(
        identifier=Identifier(database, engines, searcher, audit),
        verifier=Verifier(database, engines, searcher, audit),
        assessor=Assessor(engines, audit, quality_floors=floors),
        enroller=Enroller(database, engines, searcher, changes, settings=enrollment),
        keeper=Keeper(database, searcher, audit, changes, witness=ErasureWitness(database, audit, signing_key)),
        record_keeper=RecordKeeper(database, audit, changes, record_schema or load_schema()),
        describer=Describer(
            database,
            engines,
            calibrations,
            audit,
            quality_floors=floors,
            packs=packs,
            missing=missing or {},
            site_calibrated=site_calibrated,
        ),
        reference_viewer=ReferenceViewer(database, engines, searcher.template_comparer, audit),
        changes=changes,
    )
