"""ISO/IEC 19794-2:2005 records: what we write is read again, a record made by hand is read, damage is named."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.records import FingerPosition
from matcher.errors import TemplateFormatError
from matcher.fingerprint.comparison.compare import compare, prepare
from matcher.fingerprint.imported import comparable_minutiae, imported_quality
from matcher.fingerprint.minutia_set import MinutiaSet
from matcher.formats.decode import decode_image
from matcher.formats.iso19794 import from_iso19794_2, read_iso19794_2, to_iso19794_2
from tests.fakes import few_minutiae, record_minutiae
from tests.unit.fingerprint.compared_prints import engine, made_up, template_of

# One view of two minutiae, written down from the standard: 500 ppi (197 per cm), 300 x 400 pixels, right index,
# plain live scan, quality 80. An ending at (100, 50), 90 degrees, quality 60; a bifurcation at (299, 399), 180
# degrees, quality not reported. Then 4 bytes of extended data.
MINUTIA_FIELDS = ("x_px", "y_px", "direction_rad", "kind", "quality")
HEADER = b"FMR\0" + b" 20\0" + struct.pack(">IHHHHHBB", 46, 0, 300, 400, 197, 197, 1, 0)
VIEW = bytes([2, 0x00, 80, 2])
MINUTIAE = bytes([0x40, 100, 0, 50, 64, 60]) + bytes([0x80 | (299 >> 8), 299 & 255, 399 >> 8, 399 & 255, 128, 0])
RECORD = HEADER + VIEW + MINUTIAE + struct.pack(">H", 4) + b"\1\2\3\4"


def test_a_record_written_by_hand_is_read() -> None:
    (view,) = read_iso19794_2(RECORD)
    assert (view.finger, view.view_number, view.impression_type, view.quality) == (FingerPosition.RIGHT_INDEX, 0, 0, 80)
    minutiae = view.minutiae
    # Sorted by quality: the one that states none counts as 0.9.
    assert minutiae.x_px.tolist() == [299.0, 100.0]
    assert minutiae.y_px.tolist() == [399.0, 50.0]
    assert minutiae.kind.tolist() == [2, 1]
    np.testing.assert_allclose(minutiae.direction_rad, [np.pi, np.pi / 2], atol=1e-3)
    np.testing.assert_allclose(minutiae.quality, [0.9, 0.6], atol=3e-3)
    assert (minutiae.width_px, minutiae.height_px) == (300, 400)


def test_other_resolutions_become_500_ppi() -> None:
    finer = bytearray(RECORD)
    finer[18:22] = struct.pack(">HH", 394, 394)
    minutiae = from_iso19794_2(bytes(finer))
    np.testing.assert_allclose(sorted(minutiae.x_px), [100 * 500 / (394 * 2.54), 299 * 500 / (394 * 2.54)], atol=0.04)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 300), count=st.integers(0, 255), finger=st.sampled_from(FingerPosition))
def test_what_is_written_is_read(seed: int, count: int, finger: FingerPosition) -> None:
    minutiae = made_up(seed, count)
    record = to_iso19794_2(minutiae, finger=finger, quality=77, impression_type=1)
    (view,) = read_iso19794_2(record)
    assert (view.finger, view.quality, view.impression_type) == (finger, 77, 1)
    assert len(view.minutiae) == count
    # Rounding may change the order of equal qualities; nearest points must be there.
    for x, y in zip(minutiae.x_px, minutiae.y_px, strict=True):
        assert np.hypot(view.minutiae.x_px - x, view.minutiae.y_px - y).min() <= 0.75
    again = from_iso19794_2(to_iso19794_2(view.minutiae))
    assert to_iso19794_2(again) == to_iso19794_2(view.minutiae)


def test_a_print_that_went_through_a_record_is_still_found() -> None:
    minutiae = made_up(6)
    back = from_iso19794_2(to_iso19794_2(minutiae))
    assert compare(prepare(template_of(minutiae)), prepare(template_of(back))) > 0.8


@pytest.mark.parametrize("quality", [-1, 101])
def test_wrong_qualities_are_not_written(quality: int) -> None:
    with pytest.raises(ValueError, match="quality"):
        to_iso19794_2(made_up(1), quality=quality)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (0, b"X"),
        (4, b" 30\0"),
        (8, struct.pack(">I", 45)),
        (14, struct.pack(">H", 0)),
        (14, struct.pack(">H", 5000)),
        (18, struct.pack(">H", 100)),
        (18, struct.pack(">HH", 90, 90)),
        (22, b"\0"),
        (22, b"\2"),
        (24, b"\x0b"),
        (26, b"\x65"),
        (27, b"\3"),
        (28, b"\xc0"),
        (29, b"\xff\x01"),
        (33, b"\x65"),
        (40, b"\0\5"),
    ],
)
def test_each_kind_of_damage_is_named(place: int, value: bytes) -> None:
    damaged = RECORD[:place] + value + RECORD[place + len(value) :]
    if place == 29:
        damaged = RECORD[:28] + b"\x41\xff" + RECORD[30:]
    with pytest.raises(TemplateFormatError):
        from_iso19794_2(damaged)


# The same print as ANSI INCITS 378-2004 writes it: its own header, angles in steps of 2 degrees.
ANSI_MINUTIAE = bytes([0x40, 100, 0, 50, 45, 60]) + bytes([0x80 | (299 >> 8), 299 & 255, 399 >> 8, 399 & 255, 90, 0])
ANSI_REST = struct.pack(">IHHHHHBB", 0x00330001, 0, 300, 400, 197, 197, 1, 0) + VIEW + ANSI_MINUTIAE + b"\0\0"
ANSI_SHORT = b"FMR\0" + b" 20\0" + struct.pack(">H", 10 + len(ANSI_REST)) + ANSI_REST
ANSI_LONG = b"FMR\0" + b" 20\0" + struct.pack(">HI", 0, 14 + len(ANSI_REST)) + ANSI_REST


@pytest.mark.parametrize("record", [ANSI_SHORT, ANSI_LONG], ids=["length of 2 bytes", "length of 6 bytes"])
def test_the_american_record_of_a_print_is_the_same_print(record: bytes) -> None:
    (american,), (international,) = read_iso19794_2(record), read_iso19794_2(RECORD)
    assert (american.finger, american.quality) == (international.finger, international.quality)
    assert american.minutiae.to_bytes() == international.minutiae.to_bytes()
    unknown = record.replace(VIEW, VIEW[:2] + bytes([254, 2]))
    assert read_iso19794_2(unknown)[0].quality == 0
    beyond = record.replace(ANSI_MINUTIAE[:6], ANSI_MINUTIAE[:4] + bytes([180, 60]))
    with pytest.raises(TemplateFormatError, match="beyond a full turn"):
        read_iso19794_2(beyond)


def test_a_wrong_length_and_a_newer_version_are_told_as_they_are() -> None:
    with pytest.raises(TemplateFormatError, match=f"states {len(ANSI_SHORT)} bytes and has {len(ANSI_SHORT) + 1}"):
        read_iso19794_2(ANSI_SHORT + b"\0")
    with pytest.raises(TemplateFormatError, match=f"states {len(RECORD)} bytes and has {len(RECORD) + 1}"):
        read_iso19794_2(RECORD + b"\0")
    with pytest.raises(TemplateFormatError, match="version '30'"):
        read_iso19794_2(RECORD.replace(b" 20", b" 30"))


def test_repetitions_at_one_place_count_once_and_few_minutiae_make_a_low_quality() -> None:
    print_of_another = record_minutiae(33)
    assert comparable_minutiae(print_of_another) is print_of_another
    # Two at one place are one; the others stay.
    doubled = few_minutiae(9)
    again = MinutiaSet.best_of(
        **{name: np.append(getattr(doubled, name), getattr(doubled, name)[3]) for name in MINUTIA_FIELDS},
        width_px=doubled.width_px,
        height_px=doubled.height_px,
    )
    assert len(again) == 10
    assert comparable_minutiae(again).to_bytes() == doubled.to_bytes()
    crowded = few_minutiae(40, at_one_point=True)
    for minutiae in (few_minutiae(0), few_minutiae(1), few_minutiae(4), crowded):
        with pytest.raises(TemplateFormatError, match="minutiae"):
            comparable_minutiae(minutiae)
    scores = [imported_quality(few_minutiae(count)).score for count in (5, 8, 12, 14)]
    assert scores == sorted(scores)
    assert scores[0] < 25
    assert imported_quality(few_minutiae(6)).reasons == ("few_minutiae", "imported_template")
    assert imported_quality(print_of_another).reasons == ("imported_template",)


def test_records_of_another_maker_match_our_reading_of_the_prints(shared_folder: Path) -> None:
    folder = shared_folder / "data" / "iso" / "fingerjet"
    stems = ("a001_04p", "a001_06p", "b001_04p")
    records = [prepare(template_of(from_iso19794_2((folder / f"{stem}.ist").read_bytes()))) for stem in stems]
    prints = [
        prepare(engine().extract(decode_image((folder / f"{stem}.pgm").read_bytes(), ppi=500)).template)
        for stem in stems
    ]
    found = [[float(compare(record, other)) for other in prints] for record in records]
    mated = [found[0][0], found[1][1], found[2][2], found[0][2], found[2][0]]
    non_mated = [found[0][1], found[1][0], found[1][2], found[2][1]]
    assert min(mated) > 0.5
    assert max(non_mated) < 0.5


@settings(max_examples=300, deadline=None)
@given(record=st.binary(max_size=120))
def test_no_bytes_raise_anything_else(record: bytes) -> None:
    with pytest.raises(TemplateFormatError):
        from_iso19794_2(record)


@settings(max_examples=300, deadline=None)
@given(
    changes=st.lists(st.tuples(st.integers(0, len(RECORD) - 1), st.integers(0, 255)), min_size=1, max_size=6),
    length=st.integers(0, len(RECORD)),
    fix_length=st.booleans(),
)
def test_changed_records_are_read_or_named(changes: list[tuple[int, int]], length: int, fix_length: bool) -> None:
    record = bytearray(RECORD[:length] if length % 3 == 0 else RECORD)
    for place, value in changes:
        if place < len(record):
            record[place] = value
    if fix_length and len(record) >= 12:
        record[8:12] = struct.pack(">I", len(record))
    try:
        minutiae = from_iso19794_2(bytes(record))
    except TemplateFormatError:
        return
    assert len(minutiae) <= 255
    assert compare(prepare(template_of(minutiae)), prepare(template_of(made_up(1)))) >= 0.0
