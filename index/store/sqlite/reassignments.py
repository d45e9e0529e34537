"""References that go from one subject to another, by a merge of the two or alone, and come back.

A merged subject has no row any more: what it was stands with the reassignment (reassignment_rows.py), by which its ids
still lead to the subject that it was merged into. Everything below happens inside one transaction.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from datetime import datetime
from typing import Any, Final

from index.errors import ReassignmentError, ReferenceNotFoundError, SubjectNotFoundError
from index.outbox import Owe
from index.receipts import ReassignmentReceipt
from index.records import (
    OTHER_NAMES,
    FieldChange,
    RecordAuthor,
    RecordEvent,
    RecordEventKind,
    RecordRevision,
    Sex,
    Subject,
    SubjectState,
)
from index.store.effects import SEX_CODES, Effect, MembershipChanged, ReferencesMoved
from index.store.sqlite import galleries, images, references
from index.store.sqlite import reassignment_rows as rows
from index.store.sqlite.counterparts import family_of
from index.store.sqlite.document_tokens import hand_documents_over
from index.store.sqlite.look_ups import refill_documents
from index.store.sqlite.name_tokens import put_names
from index.store.sqlite.owed_records import owe
from index.store.sqlite.reassignment_rows import MERGE, MOVE, ReassignmentRow
from index.store.sqlite.requests import earlier_receipt, remember_request
from index.store.sqlite.row_digests import SELECT_CHECKED, intact, put_digest
from index.store.sqlite.rows import from_microseconds, marks, parts_of, to_microseconds
from index.store.sqlite.sealed_rows import SealedText, resealed_template, seal_subject
from index.store.sqlite.subject_records import (
    fields_of,
    put_event,
    put_fields,
    put_revision_text,
    revision_text,
    revision_texts,
    stored_fields,
)
from index.store.sqlite.subjects import SubjectRow, find_by_number, find_by_numbers, find_subject, insert_subject
from index.store.sqlite.write_queue import WriteOutcome
from index.store.vault import VaultFile

Receipt = WriteOutcome[ReassignmentReceipt]
_NAME_SEPARATOR: Final = "; "


@dataclass(frozen=True, slots=True)
class Occasion:
    """Who asks, and when; request_id makes a repeat safe, owed makes the record of it."""

    author: RecordAuthor
    now: datetime
    request_id: str = ""
    owed: Owe[ReassignmentReceipt] | None = None


class CopiesNeededError(Exception):
    """Images of which copies have to be in the vault before the transaction, by their numbers."""

    def __init__(self, needed: Mapping[int, images.ImageRow]) -> None:
        super().__init__("copies of images are needed")
        self.needed = needed


def merge_subjects(
    connection: sqlite3.Connection,
    source_id: str,
    target_id: str,
    occasion: Occasion,
) -> Receipt:
    """See Store.merge_subjects."""
    asked = _Asked("merge_subjects", _digest_of("merge", source_id, target_id), occasion)
    if (earlier := asked.earlier(connection)) is not None:
        return earlier
    source, target = _pair(connection, source_id, target_id)
    moved = references.reference_ids_of_subject(connection, source.subject_number)
    number = rows.add_reassignment(connection, MERGE, _named(source), _named(target), source_key=source.key_number)
    rows.note_references(connection, number, moved)
    kept, joined = _kept_of(connection, source, target, number, occasion)
    carried = rows.hand_over(connection, source.subject_number, target.subject_number)
    hand_documents_over(connection, source.subject_number, target.subject_number)
    _reseal(connection, moved, target)
    images.move_images(connection, moved, target.subject_number, {})
    _remove_row(connection, source.subject_number)
    changes = _merged_fields(connection, source, target, kept)
    content = {"source": {**kept, "joined": joined, "carried": carried}, "changes": [astuple(one) for one in changes]}
    row = rows.find_reassignment(connection, number)
    assert row is not None
    rows.put_content(connection, row, content, external_id=source.subject.external_id)
    event = RecordEvent(RecordEventKind.MERGED_FROM, number, reference_ids=moved)
    effects = [*put_event(connection, target, event, occasion.author, occasion.now, changes=changes)]
    for gallery_number in joined:
        effects.append(MembershipChanged(gallery_number, (target.subject_number,), is_member=True))
    effects += _moved(connection, target.subject_number, moved)
    names = tuple(one.field for one in changes)
    receipt = ReassignmentReceipt(number, source_id, target_id, moved, changed_fields=names)
    return asked.finished(connection, receipt, effects, target.subject_number)


def move_references(
    connection: sqlite3.Connection,
    reference_ids: Sequence[int],
    source_id: str,
    target_id: str,
    occasion: Occasion,
    *,
    copies: Mapping[int, VaultFile],
) -> Receipt:
    """See Store.move_references. Raises CopiesNeededError where copies are not those of images_to_copy."""
    digest = _digest_of("move", source_id, target_id, *map(str, sorted(reference_ids)))
    asked = _Asked("move_references", digest, occasion)
    if (earlier := asked.earlier(connection)) is not None:
        return earlier
    source, target = _pair(connection, source_id, target_id)
    moved = moved_ids(connection, reference_ids)
    if not moved:
        raise ReassignmentError("there is no reference to move", reason="no_references")
    if _owners(connection, moved) != {source.subject_number}:
        raise ReassignmentError("a reference is not of the subject it should be moved from", reason="other_subject")
    number = rows.add_reassignment(connection, MOVE, _named(source), _named(target))
    rows.note_references(connection, number, moved)
    _move(connection, moved, target, copies)
    effects: list[Effect] = []
    for one, kind in ((source, RecordEventKind.MOVED_TO), (target, RecordEventKind.MOVED_FROM)):
        event = RecordEvent(kind, number, reference_ids=moved)
        effects += put_event(connection, one, event, occasion.author, occasion.now)
    effects += _moved(connection, target.subject_number, moved)
    receipt = ReassignmentReceipt(number, source_id, target_id, moved)
    return asked.finished(connection, receipt, effects, target.subject_number)


def undo_reassignment(
    connection: sqlite3.Connection,
    reassignment_id: int,
    occasion: Occasion,
    *,
    copies: Mapping[int, VaultFile],
) -> Receipt:
    """See Store.undo_reassignment. Raises like move_references."""
    asked = _Asked("undo_reassignment", _digest_of("undo", str(reassignment_id)), occasion)
    if (earlier := asked.earlier(connection)) is not None:
        return earlier
    row = rows.find_reassignment(connection, reassignment_id)
    if row is None:
        raise ReassignmentError("there is no such merge or move; a subject may have been deleted", reason="unknown")
    if row.is_undone:
        raise ReassignmentError("it was undone already", reason="undone")
    if row.holder_number != row.target_number:
        raise ReassignmentError("the subject was merged into another one since", reason="target_merged")
    target = find_by_number(connection, row.target_number)
    moved = moved_ids(connection, rows.references_of(connection, reassignment_id))
    if not _owners(connection, moved) <= {target.subject_number}:
        raise ReassignmentError("a reference went to another subject since", reason="moved_on")
    undoing = _Undoing(connection, row, target, moved, occasion)
    receipt, effects = undoing.merge(copies) if row.kind == MERGE else undoing.move(copies)
    return asked.finished(connection, receipt, effects, row.source_number)


@dataclass(frozen=True, slots=True)
class _Undoing:
    """One reassignment that is taken back: whose the references are, and which are left of them."""

    connection: sqlite3.Connection
    row: ReassignmentRow
    target: SubjectRow
    moved: tuple[int, ...]
    occasion: Occasion

    def move(self, copies: Mapping[int, VaultFile]) -> tuple[ReassignmentReceipt, list[Effect]]:
        connection, row = self.connection, self.row
        found = find_by_numbers(connection, (row.source_number,))
        if not found:
            raise ReassignmentError("the subject it was of was merged into another one since", reason="source_merged")
        if not self.moved:
            raise ReassignmentError("the references were deleted since", reason="deleted")
        _check_states(found[0].subject.state, self.target.subject.state)
        effects = [*self._told(self.target), *self._told(found[0]), *self._back_to(found[0], copies)]
        rows.set_undone(connection, row.reassignment_id)
        return ReassignmentReceipt(row.reassignment_id, row.source_id, row.target_id, self.moved), effects

    def merge(self, copies: Mapping[int, VaultFile]) -> tuple[ReassignmentReceipt, list[Effect]]:
        connection, row, target = self.connection, self.row, self.target
        if rows.merges_into(connection, row.target_number)[-1].reassignment_id != row.reassignment_id:
            raise ReassignmentError("another subject was merged into it since; undo that first", reason="later_merge")
        content = rows.content_of(connection, row)
        kept, changes = content["source"], [FieldChange(*one) for one in content["changes"]]
        _check_states(SubjectState(kept["state"]), target.subject.state)
        undone = self._undone(changes, kept["external_id"])
        left = {"changes": content["changes"], "undone": [astuple(one) for one in undone]}
        rows.put_content(connection, row, left)
        effects = [*self._told(target, undone), *self._left_galleries(kept["joined"])]
        source = _restored(connection, row, kept)
        rows.set_holder(connection, kept["carried"], row.source_number)
        connection.executemany(
            "UPDATE request SET subject_number = ? WHERE request_id = ? AND subject_number = ?",
            [(row.source_number, one, target.subject_number) for one in kept["requests"]],
        )
        effects += [*self._told(source), *self._back_to(source, copies)]
        rows.set_undone(connection, row.reassignment_id)
        for one in (target, source):
            refill_documents(connection, one)
        names = tuple(one.field for one in undone)
        receipt = ReassignmentReceipt(
            row.reassignment_id,
            row.source_id,
            row.target_id,
            self.moved,
            changed_fields=names,
            kept_fields=tuple(one.field for one in changes if one.field not in names),
        )
        return receipt, effects

    def _undone(self, changes: Sequence[FieldChange], external_id: str) -> list[FieldChange]:
        """What the merge changed in the record of the target and nobody since."""
        now = {**fields_of(self.target.subject), **stored_fields(self.connection, self.target)[1]}
        undone = [FieldChange(one.field, one.after, one.before) for one in changes if now.get(one.field) == one.after]
        has_it = bool(external_id) and external_id == now.get("external_id")
        if has_it and not any(one.field == "external_id" for one in undone):
            raise ReassignmentError("the record has the external id of the other by now", reason="external_id")
        return undone

    def _left_galleries(self, joined: Sequence[int]) -> list[Effect]:
        number = self.target.subject_number
        effects: list[Effect] = []
        for gallery_number in _there(self.connection, joined):
            galleries.leave(self.connection, gallery_number, (number,))
            effects.append(MembershipChanged(gallery_number, (number,), is_member=False))
        return effects

    def _told(self, subject: SubjectRow, changes: Sequence[FieldChange] = ()) -> list[Effect]:
        event = RecordEvent(RecordEventKind.UNDONE, self.row.reassignment_id, reference_ids=self.moved)
        author, now = self.occasion.author, self.occasion.now
        return list(put_event(self.connection, subject, event, author, now, changes=changes))

    def _back_to(self, source: SubjectRow, copies: Mapping[int, VaultFile]) -> list[Effect]:
        _move(self.connection, self.moved, source, copies)
        return _moved(self.connection, source.subject_number, self.moved)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request, answered as the first time where it comes again."""

    operation: str
    digest: bytes
    occasion: Occasion

    def earlier(self, connection: sqlite3.Connection) -> Receipt | None:
        """The answer to it where it came before."""
        kept = earlier_receipt(connection, self.occasion.request_id, self.operation, self.digest)
        if kept is None:
            return None
        row = rows.find_reassignment(connection, kept["reassignment_id"])
        if row is None:
            raise SubjectNotFoundError("what this request changed has been deleted since; use a new request_id")
        receipt = ReassignmentReceipt(
            row.reassignment_id,
            row.source_id,
            row.target_id,
            rows.references_of(connection, row.reassignment_id),
            changed_fields=tuple(kept["changed_fields"]),
            kept_fields=tuple(kept["kept_fields"]),
            replayed=True,
        )
        return WriteOutcome(receipt)

    def finished(
        self,
        connection: sqlite3.Connection,
        receipt: ReassignmentReceipt,
        effects: Sequence[Effect],
        subject_number: int,
    ) -> Receipt:
        """Kept and owed. subject_number: whose deletion blanks what is kept."""
        # No subject is named here, so that nothing of the other is left where that one is deleted.
        kept = {
            "reassignment_id": receipt.reassignment_id,
            "changed_fields": receipt.changed_fields,
            "kept_fields": receipt.kept_fields,
        }
        request_id = self.occasion.request_id
        remember_request(connection, request_id, self.operation, self.digest, kept, subject_number=subject_number)
        owe(connection, self.occasion.owed, receipt)
        return WriteOutcome(receipt, tuple(effects), frees_rows=True)


