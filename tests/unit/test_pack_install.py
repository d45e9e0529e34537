"""Installing packs: from a folder, from an address, resumed, bounded, hashed, out of a zip."""

from __future__ import annotations

import hashlib
import io
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from matcher.errors import PackDamagedError, PackDownloadError, PackNotReadyError
from matcher.packs.install import RemoteFile, download, fetch_files, mirrored
from matcher.packs.manifest import PackFile
from tests.unit.pack_server import serving

CONTENT = bytes(range(256)) * 4096


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def remote(address: str, content: bytes = CONTENT) -> RemoteFile:
    return RemoteFile(address, "model.onnx", len(content), sha256(content))


def pack_file(**changes: object) -> PackFile:
    values = {"name": "model.onnx", "sha256": sha256(CONTENT), "size_bytes": len(CONTENT), "source": "folder"}
    return PackFile(**{**values, "license": "MIT", **changes})  # type: ignore[arg-type]


def test_download_brings_the_file_and_reports_its_progress(tmp_path: Path) -> None:
    reports: list[tuple[str, int, int]] = []
    with serving(CONTENT) as served:
        path = download(remote(served.address), tmp_path, lambda *report: reports.append(report))
    assert path.read_bytes() == CONTENT
    assert reports[-1] == ("model.onnx", len(CONTENT), len(CONTENT))
    assert [done for _, done, _ in reports] == sorted(done for _, done, _ in reports)


def test_a_broken_download_goes_on_where_it_stopped(tmp_path: Path) -> None:
    with serving(CONTENT) as served:
        served.cut_after_bytes = 300_000
        with pytest.raises(PackDownloadError):
            download(remote(served.address), tmp_path)
        served.cut_after_bytes = None
        assert download(remote(served.address), tmp_path).read_bytes() == CONTENT
    assert served.ranges[0] == ""
    assert served.ranges[1].startswith("bytes=")
    assert 0 < int(served.ranges[1][6:-1]) <= 300_000


def test_a_server_without_ranges_is_read_from_the_start(tmp_path: Path) -> None:
    (tmp_path / "model.onnx.part").write_bytes(b"something else")
    with serving(CONTENT) as served:
        served.knows_range = False
        assert download(remote(served.address), tmp_path).read_bytes() == CONTENT


