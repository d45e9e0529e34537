"""The whole way of a station's records, with the real server process and real packs.

A database that the last version wrote is encrypted where it lies, carried over to another model while it is searched,
cut over, and rolled back; who is erased on the way is in no file afterwards.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from index.database import EnrollmentDatabase
from index.folder import STORE_NAME
from index.keys.master_key import read_master_key
from index.records import Subject
from matcher.__main__ import main as station_matcher
from matcher.client import MatcherClient
from matcher.packs.store import PackStore
from tests.files import files_with
from tests.service.processes import CHECKOUT, REAL, ServerProcess, server_process
from tests.service.test_real_images import Person, photographs
from tests.unit.pack_server import serving
from tests.versions.record import DISPLAY_NAME, EXTERNAL_ID, LATEST, VERSIONS_FOLDER
from tests.versions.record import PEOPLE as PEOPLE_BEFORE

# The last version that is no longer written: faces of ten strangers, two of them deleted, and no image of anybody.
LAST_VERSION = max(path.name for path in VERSIONS_FOLDER.iterdir() if path.is_dir())
STRANGERS = [f"S{number}" for number in (1, 2, 3, 4, 7, 8, 9, 10)]
CLIENT_COUNT = 4
WHY = ("--operator", "operator-7", "--case", "case-12", "--purpose", "the next pack")

PACK_IDS = [PackStore(Path()).manifest(name).pack_id for name in ("face-builtin", "face-open")]
BEFORE = {"STATION_MATCHER_PACKS_FACE": "face-builtin"}
BOTH = {**BEFORE, "STATION_MATCHER_PACKS_NEXT_FACE": "face-open"}
CUT_OVER = {"STATION_MATCHER_PACKS_FACE": "face-open"}
ALLOWED = {"STATION_MATCHER_SEARCH_ALLOW_UNSEARCHABLE": "true"}

# Encrypts like `station-matcher encrypt`, subject by subject, and is killed when so many are done.
KILLED_ENCRYPTION = """
import os, signal, sys
from index.store.sqlite import sealing
from matcher.__main__ import main

sealing._SUBJECTS_A_COMMIT = 1
whole = sealing.seal_rows

def until_killed(connection, report):
    def reported(done, total):
        report(done, total)
        if done == int(sys.argv[1]):
            os.kill(os.getpid(), signal.SIGKILL)
    whole(connection, reported)

