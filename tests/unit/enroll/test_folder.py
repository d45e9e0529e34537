"""Folders of images: who is who, and every file accounted for."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enroll.errors import ManifestError
from enroll.image_files import ImageFolder
from enroll.items import Backlog, Defaults
from enroll.manifest import read_backlog
from enroll.pattern import PathPattern
from enroll.words import finger_of_word
from index.records import FingerPosition, Modality

DEFAULTS = Defaults(language="en")


def _tree(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"x")
    return root


def _people(backlog: Backlog) -> dict[str, tuple[str, str, int]]:
    return {item.image_name: (item.external_id, item.modality.value, int(item.finger)) for item in backlog.items}


def test_the_first_level_is_the_person_whatever_lies_below(tmp_path: Path) -> None:
    root = _tree(
        tmp_path / "people",
        "079/face/1.jpg",
        "079/vân tay/1.png",
        "079/vân tay/ngón út trái (2).png",
        "080/2024/mặt/truoc.jpg",
        "080/LeftRing.png",
        "080/left.jpg",
        "081/finger-10.png",
    )
    assert _people(read_backlog(root, DEFAULTS)) == {
        "079/face/1.jpg": ("079", "face", 0),
        "079/vân tay/1.png": ("079", "fingerprint", 1),
        "079/vân tay/ngón út trái (2).png": ("079", "fingerprint", 10),
        "080/2024/mặt/truoc.jpg": ("080", "face", 0),
        "080/LeftRing.png": ("080", "fingerprint", 9),
        "080/left.jpg": ("080", "face", 0),
        "081/finger-10.png": ("081", "fingerprint", 10),
    }


def test_what_contradicts_itself_is_named(tmp_path: Path) -> None:
    root = _tree(tmp_path / "people", "079/face/right_index.png", "079/a.jpg", "stray.jpg")
    backlog = read_backlog(root, DEFAULTS)
    assert [(finding.place, finding.code) for finding in backlog.problems] == [
        ("079/face/right_index.png", "face_has_finger"),
        ("stray.jpg", "beside_folders"),
    ]
    assert list(_people(backlog)) == ["079/a.jpg"]


@pytest.mark.parametrize(
    "name",
    ["101_1.png", "IMG 0001.jpg", "an (2).jpg", "an-3.jpg", "079_right_index.png", "an_trai.jpg", "an front.jpg"],
)
def test_a_flat_folder_that_may_mean_several_images_of_a_person_is_not_guessed(tmp_path: Path, name: str) -> None:
    root = _tree(tmp_path / "people", name, "b.jpg")
    with pytest.raises(ManifestError) as refused:
        read_backlog(root, Defaults(modality=Modality.FACE, language="en"))
    assert refused.value.code == "needs_pattern"


@pytest.mark.parametrize("folder", ["face", "Ảnh", "vân tay", "right_thumb"])
def test_a_first_level_that_is_no_person_is_refused(tmp_path: Path, folder: str) -> None:
    root = _tree(tmp_path / "people", f"{folder}/079.jpg", f"{folder}/080.jpg")
    with pytest.raises(ManifestError) as refused:
        read_backlog(root, DEFAULTS)
    assert refused.value.code == "level_not_person"


@pytest.mark.parametrize(
    ("pattern", "path", "cells"),
    [
        ("{external_id}/{finger}.{ext}", "079/right_index.png", {"external_id": "079", "finger": "right_index"}),
        ("{external_id}/{finger}", "079/Trỏ Phải.png", {"external_id": "079", "finger": "Trỏ Phải"}),
        ("{external_id}_{finger}.{ext}", "NGUYEN_VAN_A_right_index.png", {"external_id": "NGUYEN_VAN_A",
                                                                       "finger": "right_index"}),
        ("{external_id}_{any}.{ext}", "NGUYEN_VAN_A_1.png", {"external_id": "NGUYEN_VAN_A"}),
        ("{modality}/{external_id}/*.{ext}", "mặt/079/x.jpg", {"modality": "mặt", "external_id": "079"}),
        ("**/{external_id}.{ext}", "a/b/079.jpg", {"external_id": "079"}),
        ("{external_id}-{display_name}.jpg", "079-Đỗ Ánh.jpg", {"external_id": "079", "display_name": "Đỗ Ánh"}),
        ("{external_id}/{finger}.{ext}", "079/face.png", None),
        ("{external_id}/{finger}.{ext}", "079/11.png", None),
        ("{external_id}.{ext}", "a/b.png", None),
    ],
)  # fmt: skip
def test_patterns(pattern: str, path: str, cells: dict[str, str] | None) -> None:
    for form in ("NFC", "NFD"):
        assert PathPattern.parse(pattern, "en").match(unicodedata.normalize(form, path)) == cells


@pytest.mark.parametrize("pattern", ["{finger}.{ext}", "{external_id}/{fingr}.{ext}", "{external_id}{external_id}", "{",
                                     "{external_id}}", "x"])  # fmt: skip
def test_a_wrong_pattern_says_what_is_known(pattern: str) -> None:
    with pytest.raises(ManifestError, match="external_id"):
        PathPattern.parse(pattern, "en")


@given(st.sampled_from([finger for finger in FingerPosition if finger]), st.sampled_from(" _-."), st.booleans())
def test_a_pattern_finds_every_finger(finger: FingerPosition, separator: str, is_swapped: bool) -> None:
    words = finger.name.lower().split("_")
    name = separator.join(reversed(words) if is_swapped else words)
    cells = PathPattern.parse("{external_id}_{finger}.{ext}", "en").match(f"NGUYEN_VAN_UT_{name}.png")
    assert cells is not None
    assert (cells["external_id"], finger_of_word(cells["finger"])) == ("NGUYEN_VAN_UT", finger)


def test_files_that_do_not_match_are_named(tmp_path: Path) -> None:
    root = _tree(tmp_path / "people", "079_right_index.png", "notes.png")
    backlog = read_backlog(root, Defaults(language="en", pattern="{external_id}_{finger}.{ext}"))
    assert [(finding.place, finding.code) for finding in backlog.problems] == [("notes.png", "no_match")]
    assert _people(backlog) == {"079_right_index.png": ("079", "fingerprint", 2)}


def test_links_to_folders_and_hidden_folders_are_not_read_in_silence(tmp_path: Path) -> None:
    root = _tree(tmp_path / "people", "079/a.jpg", ".hidden/b.jpg", "081/notes.txt")
    _tree(tmp_path / "elsewhere", "b.jpg")
    (root / "080").symlink_to(tmp_path / "elsewhere")
    backlog = read_backlog(root, DEFAULTS)
    assert [(finding.place, finding.code) for finding in backlog.problems] == [("080", "linked_folder")]
    assert [note.split(": ")[1] for note in backlog.notes] == [".hidden/, 081/notes.txt", "081"]


def test_paths_are_found_as_people_write_them(tmp_path: Path) -> None:
    _tree(tmp_path, "Photos/A\u0309nh 1.JPG", "photos2/x.jpg", "photos2/X.jpg")
    images = ImageFolder(tmp_path, "en")
    wanted = tmp_path / "Photos/A\u0309nh 1.JPG"
    for value in ("Photos/Ảnh 1.JPG", "photos/ảnh 1.jpg", "Photos\\A\u0309nh 1.JPG", ".\\photos\\Ảnh 1.jpg"):
        assert images.find(value) == wanted
    assert images.find("photos2/x.jpg").name == "x.jpg"
    for value, code in (
        ("photos2/X.JPG", "ambiguous_file"),
        ("photos2/y.jpg", "no_file"),
        ("../x.jpg", "no_file"),
        ("/etc/passwd", "outside"),
        ("C:\\Photos\\x.jpg", "no_file"),
        ("a" * 5000, "no_file"),
    ):
        with pytest.raises(ManifestError) as refused:
            images.find(value)
        assert refused.value.code in (code, "outside"), value
