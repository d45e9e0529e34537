"""Packs made of published files, mirrors, and a pack carried as one file; with a tiny pack of each kind of file."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from matcher.errors import PackDamagedError, PackDownloadError, PackError, PackLicenseError, PackNotReadyError
from matcher.packs.bundle import export_pack, import_pack
from matcher.packs.graph_digest import graph_digest
from matcher.packs.making import make_graph
from matcher.packs.store import PackStatus, PackStore
from tests.unit.pack_server import serving
from tests.unit.tiny_ir import tiny_ir, tiny_weights

GRAPH_XML, WEIGHTS = tiny_ir(tiny_weights())
MADE = make_graph("openvino-ir-points", [GRAPH_XML, WEIGHTS])
REFERENCE = MADE + b"\x72\x00"  # the same network with an empty entry of metadata
PLAIN = b"plain weights"
# Files by the name that the manifest gives them, and by the last part of their address.
PUBLISHED = {"net.FP16.xml": GRAPH_XML, "net.FP16.bin": WEIGHTS, "plain.bin": PLAIN}
ADDRESSES = {"net.FP16.xml": "zoo/FP16/net.xml", "net.FP16.bin": "zoo/FP16/net.bin", "plain.bin": "v1/plain.bin"}
HOST = "models.invalid"


def entry(kind: str, name: str, content: bytes, **keys: object) -> str:
    values = {
        "name": name,
        "sha256": hashlib.sha256(content).hexdigest(),
        "size_bytes": len(content),
        "license": "MIT",
        **keys,
    }
    return f"[[{kind}]]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in values.items())


def published(kind: str, name: str) -> str:
    return entry(kind, name, PUBLISHED[name], source="download", address=f"https://{HOST}/{ADDRESSES[name]}")


def manifest(*, license_name: str = "MIT", version: str = "1", pinned: str = "") -> str:
    head = f"""name = "tiny"