sealing.seal_rows = until_killed
main(["--lang", "en", "encrypt"])
"""


@dataclass
class Station:
    """people: the first image of each is enrolled, the second is searched with. erased: one more, of whom nothing may
    be left. needles: what would tell of whom, by what it is."""

    folder: Path
    environ: Mapping[str, str]
    people: Sequence[Person]
    erased: Person
    needles: dict[str, bytes] = field(default_factory=dict)

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @contextmanager
    def server(self, environ: Mapping[str, str]) -> Iterator[ServerProcess]:
        """Ended as a service manager ends it."""
        with server_process(self.data, command=REAL, environ={**self.environ, **environ}) as server:
            yield server
            assert server.terminate() == 0

    def check_nothing_is_plain(self, *names: str) -> None:
        for name in names or self.needles:
            assert files_with(self.folder, self.needles[name]) == [], name


@pytest.fixture(
    params=[pytest.param(6, id="short"), pytest.param(39, id="full", marks=pytest.mark.soak)],
)
def station(
    request: pytest.FixtureRequest, faces_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Station:
    people = photographs(faces_folder / "orl", request.param + 1, 2)
    folder = tmp_path / "station"
    environ = {
        "STATION_MATCHER_STORAGE_DATA_FOLDER": str(folder / "data"),
        "STATION_MATCHER_STORAGE_PACKS_FOLDER": str(tmp_path / "packs"),
        "STATION_MATCHER_STORAGE_MASTER_KEY_FILE": str(tmp_path / "keys" / "master.key"),
        "STATION_MATCHER_STORAGE_SIGNING_KEY_FILE": str(tmp_path / "keys" / "signing.key"),
        "STATION_MATCHER_SERVER_WORKER_COUNT": "2",
        **BEFORE,
    }
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    with zipfile.ZipFile(VERSIONS_FOLDER / LAST_VERSION / "data.zip") as archive:
        archive.extractall(folder / "data")
    return Station(folder, environ, people[:-1], people[-1])


def command(*arguments: object) -> int:
    return station_matcher(["--lang", "en", *map(str, arguments)])


def told(capsys: pytest.CaptureFixture[str], *arguments: object, code: int = 0) -> Any:
    """What a command says with --json."""
    capsys.readouterr()
    assert command(*arguments, "--json") == code
    return json.loads(capsys.readouterr().out)


def encrypt_killed_and_resumed(station: Station, capsys: pytest.CaptureFixture[str]) -> None:
    """Killed twice, once in the middle and once before the file is written anew; the third run finishes it."""
    for name, text in (("name", DISPLAY_NAME), ("number", EXTERNAL_ID)):
        for number in PEOPLE_BEFORE:
            station.needles[f"{name} of {number}"] = text.format(number=number).encode()
    station.needles["name of the latest"] = LATEST.encode()
    with EnrollmentDatabase.open(station.data, create=False) as database:
        subject = database.find_subject("S1")
        assert subject is not None
        vectors = database.list_references(subject.subject_id).items[0].template.vectors
        station.needles["face of S1"] = vectors.tobytes()[:64]
    for needle in station.needles.values():
        assert files_with(station.folder, needle), "what is looked for was never there"
    for subject_count in (5, 13):
        arguments = [sys.executable, "-c", KILLED_ENCRYPTION, str(subject_count)]
        environ = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
        assert subprocess.run(arguments, env=environ, cwd=CHECKOUT, check=False).returncode == -signal.SIGKILL
    assert STORE_NAME in files_with(station.folder, station.needles["name of 1"])
    assert command("encrypt") == 0
    station.check_nothing_is_plain()
    assert command("index", "verify") == 0
    assert "encrypted" in capsys.readouterr().out
    assert command("keys", "show") == 0


def install_from_mirror(models_folder: Path) -> None:
    """face-open of the publishers' own files, served by a web server of the station's own; into an empty folder."""
    files = {path.name: path.read_bytes() for path in (models_folder / "official").iterdir()}
    files["yunet_s_dynamic.onnx"] = (models_folder / "yunet_s_dynamic.onnx").read_bytes()
    with serving(files=files) as mirror:
        assert command("packs", "install", "face-open", "--mirror", mirror.folder) == 0
    assert command("packs", "install", "leader") == 0
    assert command("packs", "verify", "face-open") == 0


def enroll(client: MatcherClient, person: Person, number: int) -> str:
    name, samples = person
    subject = Subject("", external_id=name, display_name=f"Nguyễn Thị Ánh {number:03}")
    answer = client.enroll([samples[0]], subject=subject, skip_duplicate_check=True)
    return str(answer.subject_id)


def check_everybody_is_found(server: ServerProcess, station: Station, people: Sequence[Person], face_count: int) -> int:
    """face_count: on record. What an answer did not search, it says. How many searches."""
    with server.client() as client:
        for name, samples in people:
            answer = client.identify([samples[1]])
            assert answer.candidates[0].external_id == name
            unsearched = sum(
                int(notice.text.split()[0]) for notice in answer.notices if notice.code == "references_not_searched"
            )
            assert answer.reference_count + unsearched >= face_count
            assert answer.proved == (unsearched == 0)
    return len(people)


def search_until(server: ServerProcess, word: str, search: Callable[[], int]) -> int:
    """How many searches there were before the server said the word."""
    deadline, count = time.monotonic() + 600, 0
    while True:
        is_said = any(word in line for line in server.lines)
        count += search()
        if is_said:
            return count
        assert server.process.poll() is None, server.lines
        assert time.monotonic() < deadline, server.lines


def carry_over_while_searched(station: Station, capsys: pytest.CaptureFixture[str]) -> None:
    enrolled_count = len(station.people) + 1
    with station.server(BOTH) as server, ThreadPoolExecutor(CLIENT_COUNT) as threads:
        done = [
            threads.submit(
                search_until,
                server,
                f"{PACK_IDS[1]} has {enrolled_count} references",
                lambda part=part: check_everybody_is_found(  # type: ignore[misc]
                    server, station, station.people[part::CLIENT_COUNT], len(STRANGERS) + enrolled_count
                ),
            )
            for part in range(CLIENT_COUNT)
        ]
        search_count = sum(one.result() for one in done)
    (counts,) = told(capsys, "reembed", "status", "--pack", "face-open", code=1)
    assert (counts["done_count"], counts["waiting_count"], counts["failed"]) == (enrolled_count, 0, [])
    # Nobody kept an image of these: they have to be enrolled anew.
    assert len(counts["without_image_ids"]) == len(STRANGERS)
    with capsys.disabled():
        print(f"{enrolled_count} references carried over while {CLIENT_COUNT} clients made {search_count} searches")


def note_whom_to_erase(station: Station, subject_id: str) -> None:
    name, samples = station.erased
    key = read_master_key(Path(station.environ["STATION_MATCHER_STORAGE_MASTER_KEY_FILE"]))
    station.needles |= {"number": name.encode(), "name": f"Nguyễn Thị Ánh {999:03}".encode()}
    image = samples[0].image_bytes
    station.needles |= {f"image {part}": image[place : place + 48] for part, place in enumerate((200, len(image) // 2))}
    with EnrollmentDatabase.open(station.data, create=False, master_key=key) as database:
        references = database.list_references(subject_id).items
        assert [reference.template.pack_id for reference in references] == PACK_IDS
        for reference in references:
            vectors = reference.template.vectors.tobytes()
            station.needles |= {f"{reference.template.pack_id} {place}": vectors[place:][:32] for place in (0, 512)}
    station.check_nothing_is_plain()


def erase(station: Station, client: MatcherClient, subject_id: str) -> None:
    """With a certificate that both packs' templates were searched for again."""
    name, samples = station.erased
    assert name in {one.external_id for one in client.identify([samples[1]]).candidates}
    certificate = client.delete_subject(subject_id).erasure_certificate
    content = json.loads(certificate)
    assert [one["pack_id"] for one in content["searched_again"]] == PACK_IDS
    assert (content["found_in"], content["destroyed"]["images"]) == ([], 1)
    path = station.folder.parent / "certificate.json"
    path.write_bytes(certificate)
    assert command("erasure", "verify", path) == 0
    assert name not in {one.external_id for one in client.identify([samples[1]]).candidates}
    station.needles["subject id"] = subject_id.encode()


