"""packs, doctor and calibrate as a person calls them."""

from __future__ import annotations

import importlib
import tomllib
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from index.database import EnrollmentDatabase
from index.records import FingerPosition, Modality, NewReference, Subject, Template
from matcher.commands import calibrate, doctor, packs
from matcher.commands.parser import CommandParser
from matcher.config import PackSettings, SearchDefaults, Settings
from matcher.errors import PackError, PackLicenseError
from matcher.packs.store import MANIFESTS_FOLDER, PackStore
from tests.unit.face import tiny_models
from tests.unit.face.conftest import EMBEDDER, YUNET
from tests.unit.pack_server import serving


def run(*arguments: str, lang: str = "en", packs_folder: Path | None = None, mirror: str = "") -> int:
    parser = CommandParser(language=lang)
    subparsers = parser.add_subparsers(dest="command")
    for module in (packs, doctor, calibrate):
        module.add_commands(subparsers, lang)
    options = parser.parse_args(arguments)
    options.lang = lang
    options.settings = Settings(packs=PackSettings(face="joined", fingerprint="", mirror=mirror))
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
    monkeypatch.setattr("matcher.packs.store.PackStore.__init__.__kwdefaults__", keywords)
    return tmp_path / "packs"


def test_list_says_what_is_ready(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("packs", "list", packs_folder=folder) == 0
    printed = capsys.readouterr().out
    assert "joined@1" in printed
    assert "ready" in printed


def test_list_shows_whole_names_in_a_narrow_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert run("packs", "list", packs_folder=tmp_path) == 0
    printed = capsys.readouterr().out
    assert "insightface-buffalo_l@1" in printed
    assert "insightface-buffalo_s@1" in printed


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


def test_a_pack_is_carried_as_one_file(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    carried, elsewhere = str(tmp_path / "joined.pack"), tmp_path / "elsewhere"
    assert run("packs", "export", "joined", carried, packs_folder=folder) == 0
    assert f"Wrote pack joined@1 to {carried}" in capsys.readouterr().out
    assert run("packs", "export", "joined", carried, packs_folder=folder) == 1
    assert "exists already" in capsys.readouterr().err
    assert run("packs", "import", carried, lang="vi", packs_folder=elsewhere) == 0
    assert "Gói joined@1 đã sẵn sàng; mọi tệp đúng với bản kê." in capsys.readouterr().out
    assert run("packs", "verify", "joined", packs_folder=elsewhere) == 0
    assert run("packs", "import", str(tmp_path / "absent"), lang="vi", packs_folder=elsewhere) == 1
    assert "Không thành công" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("lang", "failed", "told"),
    [
        ("vi", "không tải được yunet_s_dynamic.onnx từ {mirror}/", "Máy không có mạng"),
        ("en", "yunet_s_dynamic.onnx could not be downloaded from {mirror}/", "Without network there are three ways"),
    ],
)
@pytest.mark.parametrize("as_setting", [False, True])
def test_a_download_that_fails_says_what_can_be_done(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], lang: str, failed: str, told: str, as_setting: bool
) -> None:
    with serving() as served:
        mirror = served.folder  # nobody listens there any more
    arguments = ("packs", "install", "face-open", *(() if as_setting else ("--mirror", mirror)))
    assert run(*arguments, lang=lang, packs_folder=tmp_path, mirror=mirror if as_setting else "") == 1
    printed = capsys.readouterr().err
    assert failed.format(mirror=mirror) in printed
    assert ("Connection refused" if lang == "en" else "kết nối bị từ chối") in printed
    assert told in printed


SITE_CALIBRATION = """[calibration]
table = [[0.0, 0.0], [1.0, 50.0]]
max_score = 50.0
non_mated_count = 1000
data_description = "made up"
"""


def test_doctor_names_what_is_ready_and_what_is_missing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    PackStore(folder).site_calibration_path("joined").write_text(SITE_CALIBRATION)
    assert run("doctor", packs_folder=folder) == 0
    printed = capsys.readouterr().out
    assert "✓ pack joined@1 is ready (face)" in printed
    assert "✓ pack joined@1 scores with this site's own calibration" in printed
    # 50 is one false match in 100,000 comparisons: 1,005 of them bring one with a chance of 1 %.
    assert "scores of joined@1 are measured up to 50.0" in printed
    assert "among up to 1,005 subjects" in printed
    run("packs", "remove", "joined", packs_folder=folder)
    assert run("doctor", packs_folder=folder) == 1
    printed = capsys.readouterr().out
    assert "✗ pack joined@1 is not installed" in printed
    assert "✗ no face pack is ready" in printed


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ("auto", "searched by the proved scan of codes (search.face_engine = auto, FAISS up to 2)"),
        ("faiss", "searched by FAISS (search.face_engine = faiss)"),
        ("quantized", "searched by the proved scan of codes (search.face_engine = quantized)"),
    ],
)
def test_doctor_tells_who_searches_faces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, setting, told) -> None:
    monkeypatch.setattr("index.vector.face_engine.FAISS_LIMIT_BYTES", 2 * 4 * 8)
    assert doctor.face_engine_findings(tmp_path, "en", SearchDefaults(face_engine=setting)) == []
    with EnrollmentDatabase.open(tmp_path) as database:
        subject_ids = [
            database.enroll(
                Subject(""), [NewReference(Template(Modality.FACE, FingerPosition.UNKNOWN, "tiny@1", row[None, :]), 80)]
            ).subject_id
            for row in np.eye(8, dtype=np.float32)[:4]
        ]
        # Sealed subjects are not searched.
        database.seal_subject(subject_ids[0])
        (finding,) = doctor.face_engine_findings(tmp_path, "en", SearchDefaults(face_engine=setting))
    assert finding.line == f"faces: 3 references of tiny@1; {told}"
    assert finding.ok is None