version = "{version}"
modality = "fingerprint"
license = "{license_name}"
license_is_permissive = {str(license_name == "MIT").lower()}
intended_use = "tests"
"""
    made = entry(
        "files",
        "net.onnx",
        REFERENCE,
        source="made",
        made_by="openvino-ir-points",
        made_from=["net.FP16.xml", "net.FP16.bin"],
        graph_sha256=pinned or graph_digest(MADE),
    )
    sources = published("sources", "net.FP16.xml") + published("sources", "net.FP16.bin")
    return head + published("files", "plain.bin") + made + sources


MakeStore = Callable[..., PackStore]


@pytest.fixture
def make_store(tmp_path: Path) -> MakeStore:
    """A store of its own folder, which knows the pack `tiny`."""

    def make(name: str = "one", **changes: str) -> PackStore:
        folder = tmp_path / name / "manifests"
        folder.mkdir(parents=True)
        (folder / "tiny.toml").write_text(manifest(**changes))
        return PackStore(tmp_path / name / "packs", manifests_folder=folder)

    return make


@pytest.fixture
def downloads(tmp_path: Path) -> Path:
    folder = tmp_path / "downloads"
    folder.mkdir()
    for name, content in PUBLISHED.items():
        (folder / name).write_bytes(content)
    return folder


def installed_names(store: PackStore) -> list[str]:
    return sorted(path.name for path in store.folder("tiny").iterdir())


@pytest.mark.parametrize(
    "layout",
    [
        PUBLISHED,
        {f"{HOST}/{ADDRESSES[name]}": content for name, content in PUBLISHED.items()},
        {ADDRESSES[name]: content for name, content in PUBLISHED.items()},
        {Path(ADDRESSES[name]).name: content for name, content in PUBLISHED.items()},
    ],
    ids=["names", "host and path", "path", "last part"],
)
def test_a_mirror_is_asked_in_place_of_the_publishers(make_store: MakeStore, layout: dict[str, bytes]) -> None:
    store = make_store()
    with serving(files={f"models/{path}": content for path, content in layout.items()}) as served:
        store.install("tiny", mirror=f"{served.folder}/models/")
    assert store.state("tiny").status is PackStatus.READY
    assert store.file("tiny", "net.onnx").read_bytes() == MADE
    assert installed_names(store) == ["net.onnx", "plain.bin"]


def test_a_mirror_without_a_file_is_told_and_the_rest_is_not_asked_for_again(make_store: MakeStore) -> None:
    store = make_store()
    files = {name: content for name, content in PUBLISHED.items() if name != "net.FP16.bin"}
    with serving(files=files) as served:
        with pytest.raises(PackDownloadError, match=r"net\.FP16\.bin could not be downloaded .* Not Found"):
            store.install("tiny", mirror=served.folder)
        served.files = PUBLISHED
        served.paths.clear()
        store.install("tiny", mirror=served.folder)
    assert served.paths == ["/net.FP16.bin"]
    assert installed_names(store) == ["net.onnx", "plain.bin"]


def test_a_mirror_cannot_bring_other_files(make_store: MakeStore) -> None:
    store = make_store()
    other, other_weights = tiny_ir(tiny_weights(seed=1))
    with (
        serving(files={**PUBLISHED, "net.FP16.xml": other, "net.FP16.bin": other_weights}) as served,
        pytest.raises((PackDamagedError, PackDownloadError)),
    ):
        store.install("tiny", mirror=served.folder)
    assert store.state("tiny").status is PackStatus.MISSING


@pytest.mark.parametrize("mirror", ["ftp://127.0.0.1/", "127.0.0.1", "file:///srv", "https://", "https://host/?a=b"])
def test_a_mirror_that_is_no_address_is_refused(make_store: MakeStore, mirror: str) -> None:
    with pytest.raises(PackDownloadError, match="begins with https"):
        make_store().install("tiny", mirror=mirror)


def test_a_made_file_comes_from_a_folder_of_published_files_or_as_the_file_handed_out_before(
    make_store: MakeStore, downloads: Path, tmp_path: Path
) -> None:
    store = make_store()
    store.install("tiny", from_folder=downloads)
    assert store.file("tiny", "net.onnx").read_bytes() == MADE
    for name in ADDRESSES:
        if name.startswith("net."):
            (downloads / name).unlink()
    other = make_store("two")
    with pytest.raises(PackNotReadyError, match=f"https://{HOST}/zoo/FP16/net.xml"):
        other.install("tiny", from_folder=downloads)
    (downloads / "any name").write_bytes(REFERENCE)
    other.install("tiny", from_folder=downloads)
    assert other.file("tiny", "net.onnx").read_bytes() == REFERENCE
    other.verify("tiny")


def test_a_made_file_that_was_changed_is_never_handed_out(make_store: MakeStore, downloads: Path) -> None:
    store = make_store()
    store.install("tiny", from_folder=downloads)
    path = store.file("tiny", "net.onnx")
    changed = bytearray(path.read_bytes())
    position = changed.index(tiny_weights().kernel.tobytes())
    changed[position] ^= 1
    path.write_bytes(changed)
    assert store.state("tiny").status is PackStatus.DAMAGED
    with pytest.raises(PackDamagedError):
        store.file("tiny", "net.onnx")
    store.install("tiny", from_folder=downloads)
    store.verify("tiny")


def test_a_graph_that_comes_out_different_is_discarded(make_store: MakeStore, downloads: Path) -> None:
    store = make_store(pinned="0" * 64)
    with pytest.raises(PackDamagedError, match="came out different"):
        store.install("tiny", from_folder=downloads)
    assert not (store.folder("tiny") / "net.onnx").exists()


def test_an_exported_pack_is_ready_on_another_machine(make_store: MakeStore, downloads: Path, tmp_path: Path) -> None:
    one, two = make_store(), make_store("two")
    with pytest.raises(PackNotReadyError):
        export_pack(one, "tiny", tmp_path / "tiny.pack")
    assert not (tmp_path / "tiny.pack").exists()
    one.install("tiny", from_folder=downloads)
    assert export_pack(one, "tiny", tmp_path / "tiny.pack").pack_id == "tiny@1"
    export_pack(one, "tiny", tmp_path / "again.pack")
    assert (tmp_path / "again.pack").read_bytes() == (tmp_path / "tiny.pack").read_bytes()
    with pytest.raises(PackError, match="exists already"):
        export_pack(one, "tiny", tmp_path / "tiny.pack")
    assert import_pack(two, tmp_path / "tiny.pack").pack_id == "tiny@1"
    two.verify("tiny")
    assert installed_names(two) == ["net.onnx", "plain.bin"]
    assert [path.name for path in two.root.iterdir()] == ["tiny@1"]


def test_a_license_is_accepted_once_and_carried(make_store: MakeStore, downloads: Path, tmp_path: Path) -> None:
    one, two = make_store(license_name="research"), make_store("two", license_name="research")
    one.install("tiny", from_folder=downloads, accept_license="research")
    export_pack(one, "tiny", tmp_path / "tiny.pack")
    import_pack(two, tmp_path / "tiny.pack")
    assert two.accepted_license("tiny") == "research"
    two.verify("tiny")
    unaccepted = repacked(tmp_path / "tiny.pack", contents=lambda table: table.update(accepted_license=""))
    with pytest.raises(PackLicenseError):
        import_pack(make_store("three", license_name="research"), unaccepted)


def test_a_pack_that_the_software_brings_has_nothing_to_carry(tmp_path: Path) -> None:
    for name in ("leader", "face-builtin"):
        with pytest.raises(PackError, match="comes with the software"):
            export_pack(PackStore(tmp_path), name, tmp_path / "file")


def repacked(
    path: Path,
    *,
    members: dict[str, bytes] | None = None,
    without: str = "",
    contents: Callable[[dict[str, Any]], object] | None = None,
    compression: int = zipfile.ZIP_STORED,
) -> Path:
    """The pack file with other members, written beside it."""
    with zipfile.ZipFile(path) as archive:
        found = {name: archive.read(name) for name in archive.namelist() if name != without}
    found.update(members or {})
    if contents:
        table = json.loads(found["pack.json"])
        contents(table)
        found["pack.json"] = json.dumps(table).encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, content in found.items():
            archive.writestr(name, content)
    target = path.with_name("changed.pack")
    target.write_bytes(buffer.getvalue())
    return target


def with_digest(name: str, content: bytes) -> dict[str, Any]:
    """The member, and its entry in pack.json made to fit."""

    def fit(table: dict[str, Any]) -> None:
        next(row for row in table["files"] if row["name"] == name)["sha256"] = hashlib.sha256(content).hexdigest()

    return {"members": {name: content}, "contents": fit}


OTHER_GRAPH = make_graph("openvino-ir-points", list(tiny_ir(tiny_weights(seed=1))))


@pytest.mark.parametrize(
    "changes",
    [
        {"members": {"plain.bin": PLAIN[::-1]}},
        {"members": {"plain.bin": PLAIN + b"!"}},
        with_digest("plain.bin", PLAIN[::-1]),
        with_digest("net.onnx", OTHER_GRAPH),
        with_digest("net.onnx", b""),
        {"members": {"../escaped.bin": b"x"}},
        {"members": {"/tmp/escaped.bin": b"x"}},
        {"members": {"installed.json": b'{"accepted_license": "x"}'}},
        {"without": "plain.bin"},
        {"without": "pack.json"},
        {"members": {"pack.json": b"[]"}},
        {"members": {"pack.json": b"no json"}},
        {"members": {"pack.json": b" " * (1 << 21)}, "compression": zipfile.ZIP_DEFLATED},
        {"members": {"net.onnx": bytes(65 << 20)}, "compression": zipfile.ZIP_DEFLATED},
        {"contents": lambda table: table.update(version="2")},
        {"contents": lambda table: table.update(name="../tiny")},
        {"contents": lambda table: table.update(name="unknown")},
        {"contents": lambda table: table.update(format="another")},
        {"contents": lambda table: table["files"].append({"name": "../x", "sha256": "0"})},
    ],
)
def test_a_pack_file_with_anything_wrong_leaves_the_installed_pack_as_it_is(
    make_store: MakeStore, downloads: Path, tmp_path: Path, changes: dict[str, Any]
) -> None:
    one = make_store()
    one.install("tiny", from_folder=downloads)
    export_pack(one, "tiny", tmp_path / "tiny.pack")
    wrong = repacked(tmp_path / "tiny.pack", **changes)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    with pytest.raises(PackError):
        import_pack(one, wrong)
    two = make_store("two")
    with pytest.raises(PackError):
        import_pack(two, wrong)
    assert two.state("tiny").status is PackStatus.MISSING
    assert {path: path.read_bytes() for path in before} == before
    left = {path for path in tmp_path.rglob("*") if path.is_file()} - set(before)
    assert left == {tmp_path / "two" / "manifests" / "tiny.toml"}


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x03\x04" + bytes(100)])
def test_a_file_that_is_no_pack_is_told(make_store: MakeStore, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "any.pack").write_bytes(content)
    with pytest.raises(PackDamagedError, match=r"any\.pack is not a readable pack file"):
        import_pack(make_store(), tmp_path / "any.pack")
