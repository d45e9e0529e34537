"""Composition root: settings to a running server."""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Final

import cv2
import grpc
from grpc_health.v1 import health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from index.database import EnrollmentDatabase
from index.errors import DatabaseDamagedError, DatabaseError
from index.keys.core_dumps import forbid_core_dumps
from index.receipts import OpenProgress, VerifyReport
from index.store.opening import peek_log_head
from index.vector.engines import SearchEngines
from index.vector.face_engine import FaceEngine
from matcher.assembly.compiling import compiling
from matcher.assembly.keys import database_keys
from matcher.assembly.loading import LoadedPacks
from matcher.assembly.settings import (
    load_configured_packs,
    load_next_engines,
    not_searched,
    open_use_cases,
    reembedders,
)
from matcher.assembly.use_cases import UseCases
from matcher.audit.log import FileAuditLog
from matcher.audit.notices import take_notices
from matcher.audit.records import AuditEvent, AuditLog
from matcher.config import Settings
from matcher.errors import AuditError, PackNotReadyError
from matcher.extraction.engines import Engines
from matcher.formats.decoders import DecoderPool
from matcher.server.admission import Admission
from matcher.server.calls import CallAudit, current_share, snake_case
from matcher.server.certificates import expires_soon, own_certificate
from matcher.server.connections import ConnectionWatch, connection_limits
from matcher.server.enrollment_servicer import EnrollmentServicer
from matcher.server.health import SERVICE_NAME as HEALTH_NAME
from matcher.server.health import HealthReport
from matcher.server.interceptors import CallInterceptor, CallLimits
from matcher.server.matching_servicer import MatchingDefaults, MatchingServicer
from matcher.server.metrics import Metrics
from matcher.server.read_watch import ReadWatch
from matcher.server.readiness import Readiness
from matcher.server.record_servicer import RecordServicer
from matcher.server.reembedding import reembedding
from matcher.server.reference_servicer import ReferenceServicer
from matcher.server.server_servicer import ServerLimits, ServerServicer
from matcher.server.transport import bind
from matcher.server.watch import Watch
from matcher.texts.catalog import told
from protos.biometrics.v1 import (
    enrollment_service_pb2,
    enrollment_service_pb2_grpc,
    matching_service_pb2,
    matching_service_pb2_grpc,
    record_service_pb2,
    record_service_pb2_grpc,
    reference_service_pb2,
    reference_service_pb2_grpc,
    server_service_pb2,
    server_service_pb2_grpc,
)

_LOG: Final = logging.getLogger("station_matcher")
_SERVICES: Final = tuple(
    service
    for file in (
        matching_service_pb2,
        enrollment_service_pb2,
        record_service_pb2,
        reference_service_pb2,
        server_service_pb2,
    )
    for service in file.DESCRIPTOR.services_by_name.values()
)
SERVICE_NAMES: Final = tuple(service.full_name for service in _SERVICES)
_ACTIONS: Final = frozenset(snake_case(method.name) for service in _SERVICES for method in service.methods)
# Threads beside those that work and wait: they refuse what is too much, and answer health checks.
_SPARE_THREAD_COUNT: Final = 16
# Calls that may wait for their message at a time, beside those that have one.
_READING_COUNT: Final = 128
# Damaged references that one line names.
_NAMED_COUNT: Final = 20
# Decoding is a small part of a call, and each process may take its share of the memory.
_MOST_DECODERS: Final = 4


