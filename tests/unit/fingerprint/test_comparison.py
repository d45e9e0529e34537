"""Comparison through its public door: mates above strangers, the same both ways, explained."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.records import FingerPosition, Modality, Template
from index.store.template_codec import INT8, decode_vectors, encode_vectors
from matcher.errors import PackMismatchError, TemplateFormatError
from matcher.fingerprint.comparison.compare import compare, compare_many, explain, prepare
from matcher.fingerprint.comparison.descriptors import DIM
from matcher.fingerprint.minutia_set import MinutiaSet
from tests.unit.fingerprint.compared_prints import made_up, minutia_set, moved, real_templates, template_of

SETS = [("fvc2002_db2_b", 569.0), ("fvc2004_db1_b", 500.0)]


@pytest.mark.parametrize(("folder", "ppi"), SETS)
def test_real_mates_lie_above_real_strangers_with_a_gap(fingerprints_folder: Path, folder: str, ppi: float) -> None:
    prepared = {key: prepare(one) for key, one in real_templates(fingerprints_folder / folder, ppi).items()}
    mated, non_mated = [], []
    for first, second in combinations(prepared, 2):
        similarity = compare(prepared[first], prepared[second])
        (mated if first[0] == second[0] else non_mated).append(similarity)
    assert len(mated) == 12
    assert len(non_mated) == 54
    assert min(mated) > 0.4
    assert max(non_mated) < 0.3


@pytest.mark.parametrize(("folder", "ppi"), SETS)
def test_the_coinciding_minutiae_of_real_mates_lie_on_each_other(
    fingerprints_folder: Path, folder: str, ppi: float
) -> None:
    templates = real_templates(fingerprints_folder / folder, ppi)
    first, second = templates["101", "1"], templates["101", "3"]
    found = explain(prepare(first), prepare(second))
    assert found.similarity == compare(prepare(first), prepare(second))
    assert len(found.pairs) >= 12
    mine, theirs = MinutiaSet.from_bytes(first.minutiae), MinutiaSet.from_bytes(second.minutiae)
    x, y = mine.x_px[found.pairs[:, 0]], mine.y_px[found.pairs[:, 0]]
    cosine, sine = math.cos(found.rotation_rad), math.sin(found.rotation_rad)
    off_x = x * cosine - y * sine + found.translation_px[0] - theirs.x_px[found.pairs[:, 1]]
    off_y = x * sine + y * cosine + found.translation_px[1] - theirs.y_px[found.pairs[:, 1]]
    assert np.median(np.hypot(off_x, off_y)) < 8.0


@settings(max_examples=40, deadline=None)
@given(
    seeds=st.tuples(st.integers(0, 500), st.integers(0, 500)),
    counts=st.tuples(st.integers(0, 70), st.integers(0, 70)),
)
def test_any_two_prints_have_one_similarity(seeds: tuple[int, int], counts: tuple[int, int]) -> None:
    first, second = (prepare(template_of(made_up(seed, count))) for seed, count in zip(seeds, counts, strict=True))
    similarity = compare(first, second)
    assert 0.0 <= similarity < 1.0
    assert similarity == compare(second, first)
    there, back = explain(first, second), explain(second, first)
    assert there.similarity == back.similarity == similarity
    assert sorted(map(tuple, there.pairs.tolist())) == sorted((j, i) for i, j in back.pairs.tolist())
    assert there.rotation_rad == pytest.approx(-back.rotation_rad, abs=1e-6)
    for column in (0, 1):
        assert len(set(there.pairs[:, column].tolist())) == len(there.pairs)


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 500),
    rotation=st.floats(-math.pi, math.pi),
    shift=st.tuples(st.floats(-60, 60), st.floats(-60, 60)),
)
def test_a_moved_print_stays_the_same_print_and_the_move_is_found(
    seed: int, rotation: float, shift: tuple[float, float]
) -> None:
    original = made_up(seed)
    # Turned around the middle of the print, so that it stays on the image.
    middle = np.array([150.0, 200.0])
    turned = np.array([[math.cos(rotation), -math.sin(rotation)], [math.sin(rotation), math.cos(rotation)]]) @ middle
    translation = (400.0 - turned[0] + shift[0], 400.0 - turned[1] + shift[1])
    found = explain(
        prepare(template_of(original)), prepare(template_of(moved(original, rotation, translation, noise_px=1.0)))
    )
    assert found.similarity > 0.75
    assert len(found.pairs) >= 30
    assert math.remainder(found.rotation_rad - rotation, 2.0 * math.pi) == pytest.approx(0.0, abs=0.02)
    carried = np.array(
        [
            [math.cos(found.rotation_rad), -math.sin(found.rotation_rad)],
            [math.sin(found.rotation_rad), math.cos(found.rotation_rad)],
        ]
    ) @ middle + np.array(found.translation_px)
    np.testing.assert_allclose(carried, [400.0 + shift[0], 400.0 + shift[1]], atol=2.0)


def test_stretched_skin_is_still_the_same_skin() -> None:
    """Displacements of up to 20 px that grow across the print, as rolling and pressing make them."""
    original = made_up(3, 50)
    x = original.x_px + 20.0 * (original.x_px / 300.0) ** 2
    y = original.y_px + 15.0 * np.sin(original.x_px / 120.0)
    stretched = minutia_set(x, y, original.direction_rad.astype(np.float64), original.quality.astype(np.float64))
    found = explain(prepare(template_of(original)), prepare(template_of(stretched)))
    assert found.similarity > 0.7
    assert len(found.pairs) > 40


def test_part_of_a_print_is_found_in_the_whole() -> None:
    whole = made_up(8, 60, width_px=400, height_px=500)
    inside = (whole.x_px < 260) & (whole.y_px < 300)
    part = minutia_set(
        whole.x_px[inside],
        whole.y_px[inside],
        whole.direction_rad[inside].astype(np.float64),
        whole.quality[inside].astype(np.float64),
    )
    strangers = [prepare(template_of(made_up(seed, 60, width_px=400, height_px=500))) for seed in range(20, 60)]
    probe = prepare(template_of(part))
    assert compare(probe, prepare(template_of(whole))) > 0.15 + compare_many(probe, strangers).max()


def test_weak_minutiae_weigh_little() -> None:
    """Twenty false minutiae of low quality take less from a match than twenty of high quality."""
    original, generator = made_up(5), np.random.default_rng(1)

    def with_false_ones(quality: float) -> MinutiaSet:
        rows = [original.x_px, original.y_px, original.direction_rad, original.quality]
        false_ones = [generator.uniform(30, 270, 20), generator.uniform(30, 370, 20), generator.uniform(0, 6, 20)]
        joined = [np.concatenate(pair) for pair in zip(rows, [*false_ones, np.full(20, quality)], strict=True)]
        return minutia_set(*(column.astype(np.float64) for column in joined))

    reference = prepare(template_of(original))
    weak = compare(prepare(template_of(with_false_ones(0.2))), reference)
    strong = compare(prepare(template_of(with_false_ones(0.95))), reference)
    assert strong < weak
    assert weak > 0.6


def test_what_the_store_gives_back_compares_the_same() -> None:
    """Templates are stored with one byte a component; not even the last digit of a similarity may change."""
    probe, reference = template_of(made_up(1)), template_of(moved(made_up(1), 0.2, (50, 20), noise_px=2.0))
    stored = Template(
        reference.modality,
        reference.finger,
        reference.pack_id,
        decode_vectors(encode_vectors(reference.vectors, INT8), DIM, INT8),
        reference.minutiae,
    )
    assert compare(prepare(probe), prepare(stored)) == compare(prepare(probe), prepare(reference))


def test_many_at_once_and_from_many_threads_is_one_after_the_other() -> None:
    probe = prepare(template_of(made_up(1)))
    references = [prepare(template_of(made_up(seed, 5 + seed % 60))) for seed in range(60)]
    one_by_one = [compare(probe, reference) for reference in references]
    assert compare_many(probe, references).dtype == np.float32
    assert compare_many(probe, references).tolist() == one_by_one
    assert compare_many(probe, []).tolist() == []
    with ThreadPoolExecutor(4) as pool:
        for answer in pool.map(lambda _: compare_many(probe, references).tolist(), range(12)):
            assert answer == one_by_one


@pytest.mark.parametrize("count", [0, 1, 2])
def test_too_few_minutiae_are_like_nothing(count: int) -> None:
    few = prepare(template_of(made_up(1, count)))
    found = explain(few, prepare(template_of(made_up(1))))
    assert found.similarity == 0.0
    assert found.pairs.shape == (0, 2)
    assert compare(few, few) == 0.0


def test_minutiae_on_one_line_or_one_spot_do_no_harm() -> None:
    steps = np.linspace(50.0, 500.0, 20)
    line = minutia_set(steps, steps, np.full(20, 1.0), np.full(20, 0.8))
    spot = minutia_set(np.full(20, 99.0), np.full(20, 99.0), np.full(20, 1.0), np.full(20, 0.8))
    for first in (line, spot):
        for second in (line, spot, made_up(2)):
            assert 0.0 <= compare(prepare(template_of(first)), prepare(template_of(second))) < 1.0


def test_the_largest_sets_are_compared_by_their_best_minutiae() -> None:
    full = made_up(4, 255, width_px=700, height_px=700)
    template = template_of(full)
    assert template.vectors.shape == (160, DIM)
    assert compare(prepare(template), prepare(template_of(moved(full, 0.05, (40, 10), noise_px=1.0)))) > 0.6


def test_templates_of_two_packs_are_not_compared() -> None:
    with pytest.raises(PackMismatchError):
        compare(prepare(template_of(made_up(1))), prepare(template_of(made_up(1), "other@1")))


@pytest.mark.parametrize(
    "vectors",
    [
        np.zeros((39, DIM), dtype=np.float32),
        np.zeros((40, DIM), dtype=np.float32),
        np.full((40, DIM), np.nan, dtype=np.float32),
        np.full((40, 32), 0.1, dtype=np.float32),
        np.zeros((0, DIM), dtype=np.float32),
    ],
)
def test_vectors_that_do_not_belong_to_the_minutiae_are_refused(vectors: np.ndarray) -> None:
    minutiae = made_up(1, 40)
    with pytest.raises(TemplateFormatError):
        prepare(Template(Modality.FINGERPRINT, FingerPosition.UNKNOWN, "leader@1", vectors, minutiae.to_bytes()))
