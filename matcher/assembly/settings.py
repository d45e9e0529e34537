"""Settings to loaded packs and use cases."""

from __future__ import annotations

from collections.abc import Sequence

from index.database import EnrollmentDatabase
from index.receipts import PackHolding
from index.records import Modality
from matcher.assembly.loading import LoadedPacks, load_packs
from matcher.assembly.use_cases import UseCases, build_use_cases
from matcher.audit.records import AuditLog
from matcher.config import RecordSettings, Settings
from matcher.errors import PacksNotCoveringError
from matcher.packs.store import PackStore
from matcher.record_forms.schema import load_schema
from matcher.search.searcher import SearchSettings


def open_use_cases(settings: Settings, database: EnrollmentDatabase, loaded: LoadedPacks, audit: AuditLog) -> UseCases:
    """The use cases as the settings want them, once the audit log has a record of every change of the database.

    Raises PacksNotCoveringError where the store holds references of packs that are not loaded, unless the settings
    allow it; ConfigError, AuditError, DatabaseError.
    """
    if not settings.search.allow_unsearchable:
        _check_covered(not_searched(database, loaded))
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
        kept_images=_kept_images(settings.records),
        record_schema=load_schema(settings.records.fields_file),
        packs=loaded.packs,
        missing=loaded.missing,
        site_calibrated=loaded.site_calibrated,
    )
    use_cases.changes.pay_at_start()
    return use_cases


def _kept_images(records: RecordSettings) -> frozenset[Modality]:
    is_kept = {
        Modality.FACE: records.keep_face_images,
        Modality.FINGERPRINT: records.keep_fingerprint_images,
    }
    return frozenset(modality for modality, kept in is_kept.items() if kept)


def not_searched(database: EnrollmentDatabase, loaded: LoadedPacks) -> tuple[PackHolding, ...]:
    """What is on record of packs that are not loaded: no search meets it."""
    pack_ids = {pack.pack_id for pack in loaded.packs}
    return tuple(held for held in database.holdings() if held.pack_id not in pack_ids)


def _check_covered(passed_over: Sequence[PackHolding]) -> None:
    if not passed_over:
        return
    pack_ids = ", ".join(sorted(held.pack_id for held in passed_over))
    count = sum(held.reference_count for held in passed_over)
    raise PacksNotCoveringError(
        f"{count} references were made by packs that are not loaded ({pack_ids}), so no search would meet them: name "
        "these packs in the settings packs.face and packs.fingerprint, or set search.allow_unsearchable = true to "
        "serve the others alone",
        values={"reference_count": count, "pack_ids": pack_ids},
    )


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
