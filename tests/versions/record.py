"""python -m tests.versions.record: write the files of today's version into tests/fixtures/versions/VERSION.

A release does it once, when it changes what it writes; what stands there is never written again. Generated prints and
random face vectors, so that no person's template is in it.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import zipfile
from importlib.metadata import version
from pathlib import Path

import cv2

from index.database import EnrollmentDatabase
from index.folder import WAL_NAME
from index.records import Subject
from matcher.__main__ import main as station_matcher
from matcher.access.context import AccessContext
from matcher.client import MatcherClient, ServiceError
from tests.corpus.generated import PERSON_COUNT, finger
from tests.corpus.replay import ACCESS, enroll_strangers, loaded_packs, serving, settings_for

VERSIONS_FOLDER = Path(__file__).resolve().parents[1] / "fixtures" / "versions"
STRANGER_COUNT = 10
# Prints of these people are enrolled in "records", and their second captures, as probes, in "wanted".
PEOPLE = (1, 2)
LATEST = "Người mẫu mới nhất"
DELETED_BEFORE_BACKUP, DELETED_AFTER_BACKUP = "S5", "S6"
DISPLAY_NAME = "Người mẫu số {number} – dữ liệu giả"
EXTERNAL_ID = "0790000000{number:02d}"
PROBE_ID = "probe-{number}"


def packed(folder: Path, target: Path) -> None:
    """The files of a folder in one, at a fixed time."""
    with zipfile.ZipFile(target, "x", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.writestr(zipfile.ZipInfo(str(path.relative_to(folder))), path.read_bytes(), compress_type=8)


def delete(client: MatcherClient, external_id: str) -> None:
    subject_id = client.get_subject(external_id=external_id, access=ACCESS).subject_id
    client.delete_subject(subject_id, request_id=f"delete-{external_id}", access=ACCESS)


def use(client: MatcherClient) -> None:
    """What leaves every kind of record: enrolled, searched, refused."""
    for number in PEOPLE:
        gallery, other = frozenset({"records"}), frozenset({"wanted"})
        name = DISPLAY_NAME.format(number=number)
        subject = Subject("", EXTERNAL_ID.format(number=number), name, galleries=gallery, birth_year=1970 + number)
        samples = [finger(number, 1), finger(number + PERSON_COUNT, 1)]
        client.enroll(samples, subject=subject, access=ACCESS, request_id=f"enroll-{number}")
        probe = Subject("", PROBE_ID.format(number=number), galleries=other)
        client.enroll([finger(number, 2)], subject=probe, access=ACCESS, request_id=f"probe-{number}")
        client.identify([finger(number, 2)], access=ACCESS, gallery_ids=["records"])
    try:
        client.identify([finger(1, 2)], access=AccessContext("", "", ""))
    except ServiceError:
        delete(client, DELETED_BEFORE_BACKUP)


def backed_up(data: Path, folder: Path) -> None:
    key = folder / "backup.key"
    for arguments in (
        ("backup", "--new-key", str(key)),
        ("backup", str(folder / "plain.backup"), "--data-folder", str(data)),
        ("backup", str(folder / "sealed.backup"), "--data-folder", str(data), "--key-file", str(key)),
    ):
        assert station_matcher(["--lang", "en", *arguments]) == 0


def main() -> None:
    target = VERSIONS_FOLDER / version("station-matcher")
    if target.exists():
        raise SystemExit(f"{target} is there already: people's databases were written by that version, so it stays")
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        made, backups = scratch / "made", scratch / "backups"
        made.mkdir()
        backups.mkdir()
        settings = settings_for(scratch)
        data = settings.storage.data_folder
        loaded = loaded_packs(settings)
        with EnrollmentDatabase.open(data) as database:
            enroll_strangers(database, STRANGER_COUNT, loaded)
        with serving(settings, loaded) as client:
            use(client)
            backed_up(data, backups)
            delete(client, DELETED_AFTER_BACKUP)
            latest = Subject("", LATEST, galleries=frozenset({"wanted"}))
            client.enroll([finger(3, 2)], subject=latest, access=ACCESS, request_id="latest")
            # As a killed process leaves it: the write-ahead log is not in the store yet.
            shutil.copytree(data, scratch / "killed")
        with EnrollmentDatabase.open(data) as database:
            database.save()
            report = database.verify()
        assert (scratch / "killed" / WAL_NAME).stat().st_size, "everything is in the store already"
        packed(data, made / "data.zip")
        packed(scratch / "killed", made / "killed.zip")
        packed(backups, made / "backups.zip")
        facts = {"subject_count": report.subject_count, "reference_count": report.reference_count}
        facts["audit_record_count"] = len(settings.storage.audit_file.read_text(encoding="utf-8").splitlines())
        (made / "facts.json").write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
        shutil.copytree(made, target)
    print(f"{target}: {sum(path.stat().st_size for path in target.iterdir()) / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
