"""A pack as one file, for stations without a network: written by one installation, read by another.

The file is a zip without compression: pack.json (name, version, license, names and hashes), then the pack's files. It
is trusted for nothing. Which files a pack has, and which are the right ones, says the manifest of the installation that
reads; members are opened by the names of that manifest, so no name of the file ever becomes a path.
"""

from __future__ import annotations

import json
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

from index.durable.files import sync_folder
from matcher.errors import PackDamagedError, PackError
from matcher.packs.install import CHUNK_BYTES, LARGEST_MADE_BYTES, Progress, is_right_file, no_progress, sha256_of
from matcher.packs.manifest import ModelPack, PackFile
from matcher.packs.store import PackStore
from matcher.texts.catalog import told

FORMAT: Final = "station-matcher pack 1"
CONTENTS_NAME: Final = "pack.json"
LARGEST_CONTENTS_BYTES: Final = 1 << 20
# What ships with the software, or with a package that it needs, is on the other machine already.
_CARRIED: Final = ("download", "folder", "made")
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)  # no times, so that the same pack gives the same bytes
_UNREADABLE: Final = (zipfile.BadZipFile, KeyError, NotImplementedError, RuntimeError, EOFError, ValueError, TypeError)


@dataclass(frozen=True, slots=True)
class Contents:
    """pack.json, checked for form only. accepted_license: "" where none had to be accepted. sha256: by file name."""

    name: str
    version: str
    accepted_license: str
    sha256: dict[str, str]


def export_pack(store: PackStore, name: str, target: Path, progress: Progress = no_progress) -> ModelPack:
    """Write an installed pack to target, which appears only when it is whole. Raises PackNotReadyError,
    PackDamagedError, PackLicenseError, PackError where target exists or the pack has no file to carry, and OSError."""
    pack = store.manifest(name)
    entries = _carried(pack)
    if target.exists():
        raise PackError(told("pack.file_exists", file=target.name))
    paths = [store.file(name, entry.name) for entry in entries]
    contents = {
        "format": FORMAT,
        "name": pack.name,
        "version": pack.version,
        "license": pack.license,
        "accepted_license": "" if pack.license_is_permissive else store.accepted_license(name),
        "files": [
            {"name": entry.name, "sha256": sha256_of(path), "license": entry.license, "origin": entry.origin}
            for entry, path in zip(entries, paths, strict=True)
        ],
    }
    partial = target.with_name(target.name + ".part")
    try:
        with zipfile.ZipFile(partial, "w", zipfile.ZIP_STORED) as archive:
            archive.writestr(_member(CONTENTS_NAME), json.dumps(contents, indent=1, ensure_ascii=False))
            for entry, path in zip(entries, paths, strict=True):
                with path.open("rb") as source, archive.open(_member(entry.name), "w", force_zip64=True) as into:
                    _copy(source, into, path.stat().st_size, entry.name, progress)
        partial.replace(target)
        sync_folder(target.parent)
    finally:
        partial.unlink(missing_ok=True)
    return pack


def import_pack(store: PackStore, source: Path, progress: Progress = no_progress) -> ModelPack:
    """Install the pack that lies in source. Nothing of the installed pack changes before every file of the new one was
    found right. The license that the exporting installation accepted counts as accepted here.

    Raises PackNotFoundError (this installation knows no such pack), PackDamagedError, PackLicenseError, PackError
    (another version) and OSError.
    """
    try:
        with zipfile.ZipFile(source) as archive:
            contents = _read_contents(archive)
            pack = store.manifest(contents.name)
            _require_known(pack, contents, archive)
            store.root.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(prefix=".import-", dir=store.root) as staging:
                for entry in _carried(pack):
                    _extract(archive, entry, contents.sha256[entry.name], Path(staging), progress)
                store.install(pack.name, from_folder=Path(staging), accept_license=contents.accepted_license)
    except _UNREADABLE as error:
        raise PackDamagedError(told("pack.no_pack_file", file=source.name, reason=error)) from error
    return pack


def _carried(pack: ModelPack) -> tuple[PackFile, ...]:
    entries = tuple(entry for entry in pack.files if entry.source in _CARRIED)
    if not entries:
        raise PackError(told("pack.nothing_to_carry", name=pack.name))
    return entries


def _member(name: str) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(name, _EPOCH)
    member.external_attr = 0o644 << 16
    return member


def _read_contents(archive: zipfile.ZipFile) -> Contents:
    with archive.open(CONTENTS_NAME) as stream:
        raw = stream.read(LARGEST_CONTENTS_BYTES + 1)
    if len(raw) > LARGEST_CONTENTS_BYTES:
        raise PackDamagedError(told("pack.contents_large", file=CONTENTS_NAME))
    table: dict[str, Any] = json.loads(raw)
    if table["format"] != FORMAT:
        raise PackError(told("pack.form"))
    return Contents(
        name=str(table["name"]),
        version=str(table["version"]),
        accepted_license=str(table["accepted_license"]),
        sha256={str(entry["name"]): str(entry["sha256"]) for entry in table["files"]},
    )


def _require_known(pack: ModelPack, contents: Contents, archive: zipfile.ZipFile) -> None:
    if contents.version != pack.version:
        raise PackError(told("pack.other_version", held=f"{contents.name}@{contents.version}", known=pack.pack_id))
    expected = sorted(entry.name for entry in _carried(pack))
    if sorted(archive.namelist()) != sorted([CONTENTS_NAME, *expected]) or sorted(contents.sha256) != expected:
        raise PackDamagedError(told("pack.other_files", pack=pack.pack_id))


def _extract(archive: zipfile.ZipFile, entry: PackFile, sha256: str, staging: Path, progress: Progress) -> None:
    size_bytes = archive.getinfo(entry.name).file_size
    if size_bytes != entry.size_bytes and not (entry.graph_sha256 and size_bytes <= LARGEST_MADE_BYTES):
        raise PackDamagedError(told("pack.carried_size", file=entry.name))
    target = staging / entry.name
    with archive.open(entry.name) as stream, target.open("wb") as into:
        _copy(stream, into, size_bytes, entry.name, progress)
    if sha256_of(target) != sha256 or not is_right_file(target, entry):
        raise PackDamagedError(told("pack.carried_other", file=entry.name))


def _copy(source: IO[bytes], into: IO[bytes], size_bytes: int, name: str, progress: Progress) -> None:
    """Copy, and stop at the stated size whatever comes."""
    done_bytes = 0
    while chunk := source.read(min(CHUNK_BYTES, size_bytes - done_bytes)):
        into.write(chunk)
        done_bytes += len(chunk)
        progress(name, done_bytes, size_bytes)
