"""packs, doctor and calibrate as a person calls them."""

from __future__ import annotations

import argparse
import importlib
import tomllib
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from matcher.commands import calibrate_commands, doctor, pack_commands
from matcher.errors import PackLicenseError
from matcher.packs import MANIFESTS_FOLDER, PackStore
from tests.unit.face import tiny_models
from tests.unit.face.conftest import EMBEDDER, YUNET


def run(*arguments: str, lang: str = "en", packs_folder: Path | None = None) -> int:
    parser = argparse.ArgumentParser()
    subparsers = parser.add_subparsers(required=True)
    for module in (pack_commands, doctor, calibrate_commands):
        module.add_commands(subparsers)
    options = parser.parse_args(arguments)
    options.lang = lang
    if packs_folder:
        options.packs_folder = packs_folder
    return int(options.run(options))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A packs folder in which the pack `joined` of tiny models is installed and is the only one known."""
    manifest = YUNET.format(canvas_px=0) + EMBEDDER.format(kind="onnx", file="one.onnx", mean=127.5, std=127.5, dim=24)
    files = {"detector.onnx": tiny_models.yunet_model(), "one.onnx": tiny_models.embedder_model(dim=24)}
    tiny_models.store_with(tmp_path, "joined", manifest, files)
    keywords: dict[str, Any] = {"manifests_folder": tmp_path / "manifests"}
    monkeypatch.setattr("matcher.packs.PackStore.__init__.__kwdefaults__", keywords)
    return tmp_path / "packs"


def test_list_says_what_is_ready(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("packs", "list", packs_folder=folder) == 0
    printed = capsys.readouterr().out
    assert "joined@1" in printed
    assert "ready" in printed


def test_remove_verify_install_and_verify_again(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("packs", "remove", "joined", packs_folder=folder) == 0
    assert run("packs", "verify", "joined", packs_folder=folder) == 1
    assert "missing" in capsys.readouterr().err
    assert run("packs", "install", "joined", packs_folder=folder) == 1
    assert "--from FOLDER" in capsys.readouterr().err
    assert run("packs", "install", "joined", "--from", str(folder.parent / "source"), packs_folder=folder) == 0
    assert run("packs", "verify", packs_folder=folder) == 0


def test_a_failure_is_told_in_vietnamese(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("packs", "verify", "absent", lang="vi", packs_folder=folder) == 1
    assert "Không thành công" in capsys.readouterr().err


def test_doctor_names_what_is_ready_and_what_is_missing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("doctor", packs_folder=folder) == 0
    printed = capsys.readouterr().out
    assert "pack joined@1 is ready (face)" in printed
    run("packs", "remove", "joined", packs_folder=folder)
    assert run("doctor", packs_folder=folder) == 1
    assert "✗ no face pack is ready" in capsys.readouterr().out


def test_doctor_tells_the_line_that_mends_a_missing_libgl(monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.import_module

    def without_libgl(name: str, *rest: Any) -> Any:
        if name == "cv2":
            raise ImportError("libGL.so.1: cannot open shared object file: No such file or directory")
        return real(name, *rest)

    monkeypatch.setattr(importlib, "import_module", without_libgl)
    finding = doctor.opencv_finding("en")
    assert finding.ok is False
    assert "apt-get install -y libgl1" in finding.line


def test_doctor_tells_how_to_install_a_pack_that_needs_a_license(tmp_path: Path) -> None:
    store = PackStore(tmp_path, manifests_folder=MANIFESTS_FOLDER)
    pack = store.get("insightface-buffalo_s")
    command = doctor.install_command(pack)
    assert command.endswith('--accept-license "insightface-non-commercial"')
    with pytest.raises(PackLicenseError):
        store.install(pack.name)
    assert doctor.install_command(store.get("face-open")).endswith("--from FOLDER")


def photographs(folder: Path, *, people: int, each: int) -> Path:
    """Pictures of white squares, each person with a pattern of its own around it."""
    for person in range(people):
        rng = np.random.default_rng(person)
        pattern = rng.integers(0, 90, (12, 12, 3))
        (folder / f"p{person:03}").mkdir(parents=True)
        for number in range(each):
            image = tiny_models.picture((112, 96, 16))
            around = np.kron(pattern, np.ones((16, 16, 1)))[:192, :192].astype(np.uint8)
            image.pixels[16:208, 32:224] = np.maximum(image.pixels[16:208, 32:224], around)
            noise = np.random.default_rng(1000 * person + number).integers(0, 6, image.pixels.shape)
            noisy = np.clip(image.pixels.astype(int) + noise, 0, 255).astype(np.uint8)
            cv2.imwrite(str(folder / f"p{person:03}" / f"{number}.png"), noisy)
    return folder


def test_calibrate_writes_a_site_calibration_that_the_pack_then_has(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = photographs(tmp_path / "data", people=30, each=2)
    (data / "p000" / "broken.jpg").write_bytes(b"no image")
    groups = tmp_path / "groups.csv"
    groups.write_text("".join(f"p{person:03},{'odd' if person % 2 else 'even'}\n" for person in range(30)))
    arguments = ("calibrate", "--data", str(data), "--pack", "joined", "--groups", str(groups))
    assert run(*arguments, "--dry-run", packs_folder=folder) == 0
    assert PackStore(folder).get("joined").calibration is None
    assert run(*arguments, packs_folder=folder) == 0
    printed = capsys.readouterr().out
    assert "30 different people; 1 photographs were not usable" in printed
    assert "group even" in printed
    written = PackStore(folder).get("joined").calibration
    assert written is not None
    assert written["non_mated_count"] == 60 * 58 // 2
    path = PackStore(folder).site_calibration_path("joined")
    assert tomllib.loads(path.read_text())["calibration"] == written


def test_calibrate_refuses_too_few_photographs(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = photographs(tmp_path / "data", people=3, each=1)
    assert run("calibrate", "--data", str(data), "--pack", "joined", packs_folder=folder) == 1
    assert "more than 300" in capsys.readouterr().err
    assert not PackStore(folder).site_calibration_path("joined").exists()
