"""The pack store: what is known, what is ready, what is refused."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.records import Modality
from matcher.errors import (
    PackDamagedError,
    PackError,
    PackLicenseError,
    PackNotFoundError,
    PackNotReadyError,
)
from matcher.packs.making import RECIPES
from matcher.packs.store import PackStatus, PackStore, default_packs_folder

CONTENT = b"weights"
MANIFEST = f"""
name = "small"
version = "2"
modality = "fingerprint"
license = "LICENSE"
license_is_permissive = PERMISSIVE
intended_use = "tests"
[[files]]
name = "weights.bin"
sha256 = "{hashlib.sha256(CONTENT).hexdigest()}"
size_bytes = {len(CONTENT)}
source = "folder"
license = "MIT"
origin = "made up"
"""

MakeStore = Callable[..., PackStore]


@pytest.fixture
def make_store(tmp_path: Path) -> MakeStore:
    """A store with the one pack `small`, whose manifest may be changed."""

    def make(*, change: tuple[str, str] = ("", ""), license_name: str = "MIT", is_permissive: bool = True) -> PackStore:
        manifests = tmp_path / "manifests"
        manifests.mkdir(exist_ok=True)
        manifest = MANIFEST.replace("LICENSE", license_name).replace("PERMISSIVE", str(is_permissive).lower())
        (manifests / "small.toml").write_text(manifest.replace(*change) if change[0] else manifest)
        (tmp_path / "from").mkdir(exist_ok=True)
        (tmp_path / "from" / "weights.bin").write_bytes(CONTENT)
        return PackStore(tmp_path / "packs", manifests_folder=manifests)

    return make


def test_a_pack_becomes_ready_by_install_and_missing_by_remove(make_store: MakeStore, tmp_path: Path) -> None:
    store = make_store()
    assert store.state("small").status is PackStatus.MISSING
    assert not (tmp_path / "packs").exists()
    assert store.install("small", from_folder=tmp_path / "from").pack_id == "small@2"
    assert store.state("small").status is PackStatus.READY
    assert store.file("small", "weights.bin").read_bytes() == CONTENT
    store.remove("small")
    assert store.state("small").status is PackStatus.MISSING


def test_a_changed_file_is_never_handed_out(make_store: MakeStore, tmp_path: Path) -> None:
    store = make_store()
    store.install("small", from_folder=tmp_path / "from")
    store.file("small", "weights.bin").write_bytes(b"WEIGHTS")
    assert store.state("small").status is PackStatus.DAMAGED
    with pytest.raises(PackDamagedError):
        store.file("small", "weights.bin")
    with pytest.raises(PackDamagedError):
        store.verify("small")
    store.install("small", from_folder=tmp_path / "from")
    store.verify("small")


def test_a_license_that_is_not_permissive_is_accepted_by_name_only(make_store: MakeStore, tmp_path: Path) -> None:
    store = make_store(license_name="research-only", is_permissive=False)
    for accepted in (None, "", "yes", "Research-Only"):
        with pytest.raises(PackLicenseError, match="research-only"):
            store.install("small", from_folder=tmp_path / "from", accept_license=accepted)
    assert store.state("small").status is PackStatus.MISSING
    store.install("small", from_folder=tmp_path / "from", accept_license="research-only")
    assert store.state("small").status is PackStatus.READY


def test_files_put_there_by_hand_do_not_replace_the_acceptance(make_store: MakeStore, tmp_path: Path) -> None:
    store = make_store(license_name="research-only", is_permissive=False)
    (tmp_path / "packs" / "small@2").mkdir(parents=True)
    (tmp_path / "packs" / "small@2" / "weights.bin").write_bytes(CONTENT)
    with pytest.raises(PackLicenseError):
        store.file("small", "weights.bin")


@pytest.mark.parametrize("name", ["absent", "../small", "", "small.toml"])
def test_an_unknown_name_is_told_with_the_known_ones(make_store: MakeStore, name: str) -> None:
    with pytest.raises(PackNotFoundError, match="small"):
        make_store().get(name)


@pytest.mark.parametrize(
    "change",
    [
        ('license = "MIT"\norigin', 'licence = "MIT"\norigin'),
        ("size_bytes = 7", "size_bytes = 0"),
        ('source = "folder"', 'source = "download"'),
        ('source = "folder"', 'source = "elsewhere"'),
        ('name = "weights.bin"', 'name = "../weights.bin"'),
        ('modality = "fingerprint"', 'modality = "iris"'),
        ('modality = "fingerprint"', 'modality = "face"'),
        ('version = "2"', 'version = "2"\nextra = 1'),
        ('version = "2"', 'version = "../2"'),
        ('version = "2"\n', ""),
        ('source = "folder"', 'source = "made"'),
        ('origin = "made up"', 'made_by = "mobilefacenet"\nmade_from = ["weights.bin"]'),
        ("[[files]]", "[[files"),
    ],
)
def test_a_wrong_manifest_is_an_error_that_names_it(make_store: MakeStore, change: tuple[str, str]) -> None:
    with pytest.raises(PackError, match=r"small\.toml"):
        make_store(change=change).get("small")


@given(change=st.binary(min_size=0, max_size=40))
def test_no_bytes_but_the_right_ones_pass(tmp_path_factory: pytest.TempPathFactory, change: bytes) -> None:
    root = tmp_path_factory.mktemp("packs")
    (root / "manifests").mkdir()
    manifest = MANIFEST.replace("LICENSE", "MIT").replace("PERMISSIVE", "true")
    (root / "manifests" / "small.toml").write_text(manifest)
    (root / "small@2").mkdir()
    (root / "small@2" / "weights.bin").write_bytes(change)
    expected = PackStatus.READY if change == CONTENT else PackStatus.DAMAGED
    assert PackStore(root, manifests_folder=root / "manifests").state("small").status is expected


def test_what_is_derived_is_made_once_and_again_where_it_was_changed(make_store: MakeStore, tmp_path: Path) -> None:
    store = make_store()
    store.install("small", from_folder=tmp_path / "from")
    built: list[Path] = []

    def build(path: Path) -> bytes:
        built.append(path)
        return path.read_bytes() * 2

    for _ in range(2):
        assert store.derived("small", "weights.bin", build, derived_name="twice-v1") == CONTENT * 2
    assert len(built) == 1
    (store.folder("small") / "derived" / "twice-v1").write_bytes(b"tampered")
    assert store.derived("small", "weights.bin", build, derived_name="twice-v1") == CONTENT * 2
    assert len(built) == 2


def test_a_site_calibration_takes_the_place_of_the_manifest_and_survives_remove(
    make_store: MakeStore, tmp_path: Path
) -> None:
    store = make_store()
    store.install("small", from_folder=tmp_path / "from")
    assert store.get("small").calibration is None
    store.site_calibration_path("small").write_text("[calibration]\nmax_score = 30\n")
    store.remove("small")
    assert store.get("small").calibration == {"max_score": 30}
    store.site_calibration_path("small").write_text("max_score = 30\n")
    with pytest.raises(PackError, match="site calibration"):
        store.get("small")


def test_every_manifest_that_we_ship_is_right() -> None:
    packs = {pack.name: pack for pack in PackStore(Path("nowhere")).manifests()}
    assert {"leader", "face-open", "opencv-sface", "insightface-buffalo_l", "insightface-buffalo_s"} <= set(packs)
    assert packs["face-open"].dim == 384
    assert packs["leader"].modality is Modality.FINGERPRINT
    for pack in packs.values():
        assert pack.intended_use
        for entry in pack.files:
            assert entry.license
            assert not entry.address or entry.address.startswith("https://")
            assert entry.source != "folder" or entry.origin
            assert entry.source != "made" or entry.made_by in RECIPES
        assert all(source.license and source.address.startswith("https://") for source in pack.sources)
    assert not packs["insightface-buffalo_l"].license_is_permissive


def test_leader_is_ready_where_pyfing_is_installed() -> None:
    store = PackStore(Path("nowhere"))
    store.verify("leader")
    with pytest.raises(PackError, match="names no file"):
        store.file("leader", "other.h5")


def test_a_package_that_is_not_installed_is_told(make_store: MakeStore) -> None:
    store = make_store(change=('source = "folder"', 'source = "package:no_such_package/weights.bin"'))
    with pytest.raises(PackNotReadyError):
        store.file("small", "weights.bin")
    with pytest.raises(PackNotReadyError, match="no_such_package"):
        store.install("small")


def test_the_default_folder_follows_xdg() -> None:
    assert default_packs_folder({"XDG_DATA_HOME": "/srv/share"}) == Path("/srv/share/station-matcher/packs")
    assert default_packs_folder({}).parts[-2:] == ("station-matcher", "packs")
