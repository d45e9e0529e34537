"""The judge of scores: keeps quiet where strangers are as rare as stated, and speaks where they are not."""

import numpy as np
import pytest

from benchmarks.promise import Strangers, broken, holds, kept


def strangers(count: int, *, kinder: float = 0.0, fingers: int = 60, seed: int = 0) -> Strangers:
    """Scores as their definition has them, raised by `kinder`, of pairs of different fingers."""
    rng = np.random.default_rng(seed)
    pairs = np.array([rng.choice(fingers, 2, replace=False) for _ in range(count)])
    return Strangers(-10 * np.log10(1 - rng.random(count)) + kinder, pairs)


def test_scores_that_keep_their_promise_pass() -> None:
    found = kept(strangers(20_000))
    assert all(one.holds for one in found)
    assert found[0].ratio == pytest.approx(1.0, abs=0.2)
    assert found[0].interval[0] < 1.0 < found[0].interval[1]
    assert [one.expected for one in found] == pytest.approx([200.0, 20.0, 2.0, 0.2])


def test_scores_that_are_too_kind_are_named() -> None:
    found = {"all": kept(strangers(20_000, kinder=3.0))}
    assert "all at 20" in broken(found)
    assert found["all"][0].ratio == pytest.approx(2.0, rel=0.2)


def test_many_pairs_of_one_pair_of_fingers_are_one_case() -> None:
    """Twenty false matches of two fingers that happen to be alike do not make the interval narrow."""
    plain = strangers(5_000)
    alike = Strangers(np.full(20, 45.0), np.tile([0, 1], (20, 1)))
    together = Strangers(
        np.concatenate([np.minimum(plain.score, 39.0), alike.score]), np.concatenate([plain.fingers, alike.fingers])
    )
    at_40 = kept(together)[2]
    assert at_40.ratio > 30.0
    assert at_40.interval[0] == 0.0
    assert at_40.holds


def test_the_rule() -> None:
    assert holds(10.0, 1.25, (0.9, 1.8))
    assert not holds(10.0, 1.26, (0.9, 1.8))
    assert holds(9.9, 3.0, (1.2, 9.0))
    assert not holds(9.9, 3.0, (1.3, 9.0))


def test_no_pairs_say_nothing() -> None:
    assert kept(Strangers(np.zeros(0), np.zeros((0, 2), np.int64))) == ()
