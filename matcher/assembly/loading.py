"""Packs of an installation to loaded engines, with the reason for each that cannot be loaded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from index.records import Modality
from matcher.errors import PackError, PackNotReadyError
from matcher.extraction.engines import Engines, FaceExtracting, FingerprintExtracting
from matcher.fingerprint.comparison.compare import MinutiaComparer
from matcher.packs.store import ModelPack, PackStore
from matcher.scoring.calibration import Calibration
from matcher.scoring.of_pack import calibration_of
from matcher.search.comparison import FingerprintComparing
from matcher.texts.catalog import told, told_of


@dataclass(frozen=True, slots=True)
class LoadedPacks:
    """comparer: compares the templates of the fingerprint pack. calibrations: by pack id. quality_floors: 0-100 by
    modality. missing: modality to what to do about it. site_calibrated: ids of the packs whose calibration was made on
    this site."""

    engines: Engines
    comparer: FingerprintComparing
    packs: tuple[ModelPack, ...]
    calibrations: Mapping[str, Calibration]
    quality_floors: Mapping[Modality, int]
    missing: Mapping[Modality, str] = field(default_factory=dict)
    site_calibrated: frozenset[str] = frozenset()


def load_packs(
    store: PackStore,
    *,
    face: str,
    fingerprint: str,
    device: str = "cpu",
    allow_cpu_fallback: bool = False,
) -> LoadedPacks:
    """face, fingerprint: pack names; "" leaves a modality out. A pack that is missing, damaged or not calibrated is
    told in `missing` and its modality left out, so that the other one serves. Raises PackNotFoundError, PackError
    where a pack is of the wrong modality, SessionError where the device is not usable."""
    face_engine: FaceExtracting | None = None
    fingerprint_engine: FingerprintExtracting | None = None
    packs: list[ModelPack] = []
    calibrations: dict[str, Calibration] = {}
    missing: dict[Modality, str] = {}
    for modality, name in ((Modality.FACE, face), (Modality.FINGERPRINT, fingerprint)):
        if not name:
            continue
        if store.manifest(name).modality is not modality:
            raise PackError(told("pack.other_modality", name=name, modality=told(modality.value)))
        try:
            store.verify(name)  # its files come first: without them it cannot be calibrated either
            pack = store.get(name)
            calibrations[pack.pack_id] = _calibration(pack)
            if modality is Modality.FACE:
                face_engine = _face_engine(pack, store, device, allow_cpu_fallback)
            else:
                fingerprint_engine = _fingerprint_engine(pack, store, device, allow_cpu_fallback)
        except PackError as error:
            missing[modality] = told_of(error)
            continue
        packs.append(pack)
    return LoadedPacks(
        engines=Engines(face_engine, fingerprint_engine),
        comparer=MinutiaComparer(),
        packs=tuple(packs),
        calibrations=calibrations,
        quality_floors={pack.modality: pack.quality_floor for pack in packs},
        missing=missing,
        site_calibrated=frozenset(pack.pack_id for pack in packs if store.site_calibration_path(pack.name).is_file()),
    )


def _calibration(pack: ModelPack) -> Calibration:
    calibration = calibration_of(pack)
    if calibration is None:
        raise PackNotReadyError(told("pack.no_calibration", name=pack.name))
    return calibration


def _face_engine(pack: ModelPack, store: PackStore, device: str, allow_cpu_fallback: bool) -> FaceExtracting:
    # What a modality needs is imported where it is used, so that a server of one modality starts without the other.
    from matcher.face.engine import FaceEngine  # noqa: PLC0415

    return FaceEngine.load(pack, store, device=device, allow_cpu_fallback=allow_cpu_fallback)


def _fingerprint_engine(
    pack: ModelPack, store: PackStore, device: str, allow_cpu_fallback: bool
) -> FingerprintExtracting:
    from matcher.fingerprint.engine import FingerprintEngine  # noqa: PLC0415

    return FingerprintEngine.load(pack, store, device=device, allow_cpu_fallback=allow_cpu_fallback)