def test_more_bytes_than_the_manifest_states_are_refused(tmp_path: Path) -> None:
    with serving(CONTENT + b"more") as served, pytest.raises(PackDownloadError, match="more than"):
        download(remote(served.address), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_file_with_another_hash_is_discarded(tmp_path: Path) -> None:
    with serving(CONTENT[::-1]) as served, pytest.raises(PackDamagedError, match="sha256"):
        download(remote(served.address), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_server_error_is_told(tmp_path: Path) -> None:
    with serving(b"") as served:
        served.status = 404
        with pytest.raises(PackDownloadError, match="--from FOLDER"):
            download(remote(served.address), tmp_path)


@pytest.mark.parametrize("address", ["http://example.org/m", "file:///etc/passwd", "ftp://127.0.0.1/m"])
def test_only_https_and_this_machine_are_spoken_to(tmp_path: Path, address: str) -> None:
    with pytest.raises(PackDownloadError, match="not https"):
        download(remote(address), tmp_path)


def test_without_network_the_error_names_the_address_and_the_way_out(tmp_path: Path) -> None:
    with serving(CONTENT) as served:
        pass  # nobody listens there any more
    with pytest.raises(PackDownloadError, match="--from FOLDER") as caught:
        download(remote(served.address), tmp_path)
    assert served.address in str(caught.value)


def test_files_are_taken_from_a_folder_by_hash_whatever_their_name(tmp_path: Path) -> None:
    folder = tmp_path / "downloads"
    folder.mkdir()
    (folder / "model.onnx").write_bytes(CONTENT[::-1])
    (folder / "model (1).onnx").write_bytes(CONTENT)
    fetch_files("pack", [pack_file()], tmp_path / "packs", from_folder=folder)
    assert (tmp_path / "packs" / "model.onnx").read_bytes() == CONTENT


def test_a_folder_without_the_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "downloads").mkdir()
    with pytest.raises(PackNotReadyError, match="no official address"):
        fetch_files("pack", [pack_file()], tmp_path / "packs", from_folder=tmp_path / "downloads")


@pytest.mark.parametrize("member", ["", "member"])
def test_a_folder_given_is_not_replaced_by_the_network(tmp_path: Path, member: str) -> None:
    (tmp_path / "downloads").mkdir()
    with serving(CONTENT) as served:
        entry = archived(served.address, CONTENT, member) if member else pack_file(source="download", address="")
        entry = replace(entry, address=served.address)
        with pytest.raises(PackNotReadyError, match="in the folder given") as caught:
            fetch_files("pack", [entry], tmp_path / "packs", from_folder=tmp_path / "downloads")
    assert served.ranges == []
    assert served.address in str(caught.value)


def test_a_file_without_address_asks_for_a_folder(tmp_path: Path) -> None:
    with pytest.raises(PackNotReadyError, match="--from FOLDER"):
        fetch_files("pack", [pack_file()], tmp_path / "packs")
    assert not (tmp_path / "packs").exists()


def zip_of(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def archived(address: str, archive: bytes, member: str = "member") -> PackFile:
    return pack_file(
        source="download",
        address=address,
        archive_member=member,
        archive_sha256=sha256(archive),
        archive_size_bytes=len(archive),
    )


def test_members_come_out_of_a_zip_that_is_downloaded_once(tmp_path: Path) -> None:
    archive = zip_of(member=CONTENT, other=b"not wanted")
    with serving(archive) as served:
        first = archived(served.address, archive)
        fetch_files("pack", [first, replace(first, name="again.onnx")], tmp_path)
    assert len(served.ranges) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["again.onnx", "model.onnx"]
    assert (tmp_path / "model.onnx").read_bytes() == CONTENT


def test_a_zip_in_the_folder_saves_the_download(tmp_path: Path) -> None:
    archive = zip_of(member=CONTENT)
    folder = tmp_path / "downloads"
    folder.mkdir()
    (folder / "anything.zip").write_bytes(archive)
    entry = archived("https://example.invalid/model.zip", archive)
    fetch_files("pack", [entry], tmp_path / "packs", from_folder=folder)
    assert (tmp_path / "packs" / "model.onnx").read_bytes() == CONTENT
    assert (folder / "anything.zip").exists()


@pytest.mark.parametrize(
    ("archive", "member"),
    [
        (zip_of(member=CONTENT + b"!"), "member"),  # larger than stated: a bomb stops at the stated size
        (zip_of(member=CONTENT[:-1]), "member"),
        (zip_of(member=CONTENT[::-1]), "member"),
        (zip_of(member=CONTENT), "absent"),
        (b"no zip at all", "member"),
    ],
)
def test_a_wrong_member_is_refused_and_leaves_nothing(tmp_path: Path, archive: bytes, member: str) -> None:
    with serving(archive) as served, pytest.raises(PackDamagedError):
        fetch_files("pack", [archived(served.address, archive, member)], tmp_path)
    assert not list(tmp_path.glob("model.onnx*"))


def test_a_mirror_keeps_an_archive_under_its_own_name(tmp_path: Path) -> None:
    archive = zip_of(member=CONTENT)
    entry = archived("https://example.invalid/releases/models.zip", archive)
    with serving(files={"models.zip": archive}) as served:
        fetch_files("pack", [entry], tmp_path, mirror=served.folder)
    assert [path.name for path in tmp_path.iterdir()] == ["model.onnx"]
    assert served.paths == ["/models.zip"]


def test_plain_http_is_spoken_to_the_mirror_that_was_named_and_to_no_other(tmp_path: Path) -> None:
    (place, *_) = mirrored(remote("https://example.invalid/a/model.onnx"), "http://files.station.lan/models/")
    assert (place.address, place.http_host) == ("http://files.station.lan/models/model.onnx", "files.station.lan")
    with pytest.raises(PackDownloadError, match="not https"):
        download(replace(place, address="http://example.invalid/model.onnx"), tmp_path)
