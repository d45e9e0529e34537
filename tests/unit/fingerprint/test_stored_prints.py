"""Stored prints made ready many at once: the same as one by one, whatever is stored."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.records import StoredPrint, Template
from matcher.errors import TemplateFormatError
from matcher.fingerprint.comparison.compare import PreparedFingerprint, prepare, prepare_stored
from matcher.fingerprint.comparison.descriptors import DIM, codes_of
from matcher.fingerprint.minutia_set import HEADER_BYTES
from tests.unit.fingerprint.compared_prints import made_up, minutia_set, real_templates, template_of


def stored(template: Template) -> StoredPrint:
    vectors = template.vectors
    codes = codes_of(vectors) if len(vectors) else np.zeros((0, DIM), dtype=np.int8)
    return StoredPrint(template.pack_id, codes, template.minutiae)


def bytes_of(prepared: PreparedFingerprint) -> list[object]:
    arrays = prepared.codes, prepared.geometry, prepared.outline
    return [prepared.pack_id, *((one.dtype, one.shape, one.tobytes()) for one in arrays)]


def check_the_same(templates: list[Template]) -> None:
    many = prepare_stored([stored(template) for template in templates])
    assert [bytes_of(one) for one in many] == [bytes_of(prepare(template)) for template in templates]
    assert not any(array.flags.writeable for one in many for array in (one.codes, one.geometry, one.outline))


def test_real_prints(fingerprints_folder: Path) -> None:
    check_the_same(list(real_templates(fingerprints_folder / "fvc2002_db2_b", 569.0).values()))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 500), st.integers(0, 200)), max_size=8))
def test_any_prints(made: list[tuple[int, int]]) -> None:
    check_the_same([template_of(made_up(seed, count)) for seed, count in made])


def test_prints_without_an_outline() -> None:
    line, spot = np.linspace(10.0, 200.0, 12), np.full(12, 50.0)
    turns, quality = np.linspace(0.0, 6.0, 12), np.full(12, 0.9)
    rare = [minutia_set(line, line, turns, quality), minutia_set(spot, spot, turns, quality)]
    check_the_same([template_of(one) for one in (*rare, made_up(1), made_up(2, 0), made_up(3, 2))])


def test_weak_minutiae_that_are_not_described() -> None:
    strewn = made_up(5, 60)
    weak = minutia_set(strewn.x_px, strewn.y_px, strewn.direction_rad, np.linspace(1.0, 0.0, 60))
    check_the_same([template_of(weak)])


@pytest.mark.parametrize(
    ("place", "value"),
    [(0, 2), (1, 255), (3, 255), (HEADER_BYTES + 1, 255), (HEADER_BYTES + 4, 255), (HEADER_BYTES + 6, 0)],
    ids=["version", "count", "width", "position", "kind", "order"],
)
def test_a_damaged_record_among_others_is_refused_as_alone(place: int, value: int) -> None:
    sound = stored(template_of(made_up(1)))
    changed = bytearray(sound.minutiae)
    changed[place] = value
    damaged = replace(template_of(made_up(1)), minutiae=bytes(changed))
    with pytest.raises(TemplateFormatError) as alone:
        prepare(damaged)
    with pytest.raises(TemplateFormatError) as among:
        prepare_stored([sound, replace(sound, minutiae=bytes(changed)), sound])
    assert str(among.value) == str(alone.value)


@pytest.mark.parametrize(
    "codes", [np.zeros((40, DIM), np.int8), np.ones((39, DIM), np.int8), np.ones((40, 32), np.int8)]
)
def test_codes_that_do_not_belong_to_the_minutiae_are_refused(codes: np.ndarray) -> None:
    with pytest.raises(TemplateFormatError):
        prepare_stored([StoredPrint("leader@1", codes, made_up(1, 40).to_bytes())])


def test_an_empty_list() -> None:
    assert prepare_stored([]) == []
