"""What is known of a person is in no byte that the service, its commands or a crash leave on a disk or in a log.

The folder of temporary files lies below the searched one, and the server's log is searched too. Only what the clerk
keeps of the backlog, outside, says who is in it.
"""

from __future__ import annotations

import csv
import unicodedata
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from enroll import cli
from enroll.items import EnrollmentItem
from index.database import EnrollmentDatabase
from index.keys.master_key import read_master_key
from index.records import Modality, Subject, SubjectQuery
from matcher.__main__ import main
from matcher.client import MatcherClient, ServiceError
from tests.fakes import face, finger, png_bytes
from tests.service.processes import ServerProcess, server_process

NAME = unicodedata.normalize("NFC", "Trần Đức Ẩn")
NUMBER, OTHER_NUMBER = "079203004567", "079303007654"
VALUES = {"occupation": "Thợ kim hoàn Ô Quan Chưởng", "other_names": "Tư Râu Kẽm", "birth_date": "17/03/1984"}
BATCH_NAME, BATCH_NUMBER = "Phan Thị Ngọc Bích", "079184001122"


@dataclass
class Place:
    """folder: everything that is written, but for what the clerk keeps. needles: what would tell of whom."""

    folder: Path
    clerk: Path
    master_key: Path
    needles: dict[str, bytes] = field(default_factory=dict)
    logs: list[str] = field(default_factory=list)

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def check(self) -> None:
        found = set()
        for path in self.folder.rglob("*"):
            # A server that runs replaces files of its index.
            with suppress(FileNotFoundError, IsADirectoryError):
                content = path.read_bytes()
                found |= {f"{name} in {path.name}" for name, needle in self.needles.items() if needle in content}
        said = "\n".join(self.logs).encode()
        found |= {f"{name} in the log" for name, needle in self.needles.items() if needle in said}
        assert not found


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    place = Place(tmp_path / "machine", tmp_path / "clerk", tmp_path / "keys" / "master.key")
    for folder in (place.folder / "tmp", place.clerk):
        folder.mkdir(parents=True)
    for name, value in {
        "TMPDIR": place.folder / "tmp",
        "SQLITE_TMPDIR": place.folder / "tmp",
        "STATION_MATCHER_STORAGE_DATA_FOLDER": place.data,
        "STATION_MATCHER_STORAGE_MASTER_KEY_FILE": place.master_key,
        "STATION_MATCHER_STORAGE_SIGNING_KEY_FILE": tmp_path / "keys" / "signing.key",
    }.items():
        monkeypatch.setenv(name, str(value))
    texts = {"name": NAME, "number": NUMBER, "other number": OTHER_NUMBER, "name of the batch": BATCH_NAME}
    texts |= {"number of the batch": BATCH_NUMBER, **VALUES}
    place.needles = {name: text.encode() for name, text in texts.items()}
    # As SQLite, JSON and logs write them where they escape what is not ASCII.
    place.needles |= {f"{name}, escaped": ascii(text)[1:-1].encode() for name, text in texts.items()}
    words = ("Ngọc", "Trần", "trần đức", "Chưởng", "Kẽm")
    place.needles |= {f"word {word}": word.encode() for word in words}
    for number in (1, 2, 3):
        image = png_bytes(number)
        place.needles[f"image {number}"] = image[len(image) // 2 :][:32]
    return place


@pytest.fixture
def server(place: Place) -> Iterator[ServerProcess]:
    """Killed, as nothing else leaves so much behind."""
    with server_process(place.data) as running:
        yield running
        running.kill()
    place.logs += running.lines


def use(client: MatcherClient) -> str:
    """Enrolled, corrected, looked for, refused; the subject's id."""
    subject = Subject("", external_id=NUMBER, display_name=NAME)
    answer = client.enroll([face(1), finger(2)], subject=subject, request_id="first", skip_duplicate_check=True)
    client.update_subject(answer.subject_id, VALUES)
    client.update_subject(answer.subject_id, {"occupation": "", "external_id": OTHER_NUMBER})
    assert [one.display_name for one in client.subjects(name="an duc")] == [NAME]
    assert client.get_subject(external_id=OTHER_NUMBER).subject_id == answer.subject_id
    assert client.identify([face(1, impression=1)]).candidates[0].external_id == OTHER_NUMBER
    assert len(list(client.revisions(answer.subject_id))) == 2
    client.reference_image(answer.samples[0].reference_id, for_display=True)
    client.reference_minutiae(answer.samples[1].reference_id, probe=finger(2, impression=1))
    for refused in (Subject(answer.subject_id, external_id=NUMBER), Subject("", NUMBER, NAME, birth_year=20000)):
        with suppress(ServiceError):
            client.enroll([face(1)], subject=refused, request_id="first")
    return str(answer.subject_id)


def enroll_batch(place: Place, address: str) -> None:
    (place.clerk / "face.png").write_bytes(png_bytes(3))
    item = EnrollmentItem(1, BATCH_NUMBER, place.clerk / "face.png", Modality.FACE, display_name=BATCH_NAME)
    # Twelve digits and a name are soon tried.
    place.needles["a digest of number and name"] = item.former_request_id(png_bytes(3)).encode()
    with (place.clerk / "backlog.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["external_id", "image", "modality", "display_name"])
        writer.writerow([BATCH_NUMBER, "face.png", "face", BATCH_NAME])
    said = ["--lang", "en", "--operator", "clerk-7", "--quiet", "--address", address]
    assert cli.main(["run", str(place.clerk / "backlog.csv"), *said]) == 0


def note_templates(place: Place) -> None:
    with EnrollmentDatabase.open(place.data, create=False, master_key=read_master_key(place.master_key)) as database:
        assert database.is_encrypted
        for subject in database.list_subjects(SubjectQuery()).items:
            for reference in database.list_references(subject.subject_id).items:
                template = reference.template
                vectors = np.ascontiguousarray(template.vectors)
                place.needles[f"vectors {reference.reference_id}"] = vectors.tobytes()[:24]
                if template.minutiae:
                    place.needles[f"minutiae {reference.reference_id}"] = template.minutiae[:24]


def test_nothing_of_a_person_is_left_in_plain_bytes(place: Place, server: ServerProcess, capsys) -> None:
    with server.client() as client:
        use(client)
        enroll_batch(place, server.address)
        place.check()
        assert main(["backup", str(place.folder / "while-serving.backup"), "--lang", "en"]) == 0
        assert main(["keys", "copy", str(place.folder / "keys.copy")]) == 0
    server.kill()
    place.logs += server.lines
    place.check()
    note_templates(place)
    assert main(["index", "verify"]) == 0
    assert main(["backup", str(place.folder / "later.backup")]) == 0
    restored = ["--data-folder", str(place.folder / "restored"), "--keys", str(place.folder / "keys.copy")]
    assert main(["restore", str(place.folder / "later.backup"), *restored]) == 0
    with server_process(place.folder / "restored") as again, again.client() as client:
        assert client.get_subject(external_id=BATCH_NUMBER).display_name == BATCH_NAME
        subject_id = client.get_subject(external_id=OTHER_NUMBER).subject_id
        client.delete_subject(subject_id)
        place.check()
        again.kill()
    place.logs += [*again.lines, capsys.readouterr().err]
    place.check()