def test_doctor_tells_of_a_configured_pack_that_no_server_can_take(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("doctor", packs_folder=folder) == 1
    assert "station-matcher calibrate --pack joined --data DIR" in capsys.readouterr().out
    PackStore(folder).site_calibration_path("joined").write_text("damaged")
    assert run("doctor", packs_folder=folder) == 1
    assert "✗ the site calibration of pack joined is damaged" in capsys.readouterr().out


def test_doctor_needs_the_configured_packs_and_no_others(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("doctor", lang="vi", packs_folder=tmp_path) == 1
    printed = capsys.readouterr().out
    assert "✗ cài đặt yêu cầu gói joined" in printed
    assert "– gói face-open@1 chưa cài" in printed
    assert "gói face-builtin@2 học từ ảnh báo chí" in printed


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


@pytest.mark.parametrize(("is_needed", "ok"), [(True, False), (False, None)])
def test_doctor_misses_insightface_only_where_a_pack_needs_it(
    monkeypatch: pytest.MonkeyPatch, is_needed: bool, ok: bool | None
) -> None:
    def absent(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", absent)
    finding = doctor.insightface_finding("en", is_needed=is_needed)
    assert finding.ok is ok
    assert "pip install 'station-matcher[insightface]'" in finding.line


def test_doctor_tells_how_to_install_a_pack_that_needs_a_license(tmp_path: Path) -> None:
    store = PackStore(tmp_path, manifests_folder=MANIFESTS_FOLDER)
    pack = store.get("insightface-buffalo_s")
    command = doctor.install_command(pack)
    assert command.endswith('--accept-license "insightface-non-commercial"')
    with pytest.raises(PackLicenseError):
        store.install(pack.name)
    assert doctor.install_command(store.get("face-open")) == "station-matcher packs install face-open"


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
    (data / "p000" / "phone.heic").write_bytes(b"no image")
    groups = tmp_path / "groups.csv"
    groups.write_text("".join(f"p{person:03};{'odd' if person % 2 else 'even'}\n" for person in range(30)))
    arguments = ("calibrate", "--data", str(data), "--groups", str(groups))
    assert run(*arguments, "--dry-run", packs_folder=folder) == 0
    assert PackStore(folder).get("joined").calibration is None
    assert run(*arguments, packs_folder=folder) == 0
    printed = capsys.readouterr().out
    assert "30 different people; 1 photographs were not usable" in printed
    assert "1: The file is not a supported image" in printed
    assert "every score is lowered by 16.0" in printed
    assert "among at most 0 subjects. Beyond, up to 100, scores are extrapolated" in printed
    assert "asks for a score of 40.0, beyond what is measured" in printed
    assert "score 60: similarity" in printed
    assert "group even: 420 comparisons; by this group alone" in printed
    written = PackStore(folder).get("joined").calibration
    assert written is not None
    assert written["non_mated_count"] == 60 * 58 // 2
    assert written["tail"]["end_score"] == 100
    path = PackStore(folder).site_calibration_path("joined")
    assert tomllib.loads(path.read_text())["calibration"] == written


@pytest.mark.parametrize(("people", "told"), [(3, "at least 20 people"), (20, "more than 300")])
def test_calibrate_refuses_too_few_photographs(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], people: int, told: str
) -> None:
    data = photographs(tmp_path / "data", people=people, each=1)
    assert run("calibrate", "--data", str(data), "--pack", "joined", packs_folder=folder) == 1
    assert told in capsys.readouterr().err
    assert not PackStore(folder).site_calibration_path("joined").exists()


@pytest.mark.parametrize(
    ("data", "groups", "told"),
    [
        ("nowhere", "", "thư mục con của --data"),
        ("data/p000", "", "thư mục con của --data"),  # photographs, but no folder per person
        ("data", "p0,a\n", "--groups"),
    ],
)
def test_calibrate_tells_what_is_wrong_before_it_reads_a_photograph(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], data: str, groups: str, told: str
) -> None:
    photographs(tmp_path / "data", people=1, each=1)
    (tmp_path / "groups.csv").write_text(groups)
    arguments = ["calibrate", "--data", str(tmp_path / data)]
    if groups:
        arguments += ["--groups", str(tmp_path / "groups.csv")]
    assert run(*arguments, lang="vi", packs_folder=folder) == 1
    caught = capsys.readouterr()
    assert told in caught.err
    assert caught.out == ""


def test_a_damaged_site_calibration_leaves_the_packs_usable_and_is_mended_by_calibrating_again(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = PackStore(folder).site_calibration_path("joined")
    path.write_text("damaged")
    assert run("packs", "list", packs_folder=folder) == 0
    assert run("packs", "verify", packs_folder=folder) == 0
    with pytest.raises(PackError, match="calibrate --pack joined"):
        PackStore(folder).get("joined")
    data = photographs(tmp_path / "data", people=30, each=1)
    assert run("calibrate", "--data", str(data), packs_folder=folder) == 0
    assert PackStore(folder).get("joined").calibration is not None


def test_what_is_wrong_with_a_pack_is_told_in_vietnamese_with_its_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("packs", "install", "nothing", lang="vi", packs_folder=tmp_path) == 1
    assert "không có gói nào tên 'nothing'; các gói đã biết: " in capsys.readouterr().err
    assert run("packs", "verify", "face-open", lang="vi", packs_folder=tmp_path) == 1
    assert "gói face-open chưa sẵn sàng: thiếu yunet_s_dynamic.onnx." in capsys.readouterr().err
    assert run("packs", "install", "insightface-buffalo_s", lang="vi", packs_folder=tmp_path) == 1
    assert '--accept-license "insightface-non-commercial"' in capsys.readouterr().err
