"""Backlogs as they are delivered, through `check` and `run`, against a real server over a real store."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.service.backlogs import BACKLOGS, Backlog, deliver


@pytest.mark.parametrize("backlog", BACKLOGS, ids=[backlog.kind for backlog in BACKLOGS])
def test_every_row_is_enrolled_or_named(backlog: Backlog, tmp_path: Path) -> None:
    seen = deliver(backlog, tmp_path)
    for words in backlog.told:
        assert words in seen.check_text
    assert (seen.check_code, seen.run_code, seen.people) == (backlog.check_code, backlog.run_code, backlog.people)
    assert len(seen.results) == len({row for row, _ in seen.results}) == backlog.rows
