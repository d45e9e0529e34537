"""Settings to loaded packs and use cases."""

from __future__ import annotations

from index.database import EnrollmentDatabase
from index.records import Modality
from matcher.assembly.loading import LoadedPacks, load_packs
from matcher.assembly.use_cases import UseCases, build_use_cases
from matcher.audit.records import AuditLog
from matcher.config import Settings
from matcher.packs.store import PackStore
from matcher.search.searcher import SearchSettings


def open_use_cases(settings: Settings, database: EnrollmentDatabase, loaded: LoadedPacks, audit: AuditLog) -> UseCases:
    """The use cases as the settings want them, once the audit log has a record of every change of the database.

    Raises AuditError, DatabaseError.
    """
    search, enrollment = settings.search, settings.enrollment
    floors = dict(loaded.quality_floors)
    if enrollment.face_quality_floor >= 0:
        floors[Modality.FACE] = enrollment.face_quality_floor
    if enrollment.fingerprint_quality_floor >= 0:
        floors[Modality.FINGERPRINT] = enrollment.fingerprint_quality_floor
    use_cases = build_use_cases(
        database,
        loaded.engines,
        loaded.comparer,
        loaded.calibrations,
        audit,
        quality_floors=floors,
        search=SearchSettings(
            shortlist_count=search.shortlist_count,
            exhaustive_reference_limit=search.exhaustive_reference_limit,
            prepared_cache_bytes=search.prepared_cache_bytes,
        ),
        duplicate_fpir=enrollment.duplicate_fpir,
        packs=loaded.packs,
        missing=loaded.missing,
        site_calibrated=loaded.site_calibrated,
    )
    use_cases.changes.pay_at_start()
    return use_cases


def load_configured_packs(settings: Settings) -> LoadedPacks:
    """Raises PackError, SessionError."""
    packs = settings.packs
    return load_packs(
        PackStore(settings.storage.packs_folder),
        face=packs.face,
        fingerprint=packs.fingerprint,
        device=packs.device,
        allow_cpu_fallback=packs.allow_cpu_fallback,
    )