def _kept_of(
    connection: sqlite3.Connection,
    source: SubjectRow,
    target: SubjectRow,
    reassignment_id: int,
    occasion: Occasion,
) -> tuple[dict[str, Any], list[int]]:
    """What takes a merge back, as JSON, and the galleries that the target joins, which it does here."""
    subject = source.subject
    revision, fields = stored_fields(connection, source)
    event = RecordEvent(RecordEventKind.MERGED_INTO, reassignment_id)
    merged = RecordRevision(revision + 1, occasion.now, occasion.author, (), event)
    own = set(galleries.gallery_numbers_of_subject(connection, source.subject_number))
    joined = sorted(own - set(galleries.gallery_numbers_of_subject(connection, target.subject_number)))
    for gallery_number in joined:
        galleries.join(connection, gallery_number, (target.subject_number,))
    statement = "SELECT request_id FROM request WHERE subject_number = ? ORDER BY 1"
    requests = [row[0] for row in connection.execute(statement, (source.subject_number,)).fetchall()]
    connection.execute(
        "UPDATE request SET subject_number = ? WHERE subject_number = ?",
        (target.subject_number, source.subject_number),
    )
    assert subject.create_time is not None
    kept = {
        "external_id": subject.external_id,
        "display_name": subject.display_name,
        "sex": subject.sex.value,
        "birth_year": subject.birth_year,
        "state": subject.state.value,
        "create_time": to_microseconds(subject.create_time),
        "record": {**fields_of(subject), **fields},
        "fields": fields,
        "revisions": [
            *revision_texts(connection, source),
            (merged.revision, to_microseconds(occasion.now), revision_text(merged)),
        ],
        "galleries": sorted(own),
        "requests": requests,
    }
    return kept, joined


