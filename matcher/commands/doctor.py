"""station-matcher doctor: what is installed, which packs are ready, what is missing and how to get it."""

from __future__ import annotations

import argparse
import importlib
import importlib.metadata
import platform
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from index.errors import DatabaseError, EncryptionKeyError
from index.folder import SLOTS_NAME, has_store
from index.keys.opening import has_keys
from index.keys.slots import read_identity
from index.records import Modality
from index.store.opening import pack_sizes, passed_over, references_set_aside
from index.vector.face_engine import FaceEngine, engine_for, faiss_limit
from matcher.assembly.keys import master_key
from matcher.commands.client_options import add_json_option
from matcher.commands.packs import language_of, pack_store
from matcher.commands.tables import grouped, print_json
from matcher.config import SearchDefaults, Settings, StorageSettings
from matcher.errors import PackError
from matcher.packs.store import ModelPack, PackStatus, PackStore
from matcher.scoring.calibration import Calibration
from matcher.scoring.scores import largest_gallery
from matcher.texts.catalog import localized, text
from matcher.texts.unseen import visible

if TYPE_CHECKING:
    from matcher.commands.parser import CommandParser, Subparsers

# Distribution names as installed; each is a dependency in pyproject.toml.
PACKAGES = ("numpy", "onnxruntime", "onnx", "faiss-cpu", "grpcio", "protobuf", "h5py", "pyfing")
# The packs of this prefix need the package of this name, which is an extra.
INSIGHTFACE = "insightface"
# What opencv-python needs, which insightface brings, and a slim Debian lacks (libGL.so.1 and libgthread-2.0.so.0).
LIBGL_COMMAND = "apt-get install -y libgl1 libglib2.0-0"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report. ok: True good, False something is missing, None only a remark."""

    ok: bool | None
    line: str


def add_commands(subparsers: Subparsers[CommandParser], language: str) -> None:
    """Add `doctor` to the parser; see packs.add_commands for the convention."""
    parser = subparsers.add_parser("doctor", help=text("help.doctor", language))
    add_json_option(parser)
    parser.set_defaults(run=run_doctor)


def run_doctor(options: argparse.Namespace) -> int:
    """Print the findings; 1 where something needed is missing."""
    language, packs = language_of(options), options.settings.packs
    configured = {packs.face, packs.fingerprint} - {""}
    needs_insightface = packs.face.startswith(INSIGHTFACE)
    fpir = options.settings.search.target_fpir
    findings = [
        *package_findings(language, needs_insightface=needs_insightface),
        *pack_findings(pack_store(options), language, configured, fpir),
    ]
    findings += store_findings(options.settings.storage.data_folder, language)
    findings += encryption_findings(options.settings.storage, language)
    findings += face_engine_findings(options.settings.storage.data_folder, language, options.settings.search)
    findings += coverage_findings(options.settings, pack_store(options), language)
    is_good = all(finding.ok is not False for finding in findings)
    if getattr(options, "json", False):
        print_json({"ok": is_good, "findings": [{"ok": one.ok, "text": one.line} for one in findings]})
        return 0 if is_good else 1
    for finding in findings:
        mark = {True: "✓", False: "✗", None: "–"}[finding.ok]
        print(f"{mark} {visible(finding.line)}")
    print(text("doctor_good" if is_good else "doctor_bad", language))
    return 0 if is_good else 1


def store_findings(data_folder: Path, language: str) -> list[Finding]:
    """The references that are damaged and not searched, by number."""
    try:
        ids = references_set_aside(data_folder)
    except DatabaseError as error:
        return [Finding(False, text("doctor_store", language, reason=error))]
    return [Finding(False, text("doctor_set_aside", language, ids=", ".join(map(str, ids))))] if ids else []


def encryption_findings(storage: StorageSettings, language: str) -> list[Finding]:
    """Whether the database is encrypted, and whether the settings name its master key."""
    if not has_store(storage.data_folder):
        return []
    if not has_keys(storage.data_folder):
        return [Finding(None, text("keys.plain", language))]
    try:
        _, key_id = read_identity(storage.data_folder / SLOTS_NAME)
        found = master_key(storage).key_id
    except EncryptionKeyError as error:
        return [Finding(False, text(f"error.key.{error.reason}", language, reason=error))]
    if found != key_id:
        return [Finding(False, text("keys.fits_not", language, key_id=found))]
    return [Finding(True, text("keys.shown", language, key_id=key_id))]


def face_engine_findings(data_folder: Path, language: str, search: SearchDefaults) -> list[Finding]:
    """Who searches the faces of each pack that has some."""
    try:
        sizes = pack_sizes(data_folder)
    except DatabaseError:
        # store_findings says it.
        return []
    setting, findings = FaceEngine(search.face_engine), []
    for pack, count in sizes:
        if pack.key.modality is Modality.FACE and count:
            engine = engine_for(setting, count, pack.dim)
            bound = text("doctor_face_engine_limit", language, limit=faiss_limit(pack.dim))
            values = {"setting": setting.value, "limit": bound if setting is FaceEngine.AUTO else ""}
            line = text(
                f"doctor_face_engine_{engine.value}", language, pack=pack.key.pack_id, references=count, **values
            )
            findings.append(Finding(None, line))
    return findings


def coverage_findings(settings: Settings, store: PackStore, language: str) -> list[Finding]:
    """References on record of packs that the settings do not name: no search meets them."""
    configured = {settings.packs.face, settings.packs.fingerprint} - {""}
    in_use = {pack.modality: pack.pack_id for pack in store.manifests() if pack.name in configured}
    try:
        found = passed_over(settings.storage.data_folder, in_use)
    except DatabaseError:
        return []  # store_findings says what is wrong with it
    ok = None if settings.search.allow_unsearchable else False
    return [
        Finding(ok, text("doctor_not_searched", language, count=held.reference_count, pack=held.pack_id))
        for held in found
    ]


def package_findings(language: str, *, needs_insightface: bool = False) -> list[Finding]:
    """Python, packages, OpenCV's system libraries and the devices of ONNX Runtime."""
    findings = [Finding(True, text("doctor_python", language, version=platform.python_version()))]
    for name in PACKAGES:
        try:
            version = importlib.metadata.version(name)
            findings.append(Finding(True, text("doctor_package", language, name=name, version=version)))
        except importlib.metadata.PackageNotFoundError:
            findings.append(Finding(False, text("doctor_package_missing", language, name=name)))
    findings.append(insightface_finding(language, is_needed=needs_insightface))
    findings.append(opencv_finding(language))
    findings.append(_device_finding(language))
    return findings


