"""One bit flipped in every range of every file: each is refused, told by `index verify --thorough`, or harmless, which
is shown by the same answers; and no answer is ever another one."""

from __future__ import annotations

import collections
import contextlib
import hashlib
import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from index.backup.backup import back_up, check_backup
from index.database import EnrollmentDatabase
from index.errors import DatabaseDamagedError, DatabaseError, NotFoundError
from index.folder import CACHE_NAME, SLOTS_NAME, STORE_NAME, VAULT_NAME, WAL_NAME
from index.records import Subject
from matcher.audit.changes import ChangeLedger
from matcher.audit.log import FileAuditLog
from matcher.audit.records import AuditEvent
from matcher.errors import AuditError, PackError
from matcher.packs.store import PackStatus, PackStore
from tests.unit.index.conftest import References
from tests.unit.index.every_table import COUNT, MASTER, fill

AUDIT_NAME, HEAD_NAME = "audit.jsonl", "audit.jsonl.head"
KEY = bytes(range(32))
# Bytes of a range, one bit of which is flipped: in the long rounds.
RANGE_BYTES = {
    STORE_NAME: 2048,
    WAL_NAME: 4096,
    SLOTS_NAME: 128,
    AUDIT_NAME: 64,
    HEAD_NAME: 16,
    CACHE_NAME: 8192,
    VAULT_NAME: 512,
    "backup": 1024,
}
# How many flips of each kind in the short ones.
SHORT_COUNT = {
    STORE_NAME: 9,
    WAL_NAME: 6,
    SLOTS_NAME: 2,
    AUDIT_NAME: 2,
    HEAD_NAME: 2,
    CACHE_NAME: 2,
    VAULT_NAME: 1,
    "backup": 24,
}
Answers = dict[tuple[object, ...], object]


@pytest.fixture(scope="module")
def folders(tmp_path_factory) -> dict[str, Path]:
    """closed: of a process that ended in order. killed: of one that did not, with a write-ahead log."""
    root = tmp_path_factory.mktemp("flips")
    closed, killed = root / "closed", root / "killed"
    make = References()
    with EnrollmentDatabase.open(closed, master_key=MASTER) as database:
        fill(database, make)
        database.settle(tuple(range(1, COUNT + 1)), at_once=True)
        with FileAuditLog(closed / AUDIT_NAME) as audit:
            audit.append(AuditEvent("start"))
            ChangeLedger(database, audit).note_head()
    back_up(closed, root / "sealed", key=KEY)
    back_up(closed, root / "plain")
    shutil.copytree(closed, killed)
    # No thread saves meanwhile.
    with (
        EnrollmentDatabase(killed, master_key=MASTER, save_interval_s=3600.0) as database,
        FileAuditLog(killed / AUDIT_NAME, noted=database.log_head) as audit,
    ):
        for number in range(4):
            _change(database, ChangeLedger(database, audit), number, make)
        shutil.copytree(killed, root / "copy")
    shutil.rmtree(killed)
    (root / "copy").rename(killed)
    assert (killed / WAL_NAME).stat().st_size
    return {"closed": closed, "killed": killed, "sealed": root / "sealed", "plain": root / "plain"}


def _change(database: EnrollmentDatabase, ledger: ChangeLedger, number: int, make: References) -> None:
    """As a use case makes one: change, record, answer."""
    kept = {}

    def owe(receipt):
        owed, kept["event"] = ledger.promise(AuditEvent("enroll", subject_id=receipt.subject_id))
        kept["id"] = owed.owed_id
        return owed

    database.enroll(Subject("", f"9{number}", f"Lê Văn {number}"), [make.face()], owed=owe)
    ledger.audit.append(kept["event"])
    ledger.settle(kept["id"], at_once=False)


def answers_of(database: EnrollmentDatabase) -> Answers:
    """All that the database says of anybody; what is damaged is left out."""
    found: Answers = {}

    def put(key: tuple[object, ...], read: Callable[[], object]) -> None:
        with contextlib.suppress(DatabaseDamagedError, NotFoundError):
            found[key] = read()

    for gallery in database.list_galleries(page_size=100).items:
        found["gallery", gallery.gallery_id] = gallery
    for subject in database.list_subjects(page_size=100).items:
        one = subject.subject_id
        found["subject", one] = (subject.external_id, subject.display_name, subject.state, subject.sex)
        found["born", one] = (subject.birth_year, subject.create_time)
        for gallery_id in subject.galleries:
            found["member", one, gallery_id] = True
        put(("record", one), lambda one=one: database.get_record(one))
        put(("known", one), lambda one=one: database.get_subject(one).external_id)
        put(("by id", subject.external_id), lambda its=subject.external_id: database.find_subject(its).subject_id)
        _read_history(database, one, found)
        _read_references(database, one, found, put)
    return found