def check_nothing_is_left(station: Station) -> None:
    """The subject's id, a random number, stands in the audit log, and in the backup made before."""
    assert set(files_with(station.folder, station.needles.pop("subject id"))) <= {"audit.jsonl", "old.backup"}
    station.check_nothing_is_plain()


def test_a_database_of_the_last_version_outlives_its_model(
    station: Station, models_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    encrypt_killed_and_resumed(station, capsys)
    install_from_mirror(models_folder)
    people, face_count = station.people, len(STRANGERS) + len(station.people)
    with station.server(BEFORE) as server, server.client() as client:
        for number, person in enumerate(people):
            enroll(client, person, number)
        erased_id = enroll(client, station.erased, 999)
        for name in STRANGERS:
            assert client.get_subject(external_id=name).external_id == name
        check_everybody_is_found(server, station, people, face_count + 1)
    carry_over_while_searched(station, capsys)
    note_whom_to_erase(station, erased_id)
    assert command("backup", station.folder / "old.backup") == 0
    # Some would be met by no search, and the server says so rather than start.
    with pytest.raises(AssertionError, match=f"{len(STRANGERS)} references.*face-builtin@"), station.server(CUT_OVER):
        pass
    with station.server({**CUT_OVER, **ALLOWED}) as server, server.client() as client:
        assert any(f"{len(STRANGERS)} references" in line for line in server.lines)
        check_everybody_is_found(server, station, people, face_count + 1)
        erase(station, client, erased_id)
        check_everybody_is_found(server, station, people, face_count)
        # What comes in after the cut-over has no template of the pack before, until that is the next one.
        client.enroll([people[0][1][1]], subject=Subject("", external_id=people[0][0]))
    with station.server({**CUT_OVER, **ALLOWED, "STATION_MATCHER_PACKS_NEXT_FACE": "face-builtin"}) as server:
        search_until(server, f"{PACK_IDS[0]} has {face_count + 1} references", lambda: time.sleep(0.1) or 0)
    with station.server(BEFORE) as server:
        check_everybody_is_found(server, station, people, face_count + 1)
    check_nothing_is_left(station)
    compared = told(capsys, "reembed", "compare", "--pack", "face-open", *WHY)
    assert (compared["probe_count"], [one["first"] for one in compared["packs"]]) == (2, [2, 2])
    assert command("audit", "verify") == 0
    assert command("index", "verify") == 0
