"""What came from outside is shown as it is: it steers no terminal, is no markup and forges no line of a log."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.records import FingerPosition, Gallery, Modality, NewReference, Subject, Template
from matcher.__main__ import main as station_matcher
from matcher.texts.catalog import text
from matcher.texts.unseen import LogFormatter, is_unseen, visible
from tests.service.conftest import Service

NASTY = "Trần [/red] [bold]Văn[/bold] \x1b]0;owned\x07\x1b[2J\u202eAn\n✓ all good"


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "xdg"))
    monkeypatch.setenv("COLUMNS", "250")


def _printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert station_matcher(["--lang", "en", *arguments, "--operator", "operator-7"]) == 0
    printed = capsys.readouterr()
    assert not any(is_unseen(character) for character in printed.out.replace("\n", "") + printed.err.replace("\n", ""))
    return printed.out


def test_a_name_is_shown_and_changes_nothing_on_the_terminal(
    service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    """Stored by a version that had no limits of characters: past the door of today's server."""
    vectors = np.eye(1, 32, dtype=np.float32)
    template = Template(Modality.FACE, FingerPosition.UNKNOWN, "other-face@1", vectors)
    subject_id = service.database.enroll(
        Subject("", NASTY, NASTY, galleries=frozenset()), [NewReference(template, 50)]
    ).subject_id
    service.database.create_gallery(Gallery("watch", NASTY, NASTY))
    at = ("--address", service.server.address)
    for arguments in (["subject", "list"], ["subject", "show", subject_id], ["gallery", "list"]):
        out = _printed(capsys, *arguments, *at)
        assert "[/red] [bold]Văn[/bold]" in out
        assert "\\u001b[2J\\u202eAn\\u000a✓" in out


@given(st.text())
def test_no_message_passes_for_a_line_of_its_own(message: str) -> None:
    record = logging.LogRecord("station_matcher", logging.ERROR, "", 0, "said %s", (message,), None)
    first, *others = LogFormatter().format(record).split("\n")
    assert " ERROR said " in first
    assert all(line.startswith("    ") for line in others)
    assert not any(is_unseen(character) for line in (first, *others) for character in line)


@given(st.text())
def test_values_in_a_text_are_made_visible(value: str) -> None:
    told = text("gallery.created", "vi", gallery=value)
    assert visible(told) == told
    assert visible(value) in told