class Server:
    """Built, then started: from `start` on it listens and answers NOT_SERVING, from `open` on it works."""

    def __init__(self, settings: Settings, audit: AuditLog) -> None:
        """Raises ConfigError where the server's own certificate cannot be read."""
        self._settings = settings
        limits = settings.server
        worker_count = limits.worker_count or available_processor_count()
        self.metrics = Metrics(_ACTIONS)
        self.readiness = Readiness()
        self.admission = Admission(
            worker_count=worker_count,
            queue_count=limits.queue_count,
            stream_count=limits.stream_count,
            peer_share=limits.peer_share,
        )
        self.health = HealthReport(SERVICE_NAMES, full=self.admission.full)
        # Without its record no answer leaves, so a server that cannot write them does not serve.
        self.audit = CallAudit(audit, on_change=lambda _: self._tell_health())
        self._watch: Watch | None = None
        self._drain_s = limits.drain_s
        connection_counts = connection_limits(limits.connection_count)
        self._connections = ConnectionWatch(connection_counts.kept, share=limits.peer_share)
        self._read_watch = ReadWatch(_READING_COUNT)
        thread_count = worker_count + limits.queue_count + limits.stream_count + _READING_COUNT + _SPARE_THREAD_COUNT
        self._pool = ThreadPoolExecutor(thread_count, thread_name_prefix="rpc")
        call_limits = CallLimits(
            max_message_bytes=limits.max_message_bytes,
            refused_certificate=own_certificate(settings.tls.certificate, settings.tls.client_root),
        )
        interceptor = CallInterceptor(
            self.audit,
            self.admission,
            self.metrics,
            self._read_watch,
            self._connections,
            limits=call_limits,
            default_language=limits.language,
        )
        self._server = grpc.server(
            self._pool,
            interceptors=(interceptor,),
            options=server_options(limits.max_message_bytes, connection_counts.accepted),
            # The last resort, without a detail or record of ours: even the spare threads have calls waiting.
            maximum_concurrent_rpcs=4 * thread_count,
        )
        defaults = MatchingDefaults(
            settings.search.max_candidates, settings.search.target_fpir, settings.search.target_fmr
        )
        matching_service_pb2_grpc.add_MatchingServiceServicer_to_server(  # type: ignore[no-untyped-call]
            MatchingServicer(self.readiness, defaults), self._server
        )
        enrollment_service_pb2_grpc.add_EnrollmentServiceServicer_to_server(  # type: ignore[no-untyped-call]
            EnrollmentServicer(self.readiness, self.audit), self._server
        )
        record_service_pb2_grpc.add_RecordServiceServicer_to_server(  # type: ignore[no-untyped-call]
            RecordServicer(self.readiness), self._server
        )
        told_limits = ServerLimits(
            max_message_bytes=limits.max_message_bytes,
            worker_count=worker_count,
            queue_count=limits.queue_count,
            stream_count=limits.stream_count,
            max_call_s=call_limits.longest_s,
            default_language=limits.language,
        )
        reference_service_pb2_grpc.add_ReferenceServiceServicer_to_server(  # type: ignore[no-untyped-call]
            ReferenceServicer(self.readiness), self._server
        )
        server_service_pb2_grpc.add_ServerServiceServicer_to_server(  # type: ignore[no-untyped-call]
            ServerServicer(self.readiness, defaults, told_limits), self._server
        )
        health_pb2_grpc.add_HealthServicer_to_server(self.health, self._server)
        if limits.reflection:
            names = (*SERVICE_NAMES, HEALTH_NAME, reflection.SERVICE_NAME)
            reflection.enable_server_reflection(names, self._server)
        self._tell_metrics()
        # Until it is started: the port that the settings name, which may be 0.
        self.address = limits.address
        self.port = 0
        self.metrics_address = ""

    def start(self) -> None:
        """Listen. Raises ConfigError where the address or a certificate is not usable."""
        address, tls = self._settings.server.address, self._settings.tls
        self.port = bind(self._server, address, certificate=tls.certificate, key=tls.key, client_root=tls.client_root)
        self.address = f"{address.rpartition(':')[0]}:{self.port}"
        if self._settings.server.metrics_address:
            self.metrics_address = self.metrics.export(self._settings.server.metrics_address)
        self._read_watch.start()
        self._connections.start(self.port)
        self._server.start()

    def open(
        self, use_cases: UseCases, *, database: EnrollmentDatabase | None = None, audit_file: Path | None = None
    ) -> None:
        """From now on the server answers: the index is verified. database, and notices beside audit_file: watched from
        now on, until `stop`."""
        self.readiness.open(use_cases)
        if database is not None:
            self._watch = Watch(
                database, use_cases.changes, self.audit, audit_file=audit_file, on_change=self._tell_health
            )
        self._tell_health()

    def _tell_health(self) -> None:
        self.health.tell(serving=self._is_serving())

    def _is_serving(self) -> bool:
        store_is_in_place = self._watch is None or self._watch.store_is_in_place
        return self.audit.is_writable and store_is_in_place and self.readiness.is_open

    def _tell_metrics(self) -> None:
        self.metrics.ask("serving", self._is_serving)
        self.metrics.ask("audit_writable", lambda: self.audit.is_writable)
        self.metrics.ask("calls_waiting", lambda: self.admission.waiting_count)
        self.metrics.ask("references_set_aside", self.health.set_aside_count)
        self.metrics.ask("references_not_searched", self.health.not_searched_count)

    def stop(self) -> None:
        """Takes nothing new, gives what is running its time to end, then closes. Safe to call twice, or unstarted."""
        self.health.enter_graceful_shutdown()
        self.admission.drain()
        stopped = self._server.stop(self._drain_s)
        self._read_watch.end_idle()
        stopped.wait()
        self.readiness.close()
        if self._watch is not None:
            self._watch.stop()
        self._read_watch.stop()
        self._connections.stop()
        self._pool.shutdown()
        self.metrics.stop()