def insightface_finding(language: str, *, is_needed: bool) -> Finding:
    """Whether it is there, which is a fault only where a configured pack needs it."""
    try:
        version = importlib.metadata.version(INSIGHTFACE)
    except importlib.metadata.PackageNotFoundError:
        return Finding(False if is_needed else None, text("doctor_no_insightface", language))
    return Finding(True, text("doctor_package", language, name=INSIGHTFACE, version=version))


def opencv_finding(language: str) -> Finding:
    """Whether OpenCV loads; if not, the one line that mends it."""
    try:
        version = importlib.import_module("cv2").__version__
    except ImportError as error:
        if "lib" in str(error) and ".so" in str(error):
            return Finding(False, text("doctor_libgl", language, command=LIBGL_COMMAND))
        return Finding(False, text("doctor_cv2", language, reason=error))
    return Finding(True, text("doctor_package", language, name="OpenCV", version=version))


def pack_findings(store: PackStore, language: str, configured: AbstractSet[str], target_fpir: float) -> list[Finding]:
    """One line per pack and what to know of it, and one for each modality that has no ready pack. configured: names of
    the packs that the settings ask for; the others need not be there. target_fpir: of searches, by the settings."""
    findings, ready = [], set()
    for name in sorted(configured - {pack.name for pack in store.manifests()}):
        findings.append(Finding(False, text("doctor_unknown_pack", language, name=name)))
    for pack in store.manifests():
        status = store.state(pack.name).status
        if status is PackStatus.READY:
            ready.add(pack.modality)
        findings.append(_pack_finding(pack, status, language, is_needed=pack.name in configured))
        if status is PackStatus.READY:
            findings += _remarks(pack, store, language, target_fpir, is_needed=pack.name in configured)
    for modality in sorted({pack.modality for pack in store.manifests()} - ready, key=lambda entry: entry.value):
        name = text(modality.value, language)
        findings.append(Finding(False, text("doctor_no_pack", language, modality=name)))
    return findings


def install_command(pack: ModelPack) -> str:
    """The line that makes a pack ready."""
    command = f"station-matcher packs install {pack.name}"
    if any(entry.source == "folder" for entry in pack.files):
        command += " --from FOLDER"
    if not pack.license_is_permissive:
        command += f' --accept-license "{pack.license}"'
    return command


def _remarks(pack: ModelPack, store: PackStore, language: str, target_fpir: float, *, is_needed: bool) -> list[Finding]:
    """What to know of a pack whose files are there: what it is for, whether and how far its scores are calibrated."""
    remarks = []
    if not pack.is_operational:
        remarks.append(Finding(None, text("doctor_not_operational", language, pack=pack.pack_id)))
    try:
        table = store.get(pack.name).calibration
        if table is None:
            line = text("doctor_not_calibrated", language, pack=pack.pack_id, name=pack.name)
            remarks.append(Finding(False if is_needed else None, line))
        elif store.site_calibration_path(pack.name).is_file():
            remarks.append(Finding(True, text("doctor_site_calibration", language, pack=pack.pack_id)))
        if table is not None and is_needed:
            calibration = Calibration.from_table(table)
            values = {
                "measured_score": f"{calibration.measured_score:.1f}",
                "max_score": f"{calibration.max_score:.1f}",
                "fpir": target_fpir,
                "gallery": grouped(largest_gallery(target_fpir, calibration.max_score), language),
                "counted": text(f"doctor_counted_{pack.modality.value}", language),
            }
            remarks.append(Finding(None, text("doctor_range", language, pack=pack.pack_id, **values)))
    except PackError as error:
        remarks.append(Finding(False, localized(error, language)))
    return remarks


def _pack_finding(pack: ModelPack, status: PackStatus, language: str, *, is_needed: bool) -> Finding:
    values = {"pack": pack.pack_id, "modality": text(pack.modality.value, language)}
    match status:
        case PackStatus.READY:
            return Finding(True, text("doctor_pack_ready", language, **values))
        case PackStatus.MISSING:
            line = text("doctor_pack_missing", language, **values, command=install_command(pack))
            return Finding(False if is_needed else None, line)
        case PackStatus.DAMAGED:
            command = f"station-matcher packs remove {pack.name}, {install_command(pack)}"
            return Finding(False, text("doctor_pack_damaged", language, **values, command=command))


def _device_finding(language: str) -> Finding:
    try:
        devices = ", ".join(importlib.import_module("matcher.packs.session").available_devices())
    except ImportError:
        return Finding(False, text("doctor_package_missing", language, name="onnxruntime"))
    return Finding(True, text("doctor_devices", language, devices=devices))
