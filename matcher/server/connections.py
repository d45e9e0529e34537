"""Connections: as many as there are descriptors for, and of each host no more than its share.

The gRPC library bounds neither per host, and a process without descriptors accepts nobody: whoever comes next hangs. It
hides its sockets too; they are found among the descriptors of the process. Of hundreds that one host opens at once
those beyond its share are closed a moment later; until then they must not be what keeps others from being accepted, so
more are accepted than are kept.
"""

from __future__ import annotations

import contextlib
import math
import os
import resource
import socket
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from matcher.server.peers import Address, address_of, plain_host

_DESCRIPTORS: Final = Path("/proc/self/fd")
_ROUND_S: Final = 1.0
_QUICK_ROUND_S: Final = 0.05
# The store, the log, index files, decoder processes; measured with two decoders: 40.
_OWN_DESCRIPTOR_COUNT: Final = 96
_FEWEST: Final = 8
_BURST_COUNT: Final = 2048


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """kept: connections that stay open. accepted: with those that are looked at and closed; beyond, the library closes
    whoever comes."""

    kept: int
    accepted: int


def connection_limits(asked_count: int) -> ConnectionLimits:
    """How many connections fit: asked_count are kept, or what the descriptors of this process allow, whose soft limit
    is raised as far as it goes and is needed."""
    accepted = _fitting(asked_count + _BURST_COUNT)
    return ConnectionLimits(min(asked_count, accepted), accepted)


def _fitting(asked_count: int) -> int:
    wanted = asked_count + _OWN_DESCRIPTOR_COUNT
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return asked_count
    return max(soft - min(_OWN_DESCRIPTOR_COUNT, soft // 2 + soft // 4), _FEWEST)


class ConnectionWatch:
    """One thread that closes connections of a host beyond its share, and some of the host that has most where nearly
    all are taken: first those without a call, of those the oldest. Thread safe. Does nothing where the system does not
    tell a process its descriptors."""

    def __init__(self, most: int, *, share: float) -> None:
        self._port = 0
        self._most = most
        self._most_of_one = max(math.ceil(most * share), 1)
        # A place or more stays free for whoever comes next, until the next round.
        self._most_together = most - max(most // 8, 1)
        self._busy: Counter[Address] = Counter()
        self._since: dict[Address, float] = {}
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="connection-watch", daemon=True)

    def start(self, port: int) -> None:
        """port: where the server listens."""
        self._port = port
        if _DESCRIPTORS.is_dir():
            self._thread.start()

    @contextlib.contextmanager
    def calling(self, peer: str) -> Iterator[None]:
        """While the block runs, the connection has a call. peer: of a ServicerContext."""
        address = address_of(peer)
        with self._lock:
            self._busy[address] += 1
        try:
            yield
        finally:
            with self._lock:
                self._busy[address] -= 1
                if not self._busy[address]:
                    del self._busy[address]

    def stop(self) -> None:
        self._stopped.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _watch(self) -> None:
        looked, seen_count = -_ROUND_S, 0
        while not self._stopped.wait(_QUICK_ROUND_S):
            with contextlib.suppress(OSError):  # no descriptor is free to look with; there is one soon
                # To count them takes a hundredth of the time of looking at each.
                count = len(os.listdir(_DESCRIPTORS))
                if count > seen_count + self._most // 16 or time.monotonic() - looked >= _ROUND_S:
                    looked = -_ROUND_S if self.look() else time.monotonic()
                    seen_count = count

    def look(self) -> bool:
        """One round. Returns whether there is reason to look again at once."""
        open_now = set(_connections(self._port))
        now = time.monotonic()
        self._since = {address: self._since.get(address, now) for address in open_now}
        surplus = set(self._surplus())
        if surplus:
            for address, connection in _opened(self._port):
                if address in surplus:
                    with contextlib.suppress(OSError):
                        connection.shutdown(socket.SHUT_RDWR)
        return bool(surplus)

    def _surplus(self) -> Iterator[Address]:
        by_host: dict[str, list[Address]] = defaultdict(list)
        with self._lock:
            busy = set(self._busy)
        for address in sorted(self._since, key=lambda address: (address in busy, self._since[address])):
            by_host[address[0]].append(address)
        for addresses in by_host.values():
            while len(addresses) > self._most_of_one:
                yield addresses.pop(0)
        while sum(map(len, by_host.values())) > self._most_together:
            yield max(by_host.values(), key=len).pop(0)


def _connections(port: int) -> Iterator[Address]:
    return (address for address, _ in _opened(port))


def _opened(port: int) -> Iterator[tuple[Address, socket.socket]]:
    """The connections to a port of ours, each by a descriptor of its own that is closed when the next is asked for:
    the library may close its own at any moment, and what is another file by then must not be touched."""
    for name in os.listdir(_DESCRIPTORS):
        try:
            if not os.readlink(_DESCRIPTORS / name).startswith("socket:"):
                continue
            connection = socket.socket(fileno=os.dup(int(name)))
        except OSError:
            continue
        with connection:
            try:
                if connection.family not in (socket.AF_INET, socket.AF_INET6) or connection.getsockname()[1] != port:
                    continue
                host, peer_port = connection.getpeername()[:2]
            except OSError:  # it listens, or is closed already
                continue
            yield (plain_host(host), peer_port), connection