def server_options(max_message_bytes: int, connection_count: int) -> list[tuple[str, Any]]:
    """gRPC options. The library's own bound lies above ours, so that a message a little too large is refused by us,
    with its record; beyond it nothing is read."""
    return [
        ("grpc.max_receive_message_length", max_message_bytes + 1024 * 1024),
        # Two servers on one port would share its calls, and one of them does not have the database.
        ("grpc.so_reuseport", 0),
        ("grpc.max_concurrent_streams", 256),
        # Beyond these a connection is closed at once, instead of hanging where no descriptor is left for it.
        ("grpc.max_allowed_incoming_connections", connection_count),
        # Who connects says something soon, and answers a ping.
        ("grpc.server_handshake_timeout_ms", 10_000),
        ("grpc.keepalive_time_ms", 120_000),
        ("grpc.keepalive_timeout_ms", 20_000),
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.http2.min_recv_ping_interval_without_data_ms", 10_000),
    ]


def available_processor_count() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def serve(
    settings: Settings,
    *,
    say: Callable[..., None],
    stop: threading.Event | None = None,
    load: Callable[[Settings], LoadedPacks] = load_configured_packs,
    load_next: Callable[[Settings], Engines] = load_next_engines,
) -> None:
    """Runs until SIGTERM or SIGINT (or `stop`), then drains. say: gets a message code and its values.
    load: gives the engines; load_next: those that make templates of the images on record in the background.

    Listens first and answers NOT_SERVING, so that whoever waits for it can ask; then loads packs, opens the database
    and verifies the index. Raises ConfigError, AuditError, DatabaseError, PackError, SessionError.
    """
    forbid_core_dumps()
    say = partial(_said_if_possible, say)
    stop = stop or threading.Event()
    _stop_on_signals(stop)
    # Requests run side by side; threads inside one of them would only take the processors from the others.
    cv2.setNumThreads(1)
    # A log from which records were taken is noticed before anything is written to it.
    noted = peek_log_head(settings.storage.data_folder)
    decoder_count = min(settings.server.worker_count or available_processor_count(), _MOST_DECODERS)
    with (
        FileAuditLog(
            settings.storage.audit_file,
            noted=noted,
            progress=lambda done, total: say("serve.reading_log", done=done >> 20, total=total >> 20),
        ) as audit,
        DecoderPool(decoder_count, owner=current_share) as decoders,
    ):
        server = Server(settings, audit)
        try:
            server.start()
            say("serve.listening", address=server.address)
            if server.metrics_address:
                say("serve.metrics", address=server.metrics_address)
            if settings.tls.certificate is not None and (date := expires_soon(settings.tls.certificate)):
                say("tls.expires_soon", date=date)
            say("serve.loading")
            with compiling(partial(_say_compiling, server.health, say), partial(_go_on, stop)):
                loaded = load(settings)
            _go_on(stop)
            loaded = replace(loaded, engines=replace(loaded.engines, decode=decoders))
            _say_packs(loaded, say)
            next_engines = replace(load_next(settings), decode=decoders)
            keys = database_keys(settings.storage)
            if keys.made is not None:
                say("serve.key_made", path=keys.made)
            with EnrollmentDatabase.open(
                settings.storage.data_folder,
                progress=_Progress(say, server.health, stop),
                master_key=keys.master,
                encrypt=keys.encrypt,
                engines=SearchEngines(FaceEngine(settings.search.face_engine), partial(_say_face_engine, say)),
            ) as database:
                _tell_encryption(database, settings, say)
                _serve_database(server, settings, database, loaded, next_engines, say=say, stop=stop)
        except _StoppedEarlyError:
            say("serve.stopping")
        finally:
            server.stop()


