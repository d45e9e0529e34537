"""The watch: what no call would notice. Health says what a client would find, and says it when that changes."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from index.database import EnrollmentDatabase
from index.errors import DatabaseError
from matcher.audit.changes import ChangeLedger
from matcher.audit.notices import take_notices
from matcher.audit.records import AuditEvent
from matcher.errors import AuditError
from matcher.server.calls import CallAudit

_LOG: Final = logging.getLogger("station_matcher")
INTERVAL_S: Final = 1.0
# Searches move the audit log on and write nothing to the store, which is to know how far the log has come.
HEAD_INTERVAL_S: Final = 30.0
PROBE: Final = "audit_resumed"


class Watch:
    """A thread from construction to stop.

    Audit log: after a failed record it tries to write one until that succeeds, and pays what the store owes the log.
    Store: whether its files still lie where they were opened.
    """

    def __init__(
        self,
        database: EnrollmentDatabase,
        changes: ChangeLedger,
        audit: CallAudit,
        *,
        audit_file: Path | None,
        on_change: Callable[[], None],
        interval_s: float = INTERVAL_S,
    ) -> None:
        """audit_file: beside which commands leave notices. on_change: called when something that health tells may have
        changed."""
        self._database = database
        self._changes = changes
        self._audit = audit
        self._audit_file = audit_file
        self._on_change = on_change
        self._interval_s = interval_s
        self._is_stopped = threading.Event()
        self.store_is_in_place = True
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Safe to call twice."""
        self._is_stopped.set()
        self._thread.join()

    def _run(self) -> None:
        next_head_s = time.monotonic() + HEAD_INTERVAL_S
        while not self._is_stopped.wait(self._interval_s):
            try:
                self._look_at_store()
                self._look_at_audit()
                if time.monotonic() >= next_head_s:
                    self._changes.note_head()
                    next_head_s = time.monotonic() + HEAD_INTERVAL_S
            except (AuditError, DatabaseError, OSError, MemoryError) as error:
                # It goes on: a watch that ended here would leave health as it is for good.
                _LOG.warning("%s", error)

    def _look_at_store(self) -> None:
        is_in_place = self._database.is_in_place
        if is_in_place is not self.store_is_in_place:
            self.store_is_in_place = is_in_place
            if not is_in_place:
                _LOG.error("the store was removed or replaced while in use; stop the server and put it back")
            self._on_change()

    def _look_at_audit(self) -> None:
        if not self._audit.is_writable:
            self._audit.append(AuditEvent(PROBE, reason="records could not be written for a while"))
        self._changes.pay()
        if self._audit_file is not None:
            take_notices(self._audit_file, self._audit)
