"""Settings to loaded packs and use cases."""

from __future__ import annotations

from collections.abc import Sequence

from index.database import EnrollmentDatabase
from index.receipts import PackHolding
from index.records import Modality
from matcher.assembly.loading import LoadedPacks, load_packs
from matcher.assembly.use_cases import UseCases, build_use_cases
from matcher.audit.changes import ChangeLedger
from matcher.audit.erasure import SigningKey
from matcher.audit.records import AuditLog
from matcher.config import RecordSettings, Settings
from matcher.config import SearchDefaults as AskedSearch
from matcher.errors import ConfigError, PackNotReadyError, PacksNotCoveringError
from matcher.extraction.engines import Engines
from matcher.packs.store import PackStore
from matcher.record_forms.schema import load_schema
from matcher.search.settings import SearchSettings
from matcher.texts.catalog import told
from matcher.usecases.reembed import Reembedder


def open_use_cases(settings: Settings, database: EnrollmentDatabase, loaded: LoadedPacks, audit: AuditLog) -> UseCases:
    """The use cases as the settings want them, once the audit log has a record of every change of the database.

    Raises PacksNotCoveringError where the store holds references of packs that are not loaded, unless the settings
    allow it; ConfigError, AuditError, DatabaseError.
    """
    if not settings.search.allow_unsearchable:
        _check_covered(not_searched(database, loaded))
    enrollment = settings.enrollment
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
        search=search_settings(settings.search),
        duplicate_fpir=enrollment.duplicate_fpir,
        kept_images=_kept_images(settings.records),
        record_schema=load_schema(settings.records.fields_file),
        packs=loaded.packs,
        missing=loaded.missing,
        site_calibrated=loaded.site_calibrated,
        signing_key=SigningKey.of_file(settings.storage.signing_key_file),
    )
    use_cases.changes.pay_at_start()
    return use_cases


def search_settings(asked: AskedSearch) -> SearchSettings:
    """What of the settings concerns the search itself."""
    return SearchSettings(
        shortlist_count=asked.shortlist_count,
        exhaustive_reference_limit=asked.exhaustive_reference_limit,
        prepared_cache_bytes=asked.prepared_cache_bytes,
    )


def _kept_images(records: RecordSettings) -> frozenset[Modality]:
    is_kept = {
        Modality.FACE: records.keep_face_images,
        Modality.FINGERPRINT: records.keep_fingerprint_images,
    }
    return frozenset(modality for modality, kept in is_kept.items() if kept)


def not_searched(database: EnrollmentDatabase, loaded: LoadedPacks) -> tuple[PackHolding, ...]:
    """What is on record and no search with the loaded packs meets in any form."""
    in_use = {pack.modality: pack.pack_id for pack in loaded.packs}
    served = [held for modality, pack_id in in_use.items() for held in database.passed_over(modality, pack_id)]
    return (*served, *(held for held in database.holdings() if held.modality not in in_use))


def _check_covered(passed_over: Sequence[PackHolding]) -> None:
    if not passed_over:
        return
    pack_ids = ", ".join(sorted(held.pack_id for held in passed_over))
    count = sum(held.reference_count for held in passed_over)
    values = {"reference_count": count, "pack_ids": pack_ids}
    raise PacksNotCoveringError(told("cli.error.PacksNotCoveringError", **values), values=values)


def load_next_engines(settings: Settings) -> Engines:
    """The packs that make templates beside those in use. Raises ConfigError, PackError, also where one is not ready,
    and SessionError."""
    packs = settings.packs
    for name, next_name in ((packs.face, packs.next_face), (packs.fingerprint, packs.next_fingerprint)):
        if next_name and next_name == name:
            raise ConfigError(told("config.next_pack", name=name))
    loaded = load_packs(
        PackStore(settings.storage.packs_folder),
        face=packs.next_face,
        fingerprint=packs.next_fingerprint,
        device=packs.device,
        allow_cpu_fallback=packs.allow_cpu_fallback,
    )
    for reason in loaded.missing.values():
        raise PackNotReadyError(reason)
    return loaded.engines


def reembedders(
    settings: Settings, database: EnrollmentDatabase, engines: Engines, changes: ChangeLedger
) -> list[Reembedder]:
    """One for each modality that has a next pack. engines: of these packs."""
    share = settings.packs.reembed_share
    modalities = ((Modality.FACE, engines.face), (Modality.FINGERPRINT, engines.fingerprint))
    return [
        Reembedder(database, engines, changes, modality=modality, share=share)
        for modality, engine in modalities
        if engine is not None
    ]


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
