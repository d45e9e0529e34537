"""Describer: what is served, what is enrolled, and what of it no search meets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from index.database import EnrollmentDatabase
from index.receipts import Census
from index.records import Modality
from matcher.access.context import AccessContext, check_caller
from matcher.audit.entries import audited
from matcher.audit.records import AuditLog
from matcher.extraction.engines import Engines
from matcher.packs.manifest import ModelPack
from matcher.results import ModalityStatus, NotSearchable, PackFacts, ServerDescription, UnsearchedCode
from matcher.scoring.calibration import Calibration

_NOTHING: Mapping[Modality, str] = MappingProxyType({})


class Describer:
    """Thread safe."""

    def __init__(
        self,
        database: EnrollmentDatabase,
        engines: Engines,
        calibrations: Mapping[str, Calibration],
        audit: AuditLog,
        *,
        quality_floors: Mapping[Modality, int],
        packs: Sequence[ModelPack] = (),
        missing: Mapping[Modality, str] = _NOTHING,
        site_calibrated: frozenset[str] = frozenset(),
    ) -> None:
        """packs: those in use. missing: why a modality is not served. site_calibrated: ids of packs."""
        self._database = database
        self._audit = audit
        loaded = {
            modality: engine.pack_id
            for modality, engine in ((Modality.FACE, engines.face), (Modality.FINGERPRINT, engines.fingerprint))
            if engine is not None
        }
        manifests = {pack.pack_id: pack for pack in packs}
        self._pack_ids = loaded
        facts = {
            modality: _facts(manifests.get(pack_id), pack_id, calibrations[pack_id], site_calibrated)
            for modality, pack_id in loaded.items()
        }
        self._modalities = tuple(
            ModalityStatus(
                modality,
                facts.get(modality),
                missing=missing.get(modality, ""),
                quality_floor=quality_floors.get(modality, 0),
            )
            for modality in Modality
        )

    def describe(self, context: AccessContext) -> ServerDescription:
        """The audit record is on disk when this returns or raises. Raises RequestError, DatabaseError, AuditError."""
        with audited(self._audit, "server_info", context) as entry:
            check_caller(context)
            census = self._database.census()
            audit_id = entry.finish(pack_ids=tuple(self._pack_ids.values()))
        return ServerDescription(
            schema=census.schema,
            modalities=self._modalities,
            subject_count=census.subject_count,
            reference_count=census.reference_count,
            gallery_count=census.gallery_count,
            not_searchable=tuple(self._unsearched(census)),
            audit_id=audit_id,
        )

    def _unsearched(self, census: Census) -> Iterator[NotSearchable]:
        missed = [held for held in census.searchable if held.modality not in self._pack_ids]
        for modality, pack_id in self._pack_ids.items():
            missed += self._database.passed_over(modality, pack_id)
        for held in missed:
            yield NotSearchable(UnsearchedCode.PACK_NOT_IN_USE, held.reference_count, held.modality, held.pack_id)
        if census.damaged_count:
            yield NotSearchable(UnsearchedCode.DAMAGED, census.damaged_count)
        if census.sealed_count:
            yield NotSearchable(UnsearchedCode.SEALED, census.sealed_count)


def _facts(
    pack: ModelPack | None, pack_id: str, calibration: Calibration, site_calibrated: frozenset[str]
) -> PackFacts:
    """pack: None where nothing is known of it but its id."""
    return PackFacts(
        pack_id=pack_id,
        license=pack.license if pack else "",
        is_operational=pack.is_operational if pack else True,
        non_mated_count=calibration.non_mated_count,
        measured_score=calibration.measured_score,
        highest_score=calibration.max_score,
        source=calibration.data_description,
        is_of_this_site=pack_id in site_calibrated,
    )
