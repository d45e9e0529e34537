"""Searches side by side, changes alone."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Turns:
    """A lock that any number may share or one hold alone. Whoever wants it alone comes before those that ask to share
    it later, so that searches without end cannot hold up a removal. Not reentrant."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._sharing = 0
        self._waiting = 0
        self._is_alone = False

    @contextmanager
    def shared(self) -> Iterator[None]:
        """Beside others that share it."""
        with self._condition:
            while self._is_alone or self._waiting:
                self._condition.wait()
            self._sharing += 1
        try:
            yield
        finally:
            with self._condition:
                self._sharing -= 1
                if not self._sharing:
                    self._condition.notify_all()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """With nobody beside."""
        with self._condition:
            self._waiting += 1
            try:
                while self._is_alone or self._sharing:
                    self._condition.wait()
            finally:
                self._waiting -= 1
            self._is_alone = True
        try:
            yield
        finally:
            with self._condition:
                self._is_alone = False
                self._condition.notify_all()
