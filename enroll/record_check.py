"""What a row says of a subject against what is recorded already: the target keeps what it has, so a difference is told.

A subject is looked up once a run, before its first image goes out; rows of one backlog agree with each other by then.
"""

from __future__ import annotations

import threading

from enroll.across import name_key
from enroll.items import EnrollmentItem
from enroll.messages import backlog_text
from enroll.target import EnrollmentTarget
from index.records import Sex, Subject


class RecordCheck:
    """Thread safe. hold: a row that differs is not to be sent."""

    def __init__(self, target: EnrollmentTarget, language: str, *, hold: bool = False) -> None:
        self._target = target
        self._language = language
        self._hold = hold
        self._recorded: dict[str, Subject | None] = {}
        self._locks: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()
        self._hidden = backlog_text("record_hidden", language)

    def holds(self, warning: str) -> bool:
        """Whether a row with this warning stays here. One that could not be compared goes out."""
        return self._hold and warning != self._hidden

    def differences(self, item: EnrollmentItem) -> str:
        """A sentence for each field in which the row and the record differ, "" where none does. Raises TargetError."""
        if not (item.display_name or item.birth_year or item.sex is not Sex.UNKNOWN):
            return ""
        with self._lock:
            lock = self._locks.setdefault(item.external_id, threading.Lock())
        with lock:
            if item.external_id not in self._recorded:
                try:
                    self._recorded[item.external_id] = self._target.find_subject(item.external_id)
                except PermissionError:
                    return self._hidden
        recorded = self._recorded[item.external_id]
        return "" if recorded is None else "; ".join(self._told(item, recorded))

    def _told(self, item: EnrollmentItem, recorded: Subject) -> list[str]:
        told: list[tuple[str, str, str]] = []
        if (
            item.display_name
            and recorded.display_name
            and name_key(item.display_name) != name_key(recorded.display_name)
        ):
            told.append(("display_name", item.display_name, recorded.display_name))
        if Sex.UNKNOWN not in (item.sex, recorded.sex) and item.sex is not recorded.sex:
            told.append(("sex", item.sex.value, recorded.sex.value))
        if item.birth_year and recorded.birth_year and item.birth_year != recorded.birth_year:
            told.append(("birth_date", str(item.birth_year), str(recorded.birth_year)))
        return [
            backlog_text("recorded_other", self._language, name=name, given=given, kept=kept)
            for name, given, kept in told
        ]