def _said_if_possible(say: Callable[..., None], code: str, **values: Any) -> None:
    """A log that nobody reads any more, or whose disk is full, stops neither a start nor a search."""
    with contextlib.suppress(OSError, ValueError):
        say(code, **values)


def _serve_database(
    server: Server,
    settings: Settings,
    database: EnrollmentDatabase,
    loaded: LoadedPacks,
    next_engines: Engines,
    *,
    say: Callable[..., None],
    stop: threading.Event,
) -> None:
    """Compiles, verifies the index, answers until it is told to stop, and drains. next_engines: of the packs that make
    templates in the background."""
    # Before verifying, which searches.
    say("serve.preparing")
    database.warm_up()
    _go_on(stop)
    report = _verified(database, say)
    _go_on(stop)
    _tell_set_aside(database, report.set_aside_ids, server.health, say)
    server.health.progress = ""
    _tell_not_searched(database, loaded, server.health, say)
    use_cases = open_use_cases(settings, database, loaded, server.audit)
    audit_file = settings.storage.audit_file
    take_notices(audit_file, server.audit)
    server.audit.append(AuditEvent("start", pack_ids=tuple(pack.pack_id for pack in loaded.packs)))
    workers = reembedders(settings, database, next_engines, use_cases.changes)
    with _start_taken_for_permanent():
        server.open(use_cases, database=database, audit_file=audit_file)
        say("serve.ready", subjects=report.subject_count, references=report.reference_count)
        with reembedding(workers, say):
            stop.wait()
        say("serve.stopping")
        server.stop()
    # A full disk does not keep the server from stopping in order.
    with contextlib.suppress(AuditError, DatabaseError):
        server.audit.append(AuditEvent("stop"))
        use_cases.changes.note_head()
    counts = server.metrics.counts()
    say("serve.stopped", answered=counts.ok_count, refused=counts.other_count)


def _verified(database: EnrollmentDatabase, say: Callable[..., None]) -> VerifyReport:
    """What holds of an index that equals the store. Raises DatabaseDamagedError where not even a new one does."""
    say("serve.verifying")
    report = database.verify(thorough=False)
    if report.ok:
        return report
    say("serve.rebuilding")
    database.rebuild()
    say("serve.verifying")
    report = database.verify(thorough=False)
    if not report.ok:
        raise DatabaseDamagedError(
            f"the index differs from the store even after it was rebuilt ({'; '.join(report.problems)}); "
            "run: station-matcher doctor"
        )
    return report


