"""Backlogs as they are delivered, through `check` and `run`, against a real server over a real store."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import CHECKOUT
from tests.service.backlogs import BACKLOGS, Backlog, deliver


@pytest.mark.parametrize("backlog", BACKLOGS, ids=[backlog.kind for backlog in BACKLOGS])
def test_every_row_is_enrolled_or_named(backlog: Backlog, tmp_path: Path) -> None:
    seen = deliver(backlog, tmp_path)
    for words in backlog.told:
        assert words in seen.check_text
    assert (seen.check_code, seen.run_code, seen.people) == (backlog.check_code, backlog.run_code, backlog.people)
    assert len(seen.results) == len({row for row, _ in seen.results}) == backlog.rows


def test_the_table_of_the_documentation_has_every_kind() -> None:
    lines = (CHECKOUT / "docs" / "backlogs.md").read_text(encoding="utf-8").splitlines()
    kinds = {line.split(" | ")[0].removeprefix("| ").replace("…", "...") for line in lines if line.startswith("| ")}
    assert {backlog.kind for backlog in BACKLOGS} <= kinds
