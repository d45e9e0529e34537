"""The demonstration: what it draws of every candidate, and what it says about strangers."""

from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from benchmarks.demo import __main__ as demonstration
from benchmarks.demo.captures import encode_png
from benchmarks.demo.people import Person
from benchmarks.demo.pictures import GENERATED_LABEL, fingerprint_picture
from benchmarks.demo.searches import LISTED_COUNT, Line, Search, SearchOutcome, run_search
from benchmarks.demo.table import strangers_text
from index.records import FingerPosition, Modality
from matcher.samples import EncodedSample

FINGER = FingerPosition.RIGHT_INDEX
SIDE = (150, 260)


def blank() -> np.ndarray:
    return np.full(SIDE, 255, np.uint8)


def colored(picture: np.ndarray) -> np.ndarray:
    """bool (height, width): where the picture is neither white, gray nor black."""
    return np.ptp(picture.astype(np.int16), axis=2) > 60


def person(number: int) -> Person:
    sample = EncodedSample(Modality.FINGERPRINT, encode_png(blank()), finger=FINGER, ppi=500.0)
    return Person(number, [sample], [sample], subject_id=f"subject-{number}")


def candidate(number: int, rank: int, *, above_threshold: bool = False) -> SimpleNamespace:
    pairs = [SimpleNamespace(probe=SimpleNamespace(x_px=20, y_px=50), reference=SimpleNamespace(x_px=60, y_px=90))]
    score = SimpleNamespace(
        probe_index=0,
        finger_position=int(FINGER),
        score=12.5,
        score_extrapolated=False,
        explanation=SimpleNamespace(pairs=pairs),
    )
    return SimpleNamespace(
        rank=rank,
        subject_id=f"subject-{number}",
        external_id=f"demo-{number}",
        score=12.5,
        score_extrapolated=False,
        above_threshold=above_threshold,
        sample_scores=[score],
    )


def outcome(*kinds: str) -> SearchOutcome:
    """Of candidates "mate" or "stranger", "stranger!" above the threshold."""
    lines = tuple(
        Line(rank, "demo-2", 10.0 * rank, False, kind.endswith("!"), kind.startswith("mate"), "one.png")
        for rank, kind in enumerate(kinds, 1)
    )
    return SearchOutcome(Search("right index", person(1), ()), lines, 30.0, 6, 1.0)


def test_every_print_carries_the_label() -> None:
    assert "do máy tạo" in GENERATED_LABEL
    picture = fingerprint_picture(blank(), blank(), [], "caption")
    above_prints = colored(picture)[:40]
    middle = picture.shape[1] // 2
    for half in (above_prints[:, :middle], above_prints[:, middle:]):
        assert np.count_nonzero(half) > 300


def test_the_marks_of_the_vietnamese_label_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    marked = fingerprint_picture(blank(), blank(), [], "")
    monkeypatch.setattr("benchmarks.demo.pictures.GENERATED_LABEL", "GENERATED / do may tao")
    assert np.count_nonzero(marked != fingerprint_picture(blank(), blank(), [], "")) > 20


def test_a_pair_has_its_number_in_both_prints() -> None:
    """The same digits in the same color beside both rings, other digits for the next pair."""
    pairs = [((30.0, 100.0), (200.0, 100.0)), ((30.0, 40.0), (200.0, 40.0))]
    picture = fingerprint_picture(blank(), blank(), pairs, "")
    digits = []
    for pair in pairs:
        found = []
        for left, (x, y) in zip((0, 2 * SIDE[1] + 16), pair, strict=True):
            # Up and to the right of the ring, twice enlarged, below the label.
            column, row = left + round(2 * x) + 13, 40 + round(2 * y) - 26
            found.append(picture[row : row + 13, column : column + 12])
        assert np.count_nonzero(colored(found[0])) > 10
        assert np.array_equal(colored(found[0]), colored(found[1]))
        digits.append(colored(found[0]))
    assert not np.array_equal(*digits)


def test_every_candidate_is_drawn_mate_and_stranger(tmp_path: Path) -> None:
    asked: dict[str, int] = {}

    def identify(samples: object, **options: int) -> SimpleNamespace:
        asked.update(options)
        candidates = [candidate(1, 1, above_threshold=True), candidate(2, 2), candidate(3, 3)]
        return SimpleNamespace(candidates=candidates, threshold_score=30.0, gallery_size=3, stage_ms={"all": 1.0})

    people = [person(number) for number in (1, 2, 3)]
    search = Search("right index", people[0], tuple(people[0].probe_samples))
    found = run_search(SimpleNamespace(identify=identify), search, people, tmp_path)  # type: ignore[arg-type]
    assert asked["explained_candidate_count"] == asked["max_candidates"] == LISTED_COUNT
    assert [line.is_mated for line in found.lines] == [True, False, False]
    assert [line.picture_name for line in found.lines] == [
        "demo-1-right-index-1-mate.png",
        "demo-1-right-index-2-stranger.png",
        "demo-1-right-index-3-stranger.png",
    ]
    for line in found.lines:
        assert cv2.imread(str(tmp_path / line.picture_name)) is not None


def test_strangers_are_counted_in_both_languages() -> None:
    text = strangers_text([outcome("mate", "stranger", "stranger"), outcome("mate!", "stranger!")])
    assert "3 strangers are listed as false candidates, the highest with score 30.0; 1 above the threshold." in text
    assert "3 người lạ có trong danh sách (ứng viên sai), điểm cao nhất 30.0; 1 vượt ngưỡng." in text
    assert "none above the threshold" in strangers_text([outcome("mate!", "stranger")])
    assert "No stranger is listed." in strangers_text([outcome("mate")])


@pytest.mark.parametrize(
    ("kinds", "as_it_should"),
    [(("mate!", "stranger"), True), (("stranger", "mate"), False), (("mate!", "stranger!"), False)],
)
def test_a_stranger_above_the_threshold_fails_the_demonstration(kinds: tuple[str, ...], as_it_should: bool) -> None:
    assert demonstration.as_it_should(outcome(*kinds)) is as_it_should
