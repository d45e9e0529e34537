"""identify, verify and assess from the command line, on a real server with fake engines."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from index.database import EnrollmentDatabase
from index.keys.master_key import MasterKey
from index.records import FingerPosition, Sex, Subject
from matcher.__main__ import main as station_matcher
from matcher.commands.pictures import framed, minutiae_drawn, paired_prints
from matcher.commands.probes import finger_of
from matcher.commands.search import score_meaning
from matcher.formats.iso19794 import to_iso19794_2
from tests.fakes import face, finger, png_bytes, record_minutiae
from tests.service.conftest import Service, start_service, stop_service

NAME = "Nguyễn Thị Ánh"


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "xdg"))


@pytest.fixture
def keeping(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    """A server whose encrypted database keeps images."""
    plain = EnrollmentDatabase.open
    monkeypatch.setattr(EnrollmentDatabase, "open", lambda folder: plain(folder, master_key=MasterKey(bytes(32))))
    running = start_service(tmp_path / "kept")
    yield running
    stop_service(running)


@pytest.fixture
def files(tmp_path: Path) -> Path:
    for name, identity in (("face.png", 1), ("print.png", 1), ("other.png", 7)):
        (tmp_path / name).write_bytes(png_bytes(identity, impression=5))
    (tmp_path / "bad.png").write_bytes(png_bytes(1, quality=5))
    (tmp_path / "print.fmr").write_bytes(to_iso19794_2(record_minutiae(33), finger=FingerPosition.UNKNOWN))
    return tmp_path


def run(
    capsys: pytest.CaptureFixture[str], service: Service, *arguments: str, lang: str = "en", why: bool = True
) -> tuple[int, str, str]:
    """Exit code, what was printed, what was printed as an error."""
    said = (
        ["--operator", "operator-7", "--case", "vụ-12", "--purpose", "trộm cắp"]
        if why
        else ["--operator", "operator-7"]
    )
    try:
        code = station_matcher([*arguments, "--lang", lang, "--address", service.server.address, *said])
    except SystemExit as ended:
        code = int(ended.code or 0)
    printed = capsys.readouterr()
    return code, printed.out, printed.err


def enrolled(service: Service) -> str:
    subject = Subject("", "079099000123", NAME, sex=Sex.FEMALE, birth_year=1990)
    answer = service.client.enroll([face(1), finger(1)], subject=subject)
    for number in (2, 3):
        service.client.enroll([face(number), finger(number)], subject=Subject("", f"n-{number}"))
    return answer.subject_id


def test_a_search_lists_leads_and_says_so(service: Service, files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    subject_id = enrolled(service)
    probes = (f"face={files / 'face.png'}", f"right_index={files / 'print.png'}")
    code, out, err = run(capsys, service, "identify", *probes, "--ppi", "500")
    assert code == 0
    row = next(line for line in out.splitlines() if subject_id in line)
    for part in (NAME, "079099000123", "female", "1990", "above"):
        assert part in row
    assert "Searched 3 subjects, 6 references; threshold" in out
    assert "A candidate is a lead for an examiner, not an identification." in err
    event = service.audit.events[-1]
    assert (event.action, event.operator_id, event.case_number, event.purpose) == (
        "identify", "operator-7", "vụ-12", "trộm cắp",
    )  # fmt: skip
    code, out, err = run(capsys, service, "identify", str(files / "face.png"), "--kind", "face", lang="vi")
    assert code == 0
    assert "giám định viên" in err
    assert "Đã tìm trong 3 hồ sơ" in out


def test_a_search_says_json_and_follows_its_filters(
    service: Service, files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    subject_id = enrolled(service)
    service.client.create_gallery("wanted")
    service.client.add_to_gallery("wanted", [subject_id])
    probe = f"face={files / 'face.png'}"
    for options, expected in (
        ((), 3),
        (("--gallery", "wanted"), 1),
        (("--sex", "male"), 2),
        (("--born-from", "1985", "--born-to", "1995"), 3),
        (("--born-from", "1991"), 2),
        (("--subject", subject_id), 1),
    ):
        _, out, _ = run(capsys, service, "identify", probe, "--json", *options)
        answer = json.loads(out)
        assert answer["gallery_size"] == str(expected), options
        assert answer["audit_id"]
    _code, out, _ = run(capsys, service, "identify", probe, "--json", "--max", "1")
    assert len(json.loads(out)["candidates"]) == 1
    print_ = f"finger={files / 'print.png'}"
    _, out, _ = run(capsys, service, "identify", print_, "--ppi", "500", "--exhaustive", "--json")
    assert json.loads(out)["proved"] is True


def test_nobody_above_the_threshold_is_an_exit_code_of_its_own(
    service: Service, files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    enrolled(service)
    assert run(capsys, service, "identify", f"face={files / 'other.png'}")[0] == 3


@pytest.mark.parametrize("command", ["identify", "verify"])
def test_a_comparison_needs_a_case_and_a_purpose(
    command: str, service: Service, files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, err = run(capsys, service, command, f"face={files / 'face.png'}", why=False)
    assert code == 2
    assert "--case, --purpose must be given" in err
    assert not service.audit.events


def test_what_is_wrong_with_a_file_is_said_before_anything_is_sent(
    service: Service, files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for given, english, vietnamese in (
        (str(files / "face.png"), "say what it is", "hãy nêu tệp là gì"),
        (f"toe={files / 'face.png'}", "“toe” is no kind", "không có loại “toe”"),
        (f"face={files / 'none.png'}", "cannot be read: No such file", "không đọc được"),
        (f"face={files / 'print.fmr'}", "“face” is no kind", "không có loại “face”"),
    ):
        code, _, err = run(capsys, service, "identify", given)
        assert (code, english in err) == (2, True), err
        assert vietnamese in run(capsys, service, "identify", given, lang="vi")[2]
    assert not service.audit.events


def test_verify_compares_with_a_subject_or_with_files(
    service: Service, files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    subject_id = enrolled(service)
    probe = f"face={files / 'face.png'}"
    code, out, err = run(capsys, service, "verify", probe, "--subject", subject_id)
    assert code == 0
    assert "above the threshold of" in out
    assert "for an examiner to decide" in err
    code, out, _ = run(capsys, service, "verify", probe, "--with", f"face={files / 'other.png'}", "--json")
    assert code == 3
    assert json.loads(out)["above_threshold"] is False
    code, _, err = run(capsys, service, "verify", probe)
    assert code == 2
    assert "--external-id or --with" in err


def test_verify_finds_the_subject_by_the_force_s_own_number(
    service: Service, files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    enrolled(service)
    probe = f"face={files / 'face.png'}"
    code, out, _ = run(capsys, service, "verify", probe, "--external-id", "079099000123")
    assert (code, "above the threshold" in out) == (0, True)
    code, _, err = run(capsys, service, "verify", probe, "--external-id", "nobody")
    assert (code, "no such subject" in err) == (1, True)
    assert run(capsys, service, "verify", probe, "--external-id", "1", "--subject", "2")[0] == 2


def test_assess_says_of_what_kind_a_refused_sample_is(
    service: Service, files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = run(capsys, service, "assess", f"right_index={files / 'print.png'}", why=False)
    assert code == 3
    assert "states no resolution" in out
    assert "fingerprint" in out


def test_assess_says_what_to_do_and_needs_no_case(
    service: Service, files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good, bad = f"face={files / 'face.png'}", f"thumb={files / 'bad.png'}"
    assert run(capsys, service, "assess", good, why=False)[0] == 0
    code, out, _ = run(capsys, service, "assess", good, "--largest-face", f"face={files / 'other.png'}", why=False)
    assert (code, "other.png" in out) == (0, True)
    code, _, err = run(capsys, service, "assess", good, "--none", why=False)
    assert (code, "--none is not known here" in err) == (2, True)
    bad = bad.replace("thumb", "right thumb")
    code, out, _ = run(capsys, service, "assess", good, bad, why=False)
    assert code == 3
    assert "not usable" in next(line for line in out.splitlines() if "bad.png" in line)


def test_a_template_is_known_by_its_first_bytes(
    service: Service, files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    enrolled(service)
    code, out, _ = run(capsys, service, "identify", str(files / "print.fmr"), "--json")
    assert code in (0, 3)
    assert json.loads(out)["probe_samples"][0]["modality"] == "MODALITY_FINGERPRINT"


def _shown(path: Path) -> np.ndarray:
    assert os.stat(path).st_mode & 0o077 == 0
    return cv2.imread(str(path))


@pytest.mark.parametrize("keeps", [False, True])
def test_pictures_show_each_candidate_beside_the_probe(
    keeps: bool, request: pytest.FixtureRequest, files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    service: Service = request.getfixturevalue("keeping" if keeps else "service")
    subject_id = enrolled(service)
    folder = files / "pictures"
    probes = (f"face={files / 'face.png'}", f"right_index={files / 'print.png'}")
    code, out, err = run(capsys, service, "identify", *probes, "--ppi", "500", "--json", "--pictures", str(folder))
    assert code == 0, err
    answer = json.loads(out)
    names = sorted(path.name for path in folder.iterdir())
    assert names == [f"{answer['audit_id']}-{rank:03}.png" for rank in range(1, len(answer["candidates"]) + 1)]
    assert f"Wrote {len(names)} pictures" in err
    for name in names:
        assert (_shown(folder / name) < 250).any()
    asked = [event for event in service.audit.events if event.action == "get_reference_image"]
    assert asked
    assert all(event.case_number == "vụ-12" for event in asked)
    assert {event.outcome for event in asked} == ({"ok"} if keeps else {"refused"})
    arguments = ("verify", *probes, "--ppi", "500", "--subject", subject_id, "--json", "--pictures", str(folder))
    code, out, _ = run(capsys, service, *arguments)
    assert (folder / f"{json.loads(out)['audit_id']}.png").is_file()
    others = ("--with", probes[0], "--with", probes[1])
    code, out, _ = run(capsys, service, "verify", *probes, "--ppi", "500", *others, "--json", "--pictures", str(folder))
    assert (folder / f"{json.loads(out)['audit_id']}.png").is_file()


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("1", FingerPosition.RIGHT_THUMB),
        ("10", FingerPosition.LEFT_LITTLE),
        ("right_index", FingerPosition.RIGHT_INDEX),
        ("Ngón trỏ phải", FingerPosition.RIGHT_INDEX),
        ("left-ring", FingerPosition.LEFT_RING),
        ("0", None),
        ("11", None),
        ("index", None),
    ],
)
def test_fingers_are_named_by_number_or_name_in_both_languages(word: str, expected: FingerPosition | None) -> None:
    assert finger_of(word) == expected


@pytest.mark.parametrize(
    ("score", "extrapolated", "vietnamese", "english"),
    [
        (30.0, False, "1/1.000 người lạ", "1 of 1,000 strangers"),
        (63.1, True, "khoảng 1/2.000.000 người lạ", "about 1 of 2,000,000 strangers"),
        (110.0, True, "ít hơn 1/1.000.000.000 người lạ", "fewer than 1 of 1,000,000,000 strangers"),
        (-5.0, False, "1/1 người lạ", "1 of 1 strangers"),
    ],
)
def test_a_score_is_said_in_strangers(score: float, extrapolated: bool, vietnamese: str, english: str) -> None:
    assert score_meaning(score, extrapolated=extrapolated, language="vi") == vietnamese
    assert score_meaning(score, extrapolated=extrapolated, language="en") == english


def test_paired_minutiae_carry_the_same_number_and_color_on_both_sides() -> None:
    blank = np.full((120, 100), 255, np.uint8)
    plain, right_px = paired_prints(blank, blank, [])
    picture, _ = paired_prints(blank, blank, [((20.0, 60.0), (70.0, 90.0)), ((60.0, 30.0), (30.0, 40.0))])
    marked = (picture != plain).any(axis=2)
    for number, ends in enumerate((((20, 60), (70, 90)), ((60, 30), (30, 40)))):
        (x, y), (other_x, other_y) = ends
        ring = picture[2 * y - 2 : 2 * y + 4, 2 * x + 8 : 2 * x + 16].reshape(-1, 3)
        other = picture[2 * other_y - 2 : 2 * other_y + 4, right_px + 2 * other_x + 8 : right_px + 2 * other_x + 16]
        darkest = ring[ring.sum(axis=1).argmin()].astype(int)
        again = other.reshape(-1, 3)[other.reshape(-1, 3).sum(axis=1).argmin()].astype(int)
        assert np.abs(darkest - again).max() < 40, number
    assert marked[:, :right_px].any()
    assert marked[:, right_px:].any()


def test_a_frame_says_what_was_asked_also_in_vietnamese() -> None:
    picture = np.full((50, 400, 3), 255, np.uint8)
    shown = framed(picture, ("probe", "candidate"), 200, ["Vụ án Đống Đa · số nhật ký 7-abc"])
    other = framed(picture, ("probe", "candidate"), 200, ["Vụ án Đống Đa · số nhật ký 8-abc"])
    assert shown.shape == other.shape
    assert shown.shape[0] > 50 + 2 * 20
    assert (shown != other).any()
    assert (minutiae_drawn(60, 40, [((10.0, 20.0), 90.0)]) < 255).sum() > 10
