"""Backlogs as clerks write them: names with diacritics, CCCD numbers, Vietnamese dates, Excel's habits."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enroll.cells import parse_date, parse_finger
from enroll.errors import ManifestError
from enroll.items import Defaults
from enroll.manifest import read_backlog
from enroll.remote import sample_of
from index.records import FingerPosition, Modality, Sex

DEFAULTS = Defaults(language="en")


def _write_csv(folder: Path, content: str, encoding: str = "utf-8") -> Path:
    (folder / "a.png").write_bytes(b"x")
    path = folder / "backlog.csv"
    path.write_bytes(content.encode(encoding))
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("separator", [",", ";"])
def test_names_numbers_and_dates_pass_unharmed(tmp_path: Path, encoding: str, separator: str) -> None:
    lines = [
        ["external_id", "image", "modality", "finger", "ppi", "display_name", "gallery", "sex", "birth_date"],
        [
            "001099000123",
            "a.png",
            "fingerprint",
            "right_index",
            "500",
            "Nguyễn Thị Ánh",
            "g1|g2",
            "Nữ",
            "31/12/1990",
        ],
    ]
    path = _write_csv(tmp_path, "\n".join(separator.join(line) for line in lines), encoding)
    backlog = read_backlog(path, DEFAULTS)
    assert backlog.problems == ()
    (item,) = backlog.items
    assert item.row_number == 2
    assert item.external_id == "001099000123"
    assert item.display_name == "Nguyễn Thị Ánh"
    assert item.finger is FingerPosition.RIGHT_INDEX
    assert (item.ppi, item.galleries, item.sex, item.birth_year) == (500.0, ("g1", "g2"), Sex.FEMALE, 1990)


def test_decomposed_diacritics_are_kept_as_they_are(tmp_path: Path) -> None:
    decomposed = "Nguye\u0302\u0303n"
    path = _write_csv(tmp_path, f"external_id,image,modality,display_name\n1,a.png,face,{decomposed}\n")
    assert read_backlog(path, DEFAULTS).items[0].display_name == decomposed


def test_bad_rows_are_named_and_good_ones_kept(tmp_path: Path) -> None:
    rows = [
        "external_id,image,modality,finger,ppi,birth_date",
        "1,a.png,face,,,",
        "2,missing.png,face,,,",
        "3,a.png,iris,,,",
        "4,a.png,fingerprint,thumb,,",
        "5,a.png,fingerprint,1,-3,",
        "6,a.png,face,,,12/31/1990",
        ",a.png,face,,,",
        "7,../outside.png,face,,,",
    ]
    (tmp_path.parent / "outside.png").write_bytes(b"x")
    backlog = read_backlog(_write_csv(tmp_path, "\n".join(rows)), DEFAULTS)
    assert [item.external_id for item in backlog.items] == ["1"]
    assert [problem.row_number for problem in backlog.problems] == [3, 4, 5, 6, 7, 8, 9]


def test_unknown_column_and_other_encoding_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="fingr"):
        read_backlog(_write_csv(tmp_path, "external_id,image,fingr\n1,a.png,1\n"), DEFAULTS)
    with pytest.raises(ManifestError, match="UTF-8"):
        read_backlog(_write_csv(tmp_path, "external_id,image,display_name\n1,a.png,Ánh\n", "cp1258"), DEFAULTS)
    with pytest.raises(ManifestError, match="not found"):
        read_backlog(tmp_path / "none.csv", DEFAULTS)


def test_jsonl_rows(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"x")
    path = tmp_path / "backlog.jsonl"
    good = {"external_id": "079099001234", "image": "a.png", "modality": "face", "birth_date": 1988}
    path.write_text(json.dumps(good) + "\n\nnot json\n[1]\n", encoding="utf-8")
    backlog = read_backlog(path, DEFAULTS)
    assert [(item.external_id, item.birth_year) for item in backlog.items] == [("079099001234", 1988)]
    assert [problem.row_number for problem in backlog.problems] == [3, 4]


def test_person_folders_take_fingers_from_file_names(tmp_path: Path) -> None:
    person = tmp_path / "079099001234"
    person.mkdir()
    for name in (
        "front.jpg",
        "right_thumb.png",
        "finger-07.png",
        "left index 2.png",
        "vân tay/trỏ phải.png",
        "notes.txt",
    ):
        (person / name).parent.mkdir(exist_ok=True)
        (person / name).write_bytes(b"x")
    backlog = read_backlog(tmp_path, DEFAULTS)
    items = backlog.items
    assert len(backlog.notes) == 1
    assert "079099001234/notes.txt" in backlog.notes[0]
    assert {(item.image_path.name, item.modality, item.finger) for item in items} == {
        ("left index 2.png", Modality.FINGERPRINT, FingerPosition.LEFT_INDEX),
        ("trỏ phải.png", Modality.FINGERPRINT, FingerPosition.RIGHT_INDEX),
        ("front.jpg", Modality.FACE, FingerPosition.UNKNOWN),
        ("right_thumb.png", Modality.FINGERPRINT, FingerPosition.RIGHT_THUMB),
        ("finger-07.png", Modality.FINGERPRINT, FingerPosition.LEFT_INDEX),
    }
    assert {item.external_id for item in items} == {"079099001234"}


def test_flat_folder_needs_a_modality_and_a_stated_pattern_where_names_are_numbered(tmp_path: Path) -> None:
    for name in ("101_1.tif", "101_2.tif", "102_1.tif"):
        (tmp_path / name).write_bytes(b"x")
    with pytest.raises(ManifestError, match="--modality"):
        read_backlog(tmp_path, DEFAULTS)
    fingerprints = Defaults(modality=Modality.FINGERPRINT, ppi=500.0, language="en")
    with pytest.raises(ManifestError, match=r"101_1.*--pattern"):
        read_backlog(tmp_path, fingerprints)
    backlog = read_backlog(tmp_path, replace(fingerprints, pattern="{external_id}_{any}.{ext}"))
    assert [item.external_id for item in backlog.items] == ["101", "101", "102"]


def test_request_id_follows_the_content(tmp_path: Path) -> None:
    path = _write_csv(tmp_path, "external_id,image,modality\n1,a.png,face\n2,a.png,face\n")
    first, second = read_backlog(path, DEFAULTS).items
    assert first.request_id(b"x") == first.request_id(b"x")
    assert len({first.request_id(b"x"), first.request_id(b"y"), second.request_id(b"x")}) == 3


def test_one_of_several_faces_can_be_named(tmp_path: Path) -> None:
    cells = ["", "largest", "Lớn nhất", "2"]
    rows = "".join(f"1,a.png,face,{cell}\n" for cell in [*cells, "0", "second", "٢"])
    backlog = read_backlog(_write_csv(tmp_path, f"external_id,image,modality,face\n{rows}"), DEFAULTS)
    items, problems = backlog.items, backlog.problems
    samples = [sample_of(item, b"x", station_id="") for item in items]
    assert [(sample.face_number, sample.largest_face) for sample in samples] == [
        (0, False),
        (0, True),
        (0, True),
        (2, False),
    ]
    assert len({item.request_id(b"x") for item in items}) == 3
    assert [problem.row_number for problem in problems] == [6, 7, 8]
    assert "face must be largest or the number" in str(problems[0])


@given(st.text(max_size=20))
def test_cells_never_raise(value: str) -> None:
    finger, day = parse_finger(value), parse_date(value)
    assert finger is None or 0 <= finger <= 10
    assert day is None or 1 <= day.year <= 9999
