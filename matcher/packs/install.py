"""Bring the files of a pack: copied from a folder, downloaded from the official address or a mirror, or made from
what was.

A download is bounded by the size that the manifest states, resumes where it stopped (HTTP Range), and becomes a
pack file only after its sha256 fits. Only https is spoken, and http to this machine itself and to a mirror that was
named: the hashes decide what is taken, wherever it comes from.
"""

from __future__ import annotations

import functools
import hashlib
import http.client
import os
import shutil
import urllib.error
import urllib.parse
import urllib.request
import zipfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from index.durable.files import write_atomically
from matcher.errors import PackDamagedError, PackDownloadError, PackNotReadyError
from matcher.packs.graph_digest import graph_digest
from matcher.packs.making import make_graph
from matcher.packs.manifest import ModelPack, PackFile
from matcher.texts.catalog import told

Progress = Callable[[str, int, int], None]
"""Called with file name, bytes done, bytes in all."""

CHUNK_BYTES = 1 << 18
CONNECT_TIMEOUT_S = 20.0
# Larger than any graph that a recipe makes; nothing larger is read to be hashed as one.
LARGEST_MADE_BYTES = 64 << 20
SOURCES_FOLDER_NAME = "sources"
LOOPBACK_HOSTS = ("127.0.0.1", "::1", "localhost")
ABSENT = (http.HTTPStatus.NOT_FOUND, http.HTTPStatus.FORBIDDEN, http.HTTPStatus.GONE)
ARCHIVE_PREFIX = "archive-"


def no_progress(file_name: str, done_bytes: int, total_bytes: int) -> None:
    """Progress that nobody watches."""


