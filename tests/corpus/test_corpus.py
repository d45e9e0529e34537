"""The answers are those that were recorded: README.md says what that guards and when a record may be replaced."""

from __future__ import annotations

import copy
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import pytest

from tests.corpus import shared
from tests.corpus.comparison import OTHER_MACHINE, SAME_MACHINE, Tolerances, differences
from tests.corpus.probes import Corpus
from tests.corpus.record import CORPORA, read_record, tolerances
from tests.corpus.replay import replay


@pytest.mark.parametrize("corpus", CORPORA.values(), ids=CORPORA.keys())
def test_the_answers_are_those_recorded(corpus: Corpus, tmp_path: Path) -> None:
    if corpus is shared.CORPUS and not shared.is_present():
        message = "the real images are not here: they lie beside the checkout as ../shared/data"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    threads = cv2.getNumThreads()
    try:
        found = differences(read_record(corpus.name)["answers"], replay(corpus, tmp_path), tolerances(corpus.name))
    finally:
        cv2.setNumThreads(threads)
    assert not found, f"{len(found)} differences\n" + "\n".join(found[:20])


def swapped(answer: dict[str, Any]) -> None:
    rows = answer["candidates"]
    rows[0], rows[1] = rows[1], rows[0]


def lowered(answer: dict[str, Any]) -> None:
    answer["candidates"][0][5][0][1] -= 0.001


def rescored(answer: dict[str, Any]) -> None:
    answer["candidates"][0][2] -= 0.1


def shortened(answer: dict[str, Any]) -> None:
    answer["candidates"].pop()


def renamed(answer: dict[str, Any]) -> None:
    answer["candidates"][-1][0] = "someone else"


def other_threshold(answer: dict[str, Any]) -> None:
    answer["threshold"] += 1e-6


def unproved(answer: dict[str, Any]) -> None:
    answer["proved"] = not answer["proved"]


def refused(answer: dict[str, Any]) -> None:
    answer["refused"] = "ERROR_REASON_NO_FINGERPRINT"


COARSE = (swapped, shortened, renamed, other_threshold, unproved, refused)
CHANGES = [
    *((change, within) for change in COARSE for within in (SAME_MACHINE, OTHER_MACHINE)),
    (lowered, SAME_MACHINE),
    (rescored, SAME_MACHINE),
]


@pytest.mark.parametrize(("change", "within"), CHANGES)
def test_a_changed_answer_is_noticed(change: Callable[[dict[str, Any]], None], within: Tolerances) -> None:
    """On another machine than the recording one too, but for what another processor may change."""
    recorded = read_record("generated")["answers"]
    today = copy.deepcopy(recorded)
    assert not differences(recorded, today, within)
    change(today[0])
    assert differences(recorded, today, within)


def test_a_question_that_is_gone_is_noticed() -> None:
    recorded = read_record("generated")["answers"]
    assert differences(recorded, recorded[1:])
    assert differences(recorded[1:], recorded)


def test_subjects_that_are_tied_may_change_places() -> None:
    recorded = [answer for answer in read_record("generated")["answers"] if answer["name"] == "finger 1"]
    recorded[0]["candidates"][2] = copy.deepcopy(recorded[0]["candidates"][1])
    recorded[0]["candidates"][2][:2] = ["the other", 999]
    today = copy.deepcopy(recorded)
    rows = today[0]["candidates"]
    rows[1], rows[2] = rows[2], rows[1]
    assert not differences(recorded, today)