def _read_history(database: EnrollmentDatabase, subject_id: str, found: Answers) -> None:
    with contextlib.suppress(DatabaseDamagedError):
        for revision in database.list_revisions(subject_id, page_size=100).items:
            found["revision", subject_id, revision.revision] = revision


def _read_references(database: EnrollmentDatabase, subject_id: str, found: Answers, put: Callable[..., None]) -> None:
    for reference in database.list_references(subject_id, page_size=100).items:
        number, template = reference.reference_id, reference.template
        said = (template.modality, template.finger, template.pack_id, template.vectors.tobytes(), template.minutiae)
        found["reference", number] = (*said, reference.quality, reference.station_id, reference.sample_sha256)
        found["owner", number] = subject_id
        put(("image", number), lambda number=number: _image(database, number))
        hits = database.search(template.modality, template.pack_id, template.vectors, 1)
        if hits.counts[0]:
            found["search", number] = int(hits.reference_ids[0, 0])


def _image(database: EnrollmentDatabase, reference_id: int) -> object:
    image = database.image_of(reference_id)
    return None if image is None else (image.content, image.sha256, image.ppi, image.part)


def outcome(folder: Path, expected: Answers) -> str:
    """refused, told or harmless. Fails where an answer is another one, or is missing and nothing was told."""
    try:
        with EnrollmentDatabase(folder, create=False, master_key=MASTER) as database:
            with FileAuditLog(folder / AUDIT_NAME, noted=database.log_head) as audit:
                ChangeLedger(database, audit).pay_at_start()
            problems = [one.code for one in database.inspect()] + list(database.verify().problems)
            answers = answers_of(database)
    except (DatabaseError, AuditError):
        return "refused"
    for key, answer in answers.items():
        # Where somebody is set aside, the next one like him is found first.
        assert answer == expected.get(key) or (key[0] == "search" and problems), key
    if problems:
        return "told"
    assert answers.keys() == expected.keys(), expected.keys() - answers.keys()
    return "harmless"


def places(path: Path, range_bytes: int, count: int | None, random_of: random.Random) -> Iterator[tuple[int, int]]:
    """(byte, bit) in each range, or in count of them."""
    starts = list(range(0, path.stat().st_size, range_bytes))
    if count is not None and count < len(starts):
        starts = sorted(random_of.sample(starts, count))
    for start in starts:
        end = min(start + range_bytes, path.stat().st_size)
        yield random_of.randrange(start, end), random_of.randrange(8)


def flipped(source: Path, target: Path, at: int, bit: int) -> None:
    """The file with one bit changed."""
    content = bytearray(source.read_bytes())
    content[at] ^= 1 << bit
    target.write_bytes(content)


def files_of(folder: Path, kind: str) -> list[Path]:
    return (
        [folder / kind] if (folder / kind).is_file() else sorted(p for p in (folder / kind).rglob("*") if p.is_file())
    )


