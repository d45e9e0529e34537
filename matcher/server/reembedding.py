"""Re-embedding in the background of a server, as the settings say."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from index.errors import DatabaseError
from index.receipts import ReembeddingCounts
from matcher.errors import MatcherError
from matcher.usecases.reembed import Reembedder

_LOG = logging.getLogger("station_matcher")


@contextmanager
def reembedding(workers: list[Reembedder], say: Callable[..., None]) -> Iterator[None]:
    """One after the other, while the block runs; told in the log at every tenth and at the end."""
    stop = threading.Event()
    thread = threading.Thread(target=_run, args=(workers, stop, say), name="reembed", daemon=True)
    if workers:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        if workers:
            thread.join()


def _run(workers: list[Reembedder], stop: threading.Event, say: Callable[..., None]) -> None:
    for worker in workers:
        told = _Told(say)
        try:
            counts = worker.run(stop, told)
        except (MatcherError, DatabaseError):
            _LOG.exception("re-embedding stopped; the next start goes on with it")
            return
        if stop.is_set():
            return
        without, failed = len(counts.without_image_ids), len(counts.failed)
        say("serve.reembedded", pack=counts.pack_id, done=counts.done_count, without=without, failed=failed)


class _Told:
    """Says each tenth once."""

    def __init__(self, say: Callable[..., None]) -> None:
        self._say = say
        self._tenth = -1

    def __call__(self, counts: ReembeddingCounts) -> None:
        total = counts.done_count + counts.waiting_count
        tenth = 10 * counts.done_count // max(total, 1)
        if tenth != self._tenth:
            self._tenth = tenth
            self._say("serve.reembedding", pack=counts.pack_id, done=counts.done_count, total=total)
