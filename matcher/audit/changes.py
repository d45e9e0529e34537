"""Changes of the store and their audit records: every change has exactly one, also when the process dies between the
two or the audit disk fails.

The record of a change is made inside the change's transaction and kept by the store (index/outbox.py) until it is in
the log. The plain way is: change and owed record in one commit, record in the log, answer; the row goes with a later
commit. Where the log fails, the row stays: nothing is changed any more until it is paid, which whoever comes next
tries, and the start before it serves. A change id in the record keeps one from being written twice.
"""

from __future__ import annotations

import contextlib
import json
import secrets
import threading
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final, Protocol

from index.errors import DatabaseError
from index.outbox import OwedRecord
from matcher.audit.checkpoint import read_checkpoint
from matcher.audit.records import AuditEvent, AuditLog, event_of, members_of
from matcher.errors import AuditError
from matcher.texts.catalog import told

# Why a record is younger than its change; its change_time says by how much.
RECORDED_LATER = "recorded_later"
# The action and reason of the record of a change of which the disk left no more than that there was one.
UNKNOWN_CHANGE: Final = "unknown_change"
OWED_DAMAGED: Final = "owed_record_damaged"


class OwingStore(Protocol):
    """What is asked of the enrollment database."""

    def owed_records(self) -> tuple[OwedRecord, ...]:
        """See EnrollmentDatabase."""

    def settle(self, owed_ids: Sequence[int] = (), *, log_head: str = "", at_once: bool = False) -> None:
        """See EnrollmentDatabase."""

    @property
    def log_head(self) -> str:
        """See EnrollmentDatabase."""


@dataclass(frozen=True, slots=True)
class _Owed:
    """An owed record, read again. since_bytes: where the log stood before."""

    owed_id: int
    event: AuditEvent
    since_bytes: int


class ChangeLedger:
    """What a store owes its audit log. Thread safe; one for each pair of the two."""

    def __init__(self, store: OwingStore, audit: AuditLog) -> None:
        self._store = store
        self.audit = audit
        self._lock = threading.Lock()
        self._settling = threading.Lock()
        # Of changes that may be committed and whose record may be missing.
        self._doubtful: set[int] = set()

    @property
    def owes(self) -> bool:
        """Whether a change may be without its record."""
        return bool(self._doubtful)

    def promise(self, event: AuditEvent) -> tuple[OwedRecord, AuditEvent]:
        """What the store keeps of a change, and the event with its change id. For use inside the transaction.

        Raises AuditError where the record could never be written, which takes the change back.
        """
        owed_id = secrets.randbits(63) or 1
        event = replace(self.audit.completed(event), change_id=f"{owed_id:016x}")
        content = {
            "event": members_of(event),
            "change_time": datetime.now(UTC).isoformat(timespec="microseconds"),
            "log_bytes": self.audit.checkpoint().point.offset_bytes,
        }
        try:
            return OwedRecord(owed_id, json.dumps(content, allow_nan=False)), event
        except (TypeError, ValueError) as error:
            raise AuditError(told("log.value_changed")) from error

    def settle(self, owed_id: int, *, at_once: bool) -> None:
        """The record is in the log. at_once: its bytes, which name a deleted subject, leave the store now.

        Where the disk refuses that, the next write does it: change and record stand, and are acknowledged.
        """
        with contextlib.suppress(DatabaseError):
            # What the store knows of the log never goes back, so that it covers all that was settled.
            with self._settling:
                self._store.settle((owed_id,), log_head=self.audit.checkpoint().text)
            if at_once:
                self._store.settle(at_once=True)

    def doubt(self, owed_id: int) -> None:
        """Something failed between the change and its record."""
        with self._lock:
            self._doubtful.add(owed_id)

    def pay(self) -> None:
        """Write what is missing. Raises AuditError; then nothing may be changed."""
        if self._doubtful:
            with self._lock:
                owed = [_read(record) for record in self._store.owed_records() if record.owed_id in self._doubtful]
                self._doubtful &= {one.owed_id for one in owed}
                self._write(owed)

    def pay_at_start(self) -> int:
        """Before anything is served: write what a process that died, or whose log failed, left owing; how many.

        Raises AuditError, also where the log has a change that the store has not, DatabaseError.
        """
        owed = [_read(record) for record in self._store.owed_records()]
        self._check_nothing_is_lost(owed)
        missing: list[_Owed] = []
        if owed:
            ids = frozenset(one.event.change_id for one in owed)
            recorded = self.audit.recorded(ids, since_bytes=min(one.since_bytes for one in owed))
            missing = [one for one in owed if one.event.change_id not in recorded]
        self._write(missing)
        settled = [one.owed_id for one in owed]
        self._store.settle(settled, log_head=self.audit.checkpoint().text, at_once=True)
        return len(missing)

    def note_head(self) -> None:
        """Let the store know how far the log has come, where it does not. Raises DatabaseError."""
        with self._settling:
            head = self.audit.checkpoint().text
            if head == self._store.log_head:
                return
            self._store.settle(log_head=head)
        self._store.settle(at_once=True)

    def lost_changes(self) -> AbstractSet[str]:
        """Ids of changes that the log has and the store has not; of a store that nobody serves. Raises AuditError,
        DatabaseError."""
        return self._lost([_read(record) for record in self._store.owed_records()])

    def _check_nothing_is_lost(self, owed: Sequence[_Owed]) -> None:
        if lost := self._lost(owed):
            raise AuditError(told("log.store_behind", count=len(lost)))

    def _lost(self, owed: Sequence[_Owed]) -> AbstractSet[str]:
        """Of a record behind the place that the store knows of, the store still keeps what it owed: both go with one
        commit. So one that it does not keep is of a change that it has lost."""
        known = read_checkpoint(self._store.log_head)
        if known is None:
            return frozenset()
        return self.audit.changes_since(known.point.offset_bytes) - {one.event.change_id for one in owed}

    def _write(self, owed: Sequence[_Owed]) -> None:
        ordered = sorted(owed, key=lambda one: one.event.change_time)
        for one in ordered:
            self.audit.append(replace(one.event, reason=one.event.reason or RECORDED_LATER))
            self._doubtful.discard(one.owed_id)
            self.settle(one.owed_id, at_once=one is ordered[-1])


def _read(record: OwedRecord) -> _Owed:
    if not record.content:
        # What the store kept of it is damaged. That something was changed is recorded all the same.
        event = AuditEvent(UNKNOWN_CHANGE, reason=OWED_DAMAGED, change_id=f"{record.owed_id:016x}")
        return _Owed(record.owed_id, event, 0)
    try:
        content = json.loads(record.content)
        event = replace(event_of(content["event"]), change_time=str(content["change_time"]))
        return _Owed(record.owed_id, event, int(content["log_bytes"]))
    except (ValueError, KeyError, TypeError) as error:
        raise AuditError(told("log.owed")) from error