def flip_folder(folder: Path, kind: str, scratch: Path, count: int | None) -> collections.Counter[str]:
    """Flips in the files of one kind of a data folder."""
    random_of = random.Random(f"{kind} {count}")
    expected = _expected(folder, scratch)
    counted: collections.Counter[str] = collections.Counter()
    paths = files_of(folder, kind)
    if count is not None:
        paths = random_of.sample(paths, min(count, len(paths)))
    for path in paths:
        for at, bit in places(path, RANGE_BYTES[kind], None if count is None else -(-count // len(paths)), random_of):
            copy = scratch / "copy"
            shutil.copytree(folder, copy)
            flipped(path, copy / path.relative_to(folder), at, bit)
            try:
                counted[outcome(copy, expected)] += 1
            except BaseException as error:
                error.add_note(f"{kind} {path.name}: byte {at} of {path.stat().st_size}, bit {bit}")
                raise
            shutil.rmtree(copy)
    return counted


def _expected(folder: Path, scratch: Path) -> Answers:
    whole = scratch / "whole"
    shutil.copytree(folder, whole)
    with EnrollmentDatabase(whole, create=False, master_key=MASTER) as database:
        with FileAuditLog(whole / AUDIT_NAME, noted=database.log_head) as audit:
            assert ChangeLedger(database, audit).pay_at_start() == 0
        assert database.inspect() == ()
        assert database.verify().ok
        expected = answers_of(database)
    shutil.rmtree(whole)
    assert outcome_of_whole(folder, scratch, expected) == "harmless"
    return expected


def outcome_of_whole(folder: Path, scratch: Path, expected: Answers) -> str:
    """A harness that tells of whole files would tell nothing."""
    copy = scratch / "copy"
    shutil.copytree(folder, copy)
    try:
        return outcome(copy, expected)
    finally:
        shutil.rmtree(copy)


def flip_backup(path: Path, key: bytes | None, scratch: Path, count: int | None) -> collections.Counter[str]:
    """Every byte of a backup is answered for: nothing is harmless."""
    counted: collections.Counter[str] = collections.Counter()
    copy = scratch / "flipped"
    for at, bit in places(path, RANGE_BYTES["backup"], count, random.Random(path.name)):
        flipped(path, copy, at, bit)
        with pytest.raises(DatabaseError):
            check_backup(copy, key=key)
        counted["refused"] += 1
    return counted


KINDS = [
    ("closed", STORE_NAME),
    ("closed", SLOTS_NAME),
    ("killed", AUDIT_NAME),
    ("killed", HEAD_NAME),
    ("closed", CACHE_NAME),
    ("closed", VAULT_NAME),
    ("killed", WAL_NAME),
]


@pytest.mark.parametrize(("folder", "kind"), KINDS)
def test_a_flipped_bit_is_refused_told_or_harmless(folders, tmp_path: Path, folder: str, kind: str) -> None:
    counted = flip_folder(folders[folder], kind, tmp_path, SHORT_COUNT[kind])
    assert sum(counted.values()) >= SHORT_COUNT[kind]


@pytest.mark.soak
@pytest.mark.parametrize(("folder", "kind"), KINDS)
def test_a_flipped_bit_in_every_range_is_refused_told_or_harmless(
    folders, tmp_path: Path, folder: str, kind: str
) -> None:
    counted = flip_folder(folders[folder], kind, tmp_path, None)
    print(f"{kind}: {sum(counted.values())} flips, {dict(counted)}")


@pytest.mark.parametrize(("name", "key"), [("sealed", KEY), ("plain", None)], ids=["sealed", "plain"])
def test_a_flipped_bit_of_a_backup_is_refused(folders, tmp_path: Path, name: str, key: bytes | None) -> None:
    flip_backup(folders[name], key, tmp_path, SHORT_COUNT["backup"])


@pytest.mark.soak
@pytest.mark.parametrize(("name", "key"), [("sealed", KEY), ("plain", None)], ids=["sealed", "plain"])
def test_a_flipped_bit_in_every_range_of_a_backup_is_refused(folders, tmp_path, name, key) -> None:
    print(f"backup {name}: {sum(flip_backup(folders[name], key, tmp_path, None).values())} flips, all refused")


def test_a_flipped_bit_of_a_pack_is_told(tmp_path: Path) -> None:
    """Every bit of a file of a pack, and of the calibration that was measured on the site."""
    content = bytes(range(64))
    (tmp_path / "manifests").mkdir()
    (tmp_path / "manifests" / "small.toml").write_text(
        'name = "small"\nversion = "1"\nmodality = "fingerprint"\nlicense = "MIT"\nlicense_is_permissive = true\n'
        f'intended_use = "tests"\n[[files]]\nname = "weights.bin"\nsha256 = "{hashlib.sha256(content).hexdigest()}"\n'
        'size_bytes = 64\nsource = "folder"\nlicense = "MIT"\norigin = "made up"\n'
    )
    (tmp_path / "from").mkdir()
    (tmp_path / "from" / "weights.bin").write_bytes(content)
    store = PackStore(tmp_path / "packs", manifests_folder=tmp_path / "manifests")
    store.install("small", from_folder=tmp_path / "from")
    path = store.file("small", "weights.bin")
    for at in range(len(content)):
        flipped(tmp_path / "from" / "weights.bin", path, at, at % 8)
        assert store.state("small").status is PackStatus.DAMAGED
        with pytest.raises(PackError):
            store.file("small", "weights.bin")
    store.keep_site_calibration("small", "[calibration]\nmax_score = 30\n")
    path = store.site_calibration_path("small")
    whole = path.read_bytes()
    assert store.get("small").calibration == {"max_score": 30}
    for at in range(len(whole)):
        (tmp_path / "whole").write_bytes(whole)
        flipped(tmp_path / "whole", path, at, at % 8)
        # In the mark before the hash it is a comment like any other.
        try:
            assert store.get("small").calibration == {"max_score": 30}
            assert at < len("# sha256 ")
        except PackError:
            pass
