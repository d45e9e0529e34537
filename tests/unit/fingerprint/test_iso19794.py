"""ISO/IEC 19794-2:2005 records: what we write is read again, a record made by hand is read, damage is named."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.records import FingerPosition
from matcher.errors import TemplateFormatError
from matcher.fingerprint.comparison.compare import compare, prepare
from matcher.formats.iso19794 import from_iso19794_2, read_iso19794_2, to_iso19794_2
from tests.unit.fingerprint.compared_prints import made_up, template_of

# One view of two minutiae, written down from the standard: 500 ppi (197 per cm), 300 x 400 pixels, right index,
# plain live scan, quality 80. An ending at (100, 50), 90 degrees, quality 60; a bifurcation at (299, 399), 180
# degrees, quality not reported. Then 4 bytes of extended data.
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