def _restored(connection: sqlite3.Connection, row: ReassignmentRow, kept: Mapping[str, Any]) -> SubjectRow:
    """The merged subject as it was, with its number and key."""
    subject = Subject(
        row.source_id,
        kept["external_id"],
        kept["display_name"],
        state=SubjectState(kept["state"]),
        sex=Sex(kept["sex"]),
        birth_year=kept["birth_year"],
        create_time=from_microseconds(kept["create_time"]),
    )
    is_plain = row.source_key is None
    insert_subject(connection, subject, subject_number=row.source_number, with_texts=is_plain)
    if row.source_key is not None:
        text = SealedText(subject.external_id, subject.display_name)
        seal_subject(connection, row.source_number, text, row.source_key)
    put_names(connection, row.source_number, subject.display_name, kept["fields"].get(OTHER_NAMES, ""))
    found = find_by_number(connection, row.source_number)
    put_fields(connection, found, kept["fields"], [], kept["revisions"][-1][0])
    for revision, change_time, text_of in kept["revisions"]:
        put_revision_text(connection, found, revision, change_time, text_of)
    for gallery_number in _there(connection, kept["galleries"]):
        galleries.join(connection, gallery_number, (row.source_number,))
    return find_by_number(connection, row.source_number)


def _merged_fields(
    connection: sqlite3.Connection, source: SubjectRow, target: SubjectRow, kept: Mapping[str, Any]
) -> list[FieldChange]:
    """What the target lacks and the source has. Fields whose ids begin with the same word belong together, as the
    number and the validity of a card do: they are taken where the target has none of them. Names become other names."""
    there = {**fields_of(target.subject), **stored_fields(connection, target)[1]}
    other: dict[str, str] = dict(kept["record"])
    names = [*_names(there.get(OTHER_NAMES, "")), other.get("display_name", ""), *_names(other.pop(OTHER_NAMES, ""))]
    own_name = there.get("display_name") or other.get("display_name", "")
    groups = {_group(name) for name in there}
    taken = {name: value for name, value in other.items() if _group(name) not in groups}
    said = _NAME_SEPARATOR.join(dict.fromkeys(name for name in names if name and name != own_name))
    if said != there.get(OTHER_NAMES, ""):
        taken[OTHER_NAMES] = said
    return [FieldChange(name, there.get(name, ""), value) for name, value in sorted(taken.items())]


