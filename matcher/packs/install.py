"""Bring the files of a pack: copied from a folder, or downloaded from the official address.

A download is bounded by the size that the manifest states, resumes where it stopped (HTTP Range), and becomes a
pack file only after its sha256 fits. Only https is spoken, and http to this machine itself.
"""

from __future__ import annotations

import hashlib
import http.client
import os
import shutil
import urllib.error
import urllib.parse
import urllib.request
import zipfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from matcher.errors import PackDamagedError, PackDownloadError, PackNotReadyError
from matcher.packs.manifest import PackFile

Progress = Callable[[str, int, int], None]
"""Called with file name, bytes done, bytes in all."""

CHUNK_BYTES = 1 << 18
CONNECT_TIMEOUT_S = 20.0
LOOPBACK_HOSTS = ("127.0.0.1", "::1", "localhost")


def no_progress(file_name: str, done_bytes: int, total_bytes: int) -> None:
    """Progress that nobody watches."""


def sha256_of(path: Path) -> str:
    """Hex digest of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def fetch_files(
    pack_name: str,
    wanted: Sequence[PackFile],
    folder: Path,
    *,
    from_folder: Path | None = None,
    progress: Progress = no_progress,
) -> None:
    """Put every wanted file into folder; where from_folder is given, nothing is downloaded. Raises PackNotReadyError,
    PackDownloadError, PackDamagedError."""
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
            archives.add(_take_from_archive(entry, folder, progress))
        else:
            remote = RemoteFile(entry.address, entry.name, entry.size_bytes, entry.sha256)
            partial = download(remote, folder, progress)
            os.replace(partial, target)
    for archive in archives:
        archive.unlink(missing_ok=True)


def _require_obtainable(pack_name: str, entry: PackFile, from_folder: Path | None) -> None:
    kind, _, rest = entry.source.partition(":")
    if kind == "package":
        package = rest.partition("/")[0]
        raise PackNotReadyError(f"{entry.name} of pack {pack_name} comes with the Python package {package}: install it")
    if kind == "bundled":
        raise PackDamagedError(f"{entry.name} of pack {pack_name} comes with Station Matcher itself: install it again")
    if kind == "folder" and from_folder is None:
        raise PackNotReadyError(
            f"no official address is known for {entry.name} of pack {pack_name}. Put the files of the pack into a "
            f"folder and run: station-matcher packs install {pack_name} --from FOLDER. Origin: {entry.origin}"
        )


def _take_from_folder(entry: PackFile, from_folder: Path, target: Path) -> bool:
    """Copy the file with the right hash, whatever its name there."""
    for candidate in _candidates(entry.name, entry.size_bytes, from_folder):
        if sha256_of(candidate) == entry.sha256:
            partial = target.with_name(target.name + ".part")
            shutil.copyfile(candidate, partial)
            _require_hash(partial, entry.name, entry.sha256)
            os.replace(partial, target)
            return True
    return False


def _candidates(name: str, size_bytes: int, folder: Path) -> Iterable[Path]:
    """Files of the right size in folder, the one of the right name first."""
    if not folder.is_dir():
        raise PackNotReadyError("the folder given with --from does not exist")
    found = [path for path in sorted(folder.iterdir()) if path.is_file() and path.stat().st_size == size_bytes]
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


def _take_from_archive(entry: PackFile, folder: Path, progress: Progress) -> Path:
    """Extract one member of the zip at the address. Returns the zip to delete later."""
    # Under a name of its own, so that it never shares a partial file with a member.
    partial_name = f"archive-{_archive_name(entry)}"
    remote = RemoteFile(entry.address, partial_name, entry.archive_size_bytes, entry.archive_sha256)
    archive = download(remote, folder, progress)
    extract_member(archive, entry, folder / entry.name)
    return archive


def _archive_name(entry: PackFile) -> str:
    return Path(urllib.parse.urlsplit(entry.address).path).name


def _not_in_folder(pack_name: str, entry: PackFile) -> str:
    told = f"{entry.name} of pack {pack_name} was not found"
    if entry.archive_member:
        told = f"neither {entry.name} of pack {pack_name} nor {_archive_name(entry)} was found"
    message = f"{told} in the folder given, by name or by sha256"
    if entry.address:
        return f"{message}. Put it there from {entry.address}, or leave out --from to have it downloaded"
    return f"{message}, and no official address is known. Origin: {entry.origin or 'see the manifest'}"


def extract_member(archive: Path, entry: PackFile, target: Path) -> None:
    """Extract the one named member, never more bytes than the manifest states. Raises PackDamagedError."""
    partial = target.with_name(target.name + ".part")
    try:
        with zipfile.ZipFile(archive) as opened, opened.open(entry.archive_member) as stream:
            _copy_bounded(stream, partial, entry)
    except (zipfile.BadZipFile, KeyError, NotImplementedError, RuntimeError, EOFError) as error:
        partial.unlink(missing_ok=True)
        raise PackDamagedError(f"the archive holds no readable {entry.archive_member}: {error}") from error
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
        raise PackDamagedError(f"{entry.archive_member} in the archive does not have the size of the manifest")


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """What a download must turn out to be."""

    address: str
    name: str
    size_bytes: int
    sha256: str


def download(remote: RemoteFile, folder: Path, progress: Progress = no_progress) -> Path:
    """Download to folder/NAME.part, going on where an earlier attempt stopped. Returns that path, hash checked.

    Raises PackDownloadError (refused address, no network, server error, more bytes than stated) and
    PackDamagedError (wrong hash; the partial file is deleted).
    """
    _require_safe(remote.address)
    partial = folder / (remote.name + ".part")
    have_bytes = partial.stat().st_size if partial.is_file() else 0
    if have_bytes > remote.size_bytes:
        partial.unlink()
        have_bytes = 0
    try:
        if have_bytes < remote.size_bytes:
            _receive(remote, partial, have_bytes, progress)
    except (urllib.error.URLError, http.client.HTTPException, TimeoutError, OSError) as error:
        raise PackDownloadError(
            f"{remote.name} could not be downloaded from {remote.address}: {getattr(error, 'reason', error)}. "
            "Without network, put the file into a folder and install with --from FOLDER"
        ) from error
    if partial.stat().st_size < remote.size_bytes:
        raise PackDownloadError(f"the download of {remote.name} ended early; run the same command again to go on")
    _require_hash(partial, remote.name, remote.sha256)
    return partial


def _receive(remote: RemoteFile, partial: Path, have_bytes: int, progress: Progress) -> None:
    headers = {"User-Agent": "station-matcher", "Accept-Encoding": "identity"}
    if have_bytes:
        headers["Range"] = f"bytes={have_bytes}-"
    request = urllib.request.Request(remote.address, headers=headers)  # noqa: S310  the scheme was checked
    with urllib.request.urlopen(request, timeout=CONNECT_TIMEOUT_S) as response:  # noqa: S310
        _require_safe(response.url)
        resumes = response.status == http.HTTPStatus.PARTIAL_CONTENT
        if resumes and not response.headers.get("Content-Range", "").startswith(f"bytes {have_bytes}-"):
            raise PackDownloadError("the server answered with another part than was asked for")
        done_bytes = have_bytes if resumes else 0
        with partial.open("ab" if resumes else "wb") as output:
            while chunk := response.read(CHUNK_BYTES):
                done_bytes += len(chunk)
                if done_bytes > remote.size_bytes:
                    output.close()
                    partial.unlink()
                    raise PackDownloadError(f"the server sends more than the {remote.size_bytes} bytes of the manifest")
                output.write(chunk)
                progress(remote.name, done_bytes, remote.size_bytes)


def _require_safe(address: str) -> None:
    parts = urllib.parse.urlsplit(address)
    if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK_HOSTS):
        return
    raise PackDownloadError(f"the address {address} is not https")


def _require_hash(path: Path, name: str, sha256: str) -> None:
    if sha256_of(path) != sha256:
        path.unlink()
        raise PackDamagedError(f"{name} does not have the sha256 of the manifest; it was discarded")
