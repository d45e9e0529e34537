"""Model packs on disk: which are known, which are ready, and the verified path of each file.

A file is hashed every time it is handed out, so what a session loads is what the manifest names, also after the
disk was touched behind our back. Nothing is downloaded here unless `install` is called.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import shutil
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path

from index.durable.files import write_atomically
from matcher.errors import PackDamagedError, PackError, PackLicenseError, PackNotFoundError, PackNotReadyError
from matcher.packs.install import Progress, bring_files, is_right_file, no_progress
from matcher.packs.manifest import DetectorSpec, EmbedderSpec, ModelPack, PackFile, RefinerSpec, read_manifest
from matcher.texts.catalog import told, told_of

__all__ = [
    "DetectorSpec",
    "EmbedderSpec",
    "ModelPack",
    "PackFile",
    "PackState",
    "PackStatus",
    "PackStore",
    "RefinerSpec",
    "default_packs_folder",
]

MANIFESTS_FOLDER = Path(__file__).resolve().parent.parent / "pack_manifests"
RECEIPT_NAME = "installed.json"
_SEAL = b"# sha256 "


class PackStatus(Enum):
    """READY: every file is there and is the right one. MISSING: some are not. DAMAGED: one is a different file."""

    READY = "ready"
    MISSING = "missing"
    DAMAGED = "damaged"


@dataclass(frozen=True, slots=True)
class PackState:
    """status, and in detail what is missing or damaged and what to do about it; "" where READY."""

    status: PackStatus
    detail: str = ""


def default_packs_folder(environ: Mapping[str, str] | None = None) -> Path:
    """Where packs are installed unless the settings say otherwise: below XDG_DATA_HOME of environ, or of the home
    folder. Only the configuration passes the environment in; nothing here reads it."""
    base = (environ or {}).get("XDG_DATA_HOME", "")
    return (Path(base) if base else Path.home() / ".local" / "share") / "station-matcher" / "packs"


class PackStore:
    """The packs folder of one installation. Reading is thread-safe; install and remove are for one process at a time.

    root is created by the first install that has to write something.
    """

    def __init__(self, root: Path, *, manifests_folder: Path = MANIFESTS_FOLDER) -> None:
        self._root = root
        self._manifests_folder = manifests_folder

    @property
    def root(self) -> Path:
        """The packs folder; it need not exist."""
        return self._root

    def manifests(self) -> tuple[ModelPack, ...]:
        """Every known pack as it was shipped, by name."""
        return tuple(self.manifest(path.stem) for path in sorted(self._manifests_folder.glob("*.toml")))

    def get(self, name: str) -> ModelPack:
        """The pack of that name, with this site's calibration where there is one. Raises PackNotFoundError naming the
        packs that exist, and PackError where the site's calibration cannot be read."""
        return self._with_site_calibration(self.manifest(name))

    def manifest(self, name: str) -> ModelPack:
        """The pack of that name as it was shipped. Raises PackNotFoundError naming those that exist."""
        path = self._manifests_folder / f"{name}.toml"
        if Path(name).name != name or not path.is_file():
            known = ", ".join(sorted(path.stem for path in self._manifests_folder.glob("*.toml")))
            raise PackNotFoundError(told("pack.unknown", name=name, known=known))
        return read_manifest(path)

    def site_calibration_path(self, name: str) -> Path:
        """Where a calibration on this installation's own photographs lies. It survives `remove`."""
        return self._root / f"{self.manifest(name).pack_id}.calibration.toml"

    def keep_site_calibration(self, name: str, content: str) -> None:
        """Score by this calibration from now on. content: TOML; kept with its hash, since a changed digit would change
        scores in silence. Raises OSError."""
        measured = content.encode()
        write_atomically(self.site_calibration_path(name), _seal_of(measured) + b"\n" + measured)

    def folder(self, name: str) -> Path:
        """Where the installed files of the pack lie; it need not exist."""
        return self._root / self.manifest(name).pack_id

    def file(self, name: str, file_name: str) -> Path:
        """Path of a file whose size and hash were just checked.

        Raises PackNotReadyError, PackDamagedError, PackLicenseError.
        """
        pack = self.manifest(name)
        path = self._checked_path(pack, pack.file(file_name))
        if not pack.license_is_permissive and self._accepted_license(pack) != pack.license:
            raise PackLicenseError(_license_message(pack))
        return path

    def accepted_license(self, name: str) -> str:
        """The license that was accepted at the installation; "" where none was, or none had to be."""
        return self._accepted_license(self.manifest(name))

    def state(self, name: str) -> PackState:
        """Whether every file is there and right. Hashes the files: about a second a gigabyte."""
        pack = self.manifest(name)
        try:
            for entry in pack.files:
                self.file(name, entry.name)
        except PackDamagedError as error:
            return PackState(PackStatus.DAMAGED, told_of(error))
        except (PackNotReadyError, PackLicenseError) as error:
            return PackState(PackStatus.MISSING, told_of(error))
        return PackState(PackStatus.READY)

    def verify(self, name: str) -> None:
        """Raises the first PackNotReadyError, PackDamagedError or PackLicenseError of the pack's files."""
        for entry in self.manifest(name).files:
            self.file(name, entry.name)

    def install(
        self,
        name: str,
        *,
        from_folder: Path | None = None,
        mirror: str = "",
        accept_license: str | None = None,
        progress: Progress = no_progress,
    ) -> ModelPack:
        """Bring every missing or damaged file of the pack, only from from_folder where given, else from its address,
        and make those that are made. mirror: address of a folder on a web server, asked in place of the publishers'.

        accept_license: the license string of the manifest, word for word; needed where it is not permissive.
        Raises PackLicenseError, PackNotReadyError (a file is in no folder and has no address), PackDownloadError,
        PackDamagedError.
        """
        pack = self.manifest(name)
        if not pack.license_is_permissive and accept_license != pack.license:
            raise PackLicenseError(_license_message(pack))
        wanted = [entry for entry in pack.files if not self._is_right(pack, entry)]
        folder = self._root / pack.pack_id
        bring_files(pack, wanted, folder, from_folder=from_folder, mirror=mirror, progress=progress)
        if not pack.license_is_permissive:
            write_atomically(folder / RECEIPT_NAME, json.dumps({"accepted_license": accept_license}).encode())
        self.verify(name)
        return pack

    def remove(self, name: str) -> None:
        """Delete what was installed or derived for the pack. What packages or we ourselves ship stays."""
        folder = self.folder(name)
        if folder.is_dir():
            shutil.rmtree(folder)

    def derived(self, name: str, file_name: str, build: Callable[[Path], bytes], *, derived_name: str) -> bytes:
        """What build makes of a pack file, made once and kept beside the pack.

        build(path) must be deterministic; derived_name carries its version, so a new builder makes a new file. The
        kept bytes stand with their own hash, and are made anew where that does not fit. On a read-only disk they
        are made each time. Raises what file and build raise.
        """
        source = self.file(name, file_name)
        kept = self.folder(name) / "derived" / derived_name
        seal = kept.with_name(kept.name + ".sha256")
        source_sha256 = self.manifest(name).file(file_name).sha256
        try:
            content = kept.read_bytes()
            if seal.read_text(encoding="ascii") == f"{source_sha256} {hashlib.sha256(content).hexdigest()}":
                return content
        except (OSError, UnicodeDecodeError):
            pass
        content = build(source)
        try:
            write_atomically(kept, content)
            write_atomically(seal, f"{source_sha256} {hashlib.sha256(content).hexdigest()}".encode("ascii"))
        except OSError:
            pass  # a container's root file system is read-only; building takes a second
        return content

    def _with_site_calibration(self, pack: ModelPack) -> ModelPack:
        path = self._root / f"{pack.pack_id}.calibration.toml"
        if not path.is_file():
            return pack
        try:
            first, _, rest = path.read_bytes().partition(b"\n")
            # Those of before have no such line.
            if first.startswith(_SEAL) and first != _seal_of(rest):
                raise ValueError("not what was measured")
            content = (first + b"\n" + rest).decode()
            return replace(pack, calibration=tomllib.loads(content)["calibration"])
        except (OSError, ValueError, KeyError) as error:
            raise PackError(told("pack.site_calibration", name=pack.name)) from error

    def _path(self, pack: ModelPack, entry: PackFile) -> Path | None:
        kind, _, rest = entry.source.partition(":")
        if kind == "bundled":
            return self._manifests_folder / pack.name / entry.name
        if kind == "package":
            package, _, inside = rest.partition("/")
            found = importlib.util.find_spec(package)  # finds it without importing it
            if found is None or found.origin is None:
                return None
            return Path(found.origin).parent / inside
        return self._root / pack.pack_id / entry.name

    def _checked_path(self, pack: ModelPack, entry: PackFile) -> Path:
        path = self._path(pack, entry)
        if path is None or not path.is_file():
            raise PackNotReadyError(
                told(
                    "pack.file_missing",
                    name=pack.name,
                    file=entry.name,
                    option=" --from FOLDER" if entry.source == "folder" else "",
                )
            )
        if not is_right_file(path, entry):
            raise PackDamagedError(told("pack.file_other", file=entry.name, name=pack.name))
        return path

    def _is_right(self, pack: ModelPack, entry: PackFile) -> bool:
        try:
            self._checked_path(pack, entry)
        except PackError:
            return False
        return True

    def _accepted_license(self, pack: ModelPack) -> str:
        try:
            receipt = json.loads((self._root / pack.pack_id / RECEIPT_NAME).read_text(encoding="utf-8"))
            return str(receipt["accepted_license"])
        except (OSError, ValueError, KeyError, TypeError):
            return ""


def _seal_of(content: bytes) -> bytes:
    return _SEAL + hashlib.sha256(content).hexdigest().encode()


def _license_message(pack: ModelPack) -> str:
    return told("pack.license", name=pack.name, license=pack.license)