def _names(said: str) -> list[str]:
    return [name.strip() for name in said.split(_NAME_SEPARATOR.strip()) if name.strip()]


def _group(name: str) -> str:
    return name.partition("_")[0]


def _pair(connection: sqlite3.Connection, source_id: str, target_id: str) -> tuple[SubjectRow, SubjectRow]:
    if source_id == target_id:
        raise ReassignmentError("it is one and the same subject", reason="same_subject")
    source, target = find_subject(connection, source_id), find_subject(connection, target_id)
    _check_states(source.subject.state, target.subject.state)
    return source, target


def _check_states(one: SubjectState, other: SubjectState) -> None:
    """Nothing is searched again, or no more, without somebody saying so."""
    if one is not other:
        raise ReassignmentError("one of the subjects is sealed and the other is not", reason="sealed")


def moved_ids(connection: sqlite3.Connection, reference_ids: Sequence[int]) -> tuple[int, ...]:
    """These references with what other packs made of the same images, ascending. Raises ReferenceNotFoundError."""
    if len(references.subject_ids_of(connection, reference_ids)) != len(set(reference_ids)):
        raise ReferenceNotFoundError("no such reference; it may have been deleted")
    found: set[int] = set()
    for reference_id in reference_ids:
        found.update(family_of(connection, reference_id))
    return tuple(sorted(found))