def _say_compiling(health: HealthReport, say: Callable[..., None]) -> None:
    health.progress = "compile 0/1"
    say("serve.compiling")


def _say_face_engine(say: Callable[..., None], engine: FaceEngine, reference_count: int) -> None:
    """At the first search, and whenever a gallery outgrew an engine or shrank to it."""
    say(f"serve.face_engine_{engine.value}", references=reference_count)


@contextlib.contextmanager
def _start_taken_for_permanent() -> Iterator[None]:
    """The garbage collector passes over what is in memory now: importing and compiling leave 130,000 objects, and each
    full collection would walk over them for 100 ms while every other thread waits for the interpreter."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def _tell_encryption(database: EnrollmentDatabase, settings: Settings, say: Callable[..., None]) -> None:
    """What somebody who thinks of it as a matter of course should know."""
    if not database.is_encrypted and settings.storage.encrypt != "never":
        say("serve.not_encrypted")


def _tell_set_aside(
    database: EnrollmentDatabase, ids: tuple[int, ...], health: HealthReport, say: Callable[..., None]
) -> None:
    """Damaged references: now in the log, from now on in the health answer."""
    if ids:
        named = ", ".join(map(str, ids[:_NAMED_COUNT])) + (", …" if len(ids) > _NAMED_COUNT else "")
        say("serve.set_aside", count=len(ids), ids=named)
    health.count_set_aside = lambda: len(database.references_set_aside())


def _tell_not_searched(
    database: EnrollmentDatabase, loaded: LoadedPacks, health: HealthReport, say: Callable[..., None]
) -> None:
    """References of packs that are not loaded: now in the log, from now on in the health answer."""
    for held in not_searched(database, loaded):
        say("serve.not_searched", count=held.reference_count, pack=held.pack_id)
    health.count_not_searched = lambda: sum(held.reference_count for held in not_searched(database, loaded))


class _StoppedEarlyError(Exception):
    """Told to stop before it answered."""


def _go_on(stop: threading.Event) -> None:
    if stop.is_set():
        raise _StoppedEarlyError


class _Progress:
    """Says where opening the database stands: in the health answer, and of a large one in the log, every tenth. A start
    that takes minutes ends here when it is told to, between two steps, of which what they made in memory is lost."""

    def __init__(self, say: Callable[..., None], health: HealthReport, stop: threading.Event) -> None:
        self._stop = stop
        self._say = say
        self._health = health
        self._told: tuple[str, int] = ("", -1)

    def __call__(self, progress: OpenProgress) -> None:
        if progress.stage != "encrypt":  # in the middle of a transaction
            _go_on(self._stop)
        self._health.progress = f"{progress.stage} {progress.done_count}/{progress.total_count}"
        tenth = 10 * progress.done_count // max(progress.total_count, 1)
        if (progress.stage, tenth) != self._told and progress.total_count >= 10_000:
            self._told = (progress.stage, tenth)
            self._say("serve.opening", stage=progress.stage, done=progress.done_count, total=progress.total_count)


def _say_packs(loaded: LoadedPacks, say: Callable[..., None]) -> None:
    """Raises PackNotReadyError where there are none."""
    for pack in loaded.packs:
        say("serve.pack", pack=pack.pack_id)
        if not pack.is_operational:
            say("serve.not_operational", pack=pack.pack_id)
        if pack.pack_id in loaded.site_calibrated:
            own = loaded.calibrations[pack.pack_id]
            say(
                "serve.site_calibration",
                pack=pack.pack_id,
                measured_score=own.measured_score,
                count=own.non_mated_count,
            )
    for modality, reason in loaded.missing.items():
        say(f"serve.no_{modality.value}", reason=reason)
    if not loaded.packs:
        raise PackNotReadyError(told("serve.nothing"))


def _stop_on_signals(stop: threading.Event) -> None:
    if threading.current_thread() is not threading.main_thread():
        return
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stop.set())