def sha256_of(path: Path) -> str:
    """Hex digest of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def is_right_file(path: Path, entry: PackFile) -> bool:
    """Whether path is the file that the manifest names: by size and sha256, or, where it was made, by its graph."""
    size_bytes = path.stat().st_size
    if size_bytes == entry.size_bytes and sha256_of(path) == entry.sha256:
        return True
    if not entry.graph_sha256 or size_bytes > LARGEST_MADE_BYTES:
        return False
    try:
        return graph_digest(path.read_bytes()) == entry.graph_sha256
    except PackDamagedError:
        return False


def bring_files(
    pack: ModelPack,
    wanted: Sequence[PackFile],
    folder: Path,
    *,
    from_folder: Path | None = None,
    mirror: str = "",
    progress: Progress = no_progress,
) -> None:
    """Put every wanted file of the pack into folder, making those that are made. What they are made from is kept in
    between, so that a broken installation goes on where it stopped, and deleted at the end. Raises as fetch_files."""
    made = [entry for entry in wanted if entry.source == "made"]
    if from_folder is not None and made:
        folder.mkdir(parents=True, exist_ok=True)
        made = [entry for entry in made if not _take_from_folder(entry, from_folder, folder / entry.name)]
    sources_folder = folder / SOURCES_FOLDER_NAME
    sources = pack.sources_of(made)
    missing = [entry for entry in sources if not _is_there(sources_folder / entry.name, entry)]
    fetch = functools.partial(fetch_files, pack.name, from_folder=from_folder, mirror=mirror, progress=progress)
    fetch([entry for entry in wanted if entry.source != "made"], folder)
    fetch(missing, sources_folder)
    for entry in made:
        _make(entry, sources_folder, folder / entry.name)
        progress(entry.name, entry.size_bytes, entry.size_bytes)
    shutil.rmtree(sources_folder, ignore_errors=True)


def _is_there(path: Path, entry: PackFile) -> bool:
    return path.is_file() and is_right_file(path, entry)


def _make(entry: PackFile, sources_folder: Path, target: Path) -> None:
    content = make_graph(entry.made_by, [(sources_folder / name).read_bytes() for name in entry.made_from])
    if graph_digest(content) != entry.graph_sha256:
        raise PackDamagedError(told("pack.made_different", file=entry.name))
    write_atomically(target, content)


def fetch_files(
    pack_name: str,
    wanted: Sequence[PackFile],
    folder: Path,
    *,
    from_folder: Path | None = None,
    mirror: str = "",
    progress: Progress = no_progress,
) -> None:
    """Put every wanted file into folder; where from_folder is given, nothing is downloaded, and where mirror is,
    nothing but from it. Raises PackNotReadyError, PackDownloadError, PackDamagedError."""
    if not wanted:
        return
    for entry in wanted:
        _require_obtainable(pack_name, entry, from_folder)
    folder.mkdir(parents=True, exist_ok=True)
    archives: set[Path] = set()
    for entry in wanted:
        target = folder / entry.name
        if from_folder is not None:
            if not (_take_from_folder(entry, from_folder, target) or _take_from_archive_in(entry, from_folder, target)):
                raise PackNotReadyError(_not_in_folder(pack_name, entry))
            progress(entry.name, entry.size_bytes, entry.size_bytes)
        elif entry.archive_member:
            archives.add(_take_from_archive(entry, folder, mirror, progress))
        else:
            remote = RemoteFile(entry.address, entry.name, entry.size_bytes, entry.sha256)
            partial = _download_or_mirrored(remote, folder, mirror, progress)
            os.replace(partial, target)
    for archive in archives:
        archive.unlink(missing_ok=True)


def _require_obtainable(pack_name: str, entry: PackFile, from_folder: Path | None) -> None:
    kind, _, rest = entry.source.partition(":")
    if kind == "package":
        package = rest.partition("/")[0]
        raise PackNotReadyError(told("pack.with_package", file=entry.name, name=pack_name, package=package))
    if kind == "bundled":
        raise PackDamagedError(told("pack.with_software", file=entry.name, name=pack_name))
    if kind == "folder" and from_folder is None:
        raise PackNotReadyError(told("pack.no_address", file=entry.name, name=pack_name, origin=entry.origin))


def _take_from_folder(entry: PackFile, from_folder: Path, target: Path) -> bool:
    """Copy the file with the right hash, whatever its name there."""
    for candidate in _candidates(entry.name, entry.size_bytes, from_folder, any_size=bool(entry.graph_sha256)):
        if is_right_file(candidate, entry):
            partial = target.with_name(target.name + ".part")
            shutil.copyfile(candidate, partial)
            if not is_right_file(partial, entry):
                partial.unlink()
                raise PackDamagedError(told("pack.changed", file=entry.name))
            os.replace(partial, target)
            return True
    return False


def _candidates(name: str, size_bytes: int, folder: Path, *, any_size: bool = False) -> Iterable[Path]:
    """Files of the right size in folder, the one of the right name first, which may have another size if any_size."""
    if not folder.is_dir():
        raise PackNotReadyError(told("pack.no_folder"))
    found = [
        path
        for path in sorted(folder.iterdir())
        if path.is_file() and (path.stat().st_size == size_bytes or (any_size and path.name == name))
    ]
    return sorted(found, key=lambda path: path.name != name)


def _take_from_archive_in(entry: PackFile, from_folder: Path, target: Path) -> bool:
    """Extract the member from the zip with the right hash, whatever its name there."""
    if not entry.archive_member:
        return False
    for candidate in _candidates(_archive_name(entry), entry.archive_size_bytes, from_folder):
        if sha256_of(candidate) == entry.archive_sha256:
            extract_member(candidate, entry, target)
            return True
    return False


def _take_from_archive(entry: PackFile, folder: Path, mirror: str, progress: Progress) -> Path:
    """Extract one member of the zip at the address. Returns the zip to delete later."""
    # Under a name of its own, so that it never shares a partial file with a member.
    partial_name = f"{ARCHIVE_PREFIX}{_archive_name(entry)}"
    remote = RemoteFile(entry.address, partial_name, entry.archive_size_bytes, entry.archive_sha256)
    archive = _download_or_mirrored(remote, folder, mirror, progress)
    extract_member(archive, entry, folder / entry.name)
    return archive


def _archive_name(entry: PackFile) -> str:
    return Path(urllib.parse.urlsplit(entry.address).path).name


def _not_in_folder(pack_name: str, entry: PackFile) -> str:
    values = {"file": entry.name, "name": pack_name}
    if entry.archive_member:
        missing = told("pack.neither_found", **values, archive=_archive_name(entry))
    else:
        missing = told("pack.not_found", **values)
    if entry.address:
        return told("pack.put_there", missing=missing, address=entry.address)
    return told("pack.no_origin", missing=missing, origin=entry.origin or told("pack.see_manifest"))


def extract_member(archive: Path, entry: PackFile, target: Path) -> None:
    """Extract the one named member, never more bytes than the manifest states. Raises PackDamagedError."""
    partial = target.with_name(target.name + ".part")
    try:
        with zipfile.ZipFile(archive) as opened, opened.open(entry.archive_member) as stream:
            _copy_bounded(stream, partial, entry)
    except (zipfile.BadZipFile, KeyError, NotImplementedError, RuntimeError, EOFError) as error:
        partial.unlink(missing_ok=True)
        raise PackDamagedError(told("pack.member_unreadable", file=entry.archive_member, reason=error)) from error
    _require_hash(partial, entry.name, entry.sha256)
    os.replace(partial, target)


def _copy_bounded(stream: IO[bytes], partial: Path, entry: PackFile) -> None:
    left = entry.size_bytes
    with partial.open("wb") as output:
        while chunk := stream.read(min(CHUNK_BYTES, left + 1)):
            left -= len(chunk)
            if left < 0:
                break
            output.write(chunk)
    if left != 0:
        partial.unlink()
        raise PackDamagedError(told("pack.member_size", file=entry.archive_member))


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """What a download must turn out to be. http_host: a host to which http is spoken beside this machine, "" for
    none."""

    address: str
    name: str
    size_bytes: int
    sha256: str
    http_host: str = ""


class _NotThereError(PackDownloadError):
    """The server answers, and has no such file."""


def mirrored(remote: RemoteFile, mirror: str) -> tuple[RemoteFile, ...]:
    """Where a mirror may keep the file: under its name in the manifest, or as mirroring programs lay files out, below
    host and path, below the path, or under the last part of the address. Raises PackDownloadError on a mirror that is
    no http or https address."""
    base = urllib.parse.urlsplit(mirror)
    if base.scheme not in ("http", "https") or not base.hostname or base.query or base.fragment:
        raise PackDownloadError(told("pack.mirror", mirror=mirror))
    official = urllib.parse.urlsplit(remote.address)
    path = official.path.lstrip("/")
    places = (remote.name.removeprefix(ARCHIVE_PREFIX), f"{official.netloc}/{path}", path, Path(path).name)
    return tuple(
        replace(remote, address=f"{mirror.rstrip('/')}/{place}", http_host=base.hostname)
        for place in dict.fromkeys(places)
    )


def _download_or_mirrored(remote: RemoteFile, folder: Path, mirror: str, progress: Progress) -> Path:
    places = mirrored(remote, mirror) if mirror else (remote,)
    for place in places:
        try:
            return download(place, folder, progress)
        except _NotThereError:
            if place is places[-1]:
                raise
    raise AssertionError("a file has at least one place")


def download(remote: RemoteFile, folder: Path, progress: Progress = no_progress) -> Path:
    """Download to folder/NAME.part, going on where an earlier attempt stopped. Returns that path, hash checked.

    Raises PackDownloadError (refused address, no network, server error, more bytes than stated) and
    PackDamagedError (wrong hash; the partial file is deleted).
    """
    _require_safe(remote.address, remote.http_host)
    partial = folder / (remote.name + ".part")
    have_bytes = partial.stat().st_size if partial.is_file() else 0
    if have_bytes > remote.size_bytes:
        partial.unlink()
        have_bytes = 0
    try:
        if have_bytes < remote.size_bytes:
            _receive(remote, partial, have_bytes, progress)
    except (urllib.error.URLError, http.client.HTTPException, TimeoutError, OSError) as error:
        is_absent = isinstance(error, urllib.error.HTTPError) and error.code in ABSENT
        raise (_NotThereError if is_absent else PackDownloadError)(
            told("pack.download", file=remote.name, address=remote.address, reason=getattr(error, "reason", error))
        ) from error
    if partial.stat().st_size < remote.size_bytes:
        raise PackDownloadError(told("pack.download_ended", file=remote.name))
    _require_hash(partial, remote.name, remote.sha256)
    return partial


def _receive(remote: RemoteFile, partial: Path, have_bytes: int, progress: Progress) -> None:
    headers = {"User-Agent": "station-matcher", "Accept-Encoding": "identity"}
    if have_bytes:
        headers["Range"] = f"bytes={have_bytes}-"
    request = urllib.request.Request(remote.address, headers=headers)  # noqa: S310  the scheme was checked
    with urllib.request.urlopen(request, timeout=CONNECT_TIMEOUT_S) as response:  # noqa: S310
        _require_safe(response.url, remote.http_host)
        resumes = response.status == http.HTTPStatus.PARTIAL_CONTENT
        if resumes and not response.headers.get("Content-Range", "").startswith(f"bytes {have_bytes}-"):
            raise PackDownloadError(told("pack.other_part"))
        done_bytes = have_bytes if resumes else 0
        with partial.open("ab" if resumes else "wb") as output:
            while chunk := response.read(CHUNK_BYTES):
                done_bytes += len(chunk)
                if done_bytes > remote.size_bytes:
                    output.close()
                    partial.unlink()
                    raise PackDownloadError(told("pack.too_long", bytes=remote.size_bytes))
                output.write(chunk)
                progress(remote.name, done_bytes, remote.size_bytes)


def _require_safe(address: str, http_host: str) -> None:
    parts = urllib.parse.urlsplit(address)
    if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in (*LOOPBACK_HOSTS, http_host or None)):
        return
    raise PackDownloadError(told("pack.not_https", address=address))


def _require_hash(path: Path, name: str, sha256: str) -> None:
    if sha256_of(path) != sha256:
        path.unlink()
        raise PackDamagedError(told("pack.hash", file=name))