def _owners(connection: sqlite3.Connection, reference_ids: Sequence[int]) -> set[int]:
    owners: set[int] = set()
    for part in parts_of(reference_ids):
        statement = f"SELECT DISTINCT subject_number FROM reference WHERE reference_id IN ({marks(part)})"  # noqa: S608
        owners.update(row[0] for row in connection.execute(statement, part).fetchall())
    return owners


def _move(
    connection: sqlite3.Connection, moved: tuple[int, ...], target: SubjectRow, copies: Mapping[int, VaultFile]
) -> None:
    needed = images.images_to_copy(connection, moved, target.subject_number)
    if not needed.keys() <= copies.keys():
        raise CopiesNeededError(needed)
    _reseal(connection, moved, target)
    images.move_images(connection, moved, target.subject_number, copies)


def _reseal(connection: sqlite3.Connection, reference_ids: Sequence[int], target: SubjectRow) -> None:
    """Under the key of another subject. Raises ReassignmentError where one is damaged: it could not be told from one
    that is whole afterwards."""
    damaged: list[int] = []
    for part in parts_of(reference_ids):
        statement = f"{SELECT_CHECKED} WHERE reference.reference_id IN ({marks(part)})"
        found = list(intact(connection.execute(statement, part).fetchall(), damaged.append))
        if damaged or len(found) != len({*part}):
            raise ReassignmentError("a reference is damaged; mend it from a backup, or delete it", reason="damaged")
        for row in found:
            vectors, minutiae, keys = resealed_template(connection, target.key_number, row)
            connection.execute(
                "UPDATE reference SET subject_number = ? WHERE reference_id = ?", (target.subject_number, row[0])
            )
            connection.execute(
                "UPDATE template SET vectors = ?, minutiae = ? WHERE reference_id = ?", (vectors, minutiae, row[0])
            )
            put_digest(connection, (row[0], target.subject_number, *row[2:9], vectors, minutiae), keys)


def _remove_row(connection: sqlite3.Connection, subject_number: int) -> None:
    """Of a merged subject, whose key is kept."""
    for table in ("membership", "subject_seal", "subject_name_token", "subject_record", "subject_revision", "subject"):
        connection.execute(f"DELETE FROM {table} WHERE subject_number = ?", (subject_number,))  # noqa: S608


def _moved(
    connection: sqlite3.Connection,
    subject_number: int,
    reference_ids: tuple[int, ...],
) -> list[Effect]:
    """What searches have to know; nothing of what is sealed."""
    subject = find_by_number(connection, subject_number).subject
    if subject.state is not SubjectState.ACTIVE or not reference_ids:
        return []
    gallery_numbers = galleries.gallery_numbers_of_subject(connection, subject_number)
    return [
        ReferencesMoved(reference_ids, subject_number, SEX_CODES[subject.sex], subject.birth_year or 0, gallery_numbers)
    ]


def _there(connection: sqlite3.Connection, gallery_numbers: Sequence[int]) -> list[int]:
    known = set(galleries.gallery_numbers(connection).values())
    return [number for number in gallery_numbers if number in known]


def _named(row: SubjectRow) -> tuple[str, int]:
    return row.subject.subject_id, row.subject_number


def _digest_of(operation: str, *said: str) -> bytes:
    return hashlib.sha256("\0".join((operation, *said)).encode()).digest()
