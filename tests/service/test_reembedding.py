"""From one real face pack to another and back, with the real server process: nobody is out of reach at any time."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from index.records import Subject
from matcher.__main__ import main
from tests.service.processes import REAL, ServerProcess, server_process
from tests.service.test_real_images import Person, photographs

PEOPLE_COUNT = 8
BOTH = {"STATION_MATCHER_PACKS_FACE": "face-builtin", "STATION_MATCHER_PACKS_NEXT_FACE": "face-open"}
CUT_OVER = {"STATION_MATCHER_PACKS_FACE": "face-open"}
ROLLED_BACK = {"STATION_MATCHER_PACKS_FACE": "face-builtin"}


def check_everybody_is_found(server: ServerProcess, people: list[Person], *, is_whole: bool = True) -> None:
    with server.client() as client:
        for name, samples in people:
            answer = client.identify([samples[1]])
            assert answer.candidates[0].external_id == name
            assert answer.proved == is_whole
            assert answer.reference_count >= PEOPLE_COUNT


def wait_until_said(server: ServerProcess, word: str) -> None:
    deadline = time.monotonic() + 300
    while not any(word in line for line in server.lines):
        assert time.monotonic() < deadline, server.lines
        assert server.process.poll() is None, server.lines
        time.sleep(0.1)


def test_a_station_changes_its_face_pack_and_goes_back(
    packs_folder: Path,
    faces_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    people = photographs(faces_folder / "orl", PEOPLE_COUNT, 2)
    data = tmp_path / "data"
    always = {
        "STATION_MATCHER_STORAGE_PACKS_FOLDER": str(packs_folder),
        "STATION_MATCHER_PACKS_FINGERPRINT": "",
        "STATION_MATCHER_SERVER_WORKER_COUNT": "2",
    }
    for name, value in {**always, "STATION_MATCHER_STORAGE_DATA_FOLDER": str(data)}.items():
        monkeypatch.setenv(name, value)

    with server_process(data, command=REAL, environ={**always, **ROLLED_BACK}) as server, server.client() as client:
        for name, samples in people:
            client.enroll([samples[0]], subject=Subject("", external_id=name))
        check_everybody_is_found(server, people)
        assert server.terminate() == 0
    # The next pack alone would find nobody: refused.
    with (
        pytest.raises(AssertionError, match=f"{PEOPLE_COUNT} references.*face-builtin@"),
        server_process(data, command=REAL, environ={**always, **CUT_OVER}),
    ):
        pass
    # Beside each other, while four clients search.
    with server_process(data, command=REAL, environ={**always, **BOTH}) as server:
        with ThreadPoolExecutor(4) as threads:
            for done in [threads.submit(check_everybody_is_found, server, people[part::4]) for part in range(4)]:
                done.result()
        wait_until_said(server, f"face-open@1 has {PEOPLE_COUNT} references")
        assert main(["--lang", "en", "reembed", "status", "--pack", "face-open", "--json"]) == 0
        assert json.loads(capsys.readouterr().out)[0]["done_count"] == PEOPLE_COUNT
        assert server.terminate() == 0
    with server_process(data, command=REAL, environ={**always, **CUT_OVER}) as server, server.client() as client:
        check_everybody_is_found(server, people)
        client.enroll([people[0][1][1]], subject=Subject("", external_id=people[0][0]))
        check_everybody_is_found(server, people)
        assert server.terminate() == 0
    # Back: what was enrolled meanwhile is told to be out of reach, until it is made for the first pack too.
    filled = {**ROLLED_BACK, "STATION_MATCHER_SEARCH_ALLOW_UNSEARCHABLE": "true"}
    with server_process(data, command=REAL, environ={**always, **filled}) as server:
        assert any("1 references of pack face-open@1" in line for line in server.lines)
        check_everybody_is_found(server, people, is_whole=False)
        assert server.terminate() == 0
    back = {**CUT_OVER, "STATION_MATCHER_PACKS_NEXT_FACE": "face-builtin"}
    with server_process(data, command=REAL, environ={**always, **back}) as server:
        wait_until_said(server, f"has {PEOPLE_COUNT + 1} references")
        assert server.terminate() == 0
    with server_process(data, command=REAL, environ={**always, **ROLLED_BACK}) as server:
        check_everybody_is_found(server, people)
        assert server.terminate() == 0
    why = ["--operator", "operator-7", "--case", "case-12", "--purpose", "the next pack"]
    assert main(["--lang", "en", "reembed", "compare", "--pack", "face-open", "--json", *why]) == 0
    compared = json.loads(capsys.readouterr().out)
    assert compared["probe_count"] == 2
    assert [one["first"] for one in compared["packs"]] == [2, 2]
