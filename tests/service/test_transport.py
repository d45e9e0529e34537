"""Where the server listens and to whom: loopback in the clear, TLS and mutual TLS by certificate files."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import threading
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import grpc
import pytest

from matcher.client import ClientTls, MatcherClient, ServiceError, unusable_files, why_unreachable
from matcher.config import ServerSettings, Settings, TlsSettings
from matcher.errors import ConfigError
from matcher.server.app import Server
from matcher.server.certificates import check_root, check_server_files, expires_soon
from matcher.server.transport import is_loopback
from matcher.texts.catalog import localized
from tests.fakes import InMemoryAudit


@dataclass(frozen=True)
class Certificates:
    """PEM files made for one test run. root signs server and station; stranger is signed by nobody known."""

    root: Path
    server: tuple[Path, Path]
    station: tuple[Path, Path]
    stranger: tuple[Path, Path]


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    folder = tmp_path_factory.mktemp("certificates")
    root, root_key = folder / "root.pem", folder / "root.key"
    _openssl("req", "-x509", "-subj", "/CN=test root", *_new_key(root_key), "-out", root, "-days", "2")

    def signed(name: str) -> tuple[Path, Path]:
        certificate, key, request = folder / f"{name}.pem", folder / f"{name}.key", folder / f"{name}.csr"
        _openssl("req", "-subj", f"/CN={name}", *_new_key(key), "-out", request)
        names = folder / "names.txt"
        names.write_text("subjectAltName=DNS:localhost,IP:127.0.0.1")
        _openssl(
            "x509", "-req", "-in", request, "-CA", root, "-CAkey", root_key, "-CAcreateserial", "-days", "2",
            "-extfile", names, "-out", certificate,
        )  # fmt: skip
        return certificate, key

    stranger = folder / "stranger.pem", folder / "stranger.key"
    _openssl("req", "-x509", "-subj", "/CN=stranger", *_new_key(stranger[1]), "-out", stranger[0], "-days", "2")
    return Certificates(root, signed("server"), signed("station-3"), stranger)


def _new_key(path: Path) -> tuple[object, ...]:
    return "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", path


def _openssl(*arguments: object) -> None:
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


def _hang_up(listening: socket.socket) -> None:
    connection, _ = listening.accept()
    connection.close()


def start(address: str, tls: TlsSettings, audit: InMemoryAudit | None = None) -> Server:
    settings = replace(Settings(), server=ServerSettings(address=address, drain_s=1.0), tls=tls)
    server = Server(settings, audit or InMemoryAudit())
    try:
        server.start()
    except BaseException:
        server.stop()
        raise
    return server


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("127.0.0.1:50551", True),
        ("127.8.9.1:1", True),
        ("[::1]:50551", True),
        ("localhost:50551", True),
        ("0.0.0.0:50551", False),
        ("[::]:50551", False),
        ("192.0.2.7:50551", False),
        ("localhost.example:50551", False),
    ],
)
def test_loopback_is_known_by_its_address(address: str, expected: bool) -> None:
    assert is_loopback(address) is expected


@pytest.mark.parametrize(
    "address",
    ["0.0.0.0:0", "[::]:0", "example.org:0", "127.0.0.1", "", "127.0.0.1:x", "127.0.0.1:99999", "127.0.0.1:²"],
)
def test_without_tls_any_other_address_is_refused(address: str) -> None:
    with pytest.raises(ConfigError):
        start(address, TlsSettings())


def test_under_tls_a_client_that_knows_the_root_is_served(certificates: Certificates) -> None:
    server = start("127.0.0.1:0", TlsSettings(*certificates.server))
    try:
        with MatcherClient(server.address, tls=ClientTls(certificates.root)) as client:
            with pytest.raises(ServiceError) as refusal:
                client.get_subject("nobody")
            assert refusal.value.reason == "ERROR_REASON_NOT_SERVING"
        with MatcherClient(server.address) as in_the_clear, pytest.raises(ServiceError) as refusal:
            in_the_clear.get_subject("nobody")
        assert not refusal.value.reason
        with MatcherClient(server.address, tls=ClientTls(certificates.stranger[0])) as distrusting:
            with pytest.raises(ServiceError) as refusal:
                distrusting.get_subject("nobody")
            assert not refusal.value.reason
    finally:
        server.stop()


def test_under_tls_any_address_is_allowed(certificates: Certificates) -> None:
    server = start("0.0.0.0:0", TlsSettings(*certificates.server))
    assert server.port > 0
    server.stop()


def test_under_mutual_tls_the_station_is_known_by_its_certificate(certificates: Certificates) -> None:
    audit = InMemoryAudit()
    server = start("127.0.0.1:0", TlsSettings(*certificates.server, client_root=certificates.root), audit)
    try:
        with MatcherClient(server.address, tls=ClientTls(certificates.root, *certificates.station)) as station:
            with pytest.raises(ServiceError) as refusal:
                station.get_subject("nobody")
            assert refusal.value.reason == "ERROR_REASON_NOT_SERVING"
        assert audit.events[0].peer.startswith("station-3 ")
        for tls in (ClientTls(certificates.root), ClientTls(certificates.root, *certificates.stranger)):
            with MatcherClient(server.address, tls=tls, timeout_s=5.0) as refused:
                with pytest.raises(ServiceError) as refusal:
                    refused.get_subject("nobody")
                assert not refusal.value.reason
        assert len(audit.events) == 1
    finally:
        server.stop()


def test_under_mutual_tls_the_server_s_own_certificate_is_no_station_s(certificates: Certificates) -> None:
    """The same root signed it, and so the handshake accepts it."""
    audit = InMemoryAudit()
    server = start("127.0.0.1:0", TlsSettings(*certificates.server, client_root=certificates.root), audit)
    try:
        tls = ClientTls(certificates.root, *certificates.server)
        with MatcherClient(server.address, tls=tls, timeout_s=5.0) as thief:
            with pytest.raises(ServiceError) as refusal:
                thief.get_subject("nobody")
            assert (refusal.value.code, refusal.value.reason) == ("UNAUTHENTICATED", "ERROR_REASON_UNAUTHENTICATED")
            with pytest.raises(grpc.RpcError) as failure:
                list(thief.enrollment.BatchEnroll(iter([])))
            assert failure.value.code() is grpc.StatusCode.UNAUTHENTICATED
        assert [(event.outcome, event.reason) for event in audit.events] == [("refused", "UnauthenticatedError")] * 2
    finally:
        server.stop()


def test_a_port_that_is_none_is_refused_under_tls_too(certificates: Certificates) -> None:
    with pytest.raises(ConfigError, match="65535"):
        start("0.0.0.0:99999", TlsSettings(*certificates.server))


def test_a_certificate_that_cannot_be_used_is_said_by_setting_and_without_its_path(
    certificates: Certificates, tmp_path: Path
) -> None:
    absent = TlsSettings(tmp_path / "absent.pem", certificates.server[1])
    with pytest.raises(ConfigError, match=r"tls\.certificate: there is no such file") as refusal:
        start("127.0.0.1:0", absent)
    assert str(tmp_path) not in str(refusal.value)
    not_pem = tmp_path / "not.pem"
    not_pem.write_text("nothing")
    with pytest.raises(ConfigError, match="not a PEM file"):
        start("127.0.0.1:0", TlsSettings(not_pem, certificates.server[1]))
    other_key = TlsSettings(certificates.server[0], certificates.station[1])
    with pytest.raises(ConfigError, match=r"tls\.key is not the key of tls\.certificate"):
        start("127.0.0.1:0", other_key)
    with pytest.raises(ConfigError, match="names no host"):
        start("127.0.0.1:0", TlsSettings(*certificates.stranger))
    (tmp_path / "empty.pem").write_text("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n")
    for setting, tls in {
        "tls.certificate": TlsSettings(tmp_path / "empty.pem", certificates.server[1]),
        "tls.key": TlsSettings(certificates.server[0], tmp_path / "empty.pem"),
        "tls.client_root": TlsSettings(*certificates.server, client_root=tmp_path / "empty.pem"),
    }.items():
        with pytest.raises(ConfigError, match=re.escape(setting)):
            start("127.0.0.1:0", tls)
    with pytest.raises(ConfigError, match=r"tls\.key cannot be read: Is a directory"):
        start("127.0.0.1:0", TlsSettings(certificates.server[0], tmp_path))
    locked = tmp_path / "locked.key"
    _openssl("ec", "-in", certificates.server[1], "-aes256", "-passout", "pass:secret", "-out", locked)
    with pytest.raises(ConfigError, match="passphrase"):
        start("127.0.0.1:0", TlsSettings(certificates.server[0], locked))


def test_a_certificate_outside_its_time_is_refused_and_one_near_its_end_spoken_of(certificates: Certificates) -> None:
    content = [path.read_bytes() for path in certificates.server]
    for days, said in ((-2, "valid only from"), (5, "expired on")):
        with pytest.raises(ConfigError, match=said):
            check_server_files(content[0], content[1], now=datetime.now(UTC) + timedelta(days=days))
    with pytest.raises(ConfigError, match=r"tls\.client_root expired"):
        check_root(certificates.root.read_bytes(), now=datetime.now(UTC) + timedelta(days=5))
    assert expires_soon(certificates.server[0])
    assert not expires_soon(certificates.server[0], now=datetime.now(UTC) - timedelta(days=60))


def test_why_a_server_cannot_listen_is_said(certificates: Certificates) -> None:
    server = start("127.0.0.1:0", TlsSettings())
    try:
        for tls in (TlsSettings(), TlsSettings(*certificates.server)):
            with pytest.raises(ConfigError, match=f"port {server.port} is in use") as refusal:
                start(server.address, tls)
            assert f"cổng {server.port} đang được" in localized(refusal.value, "vi")
    finally:
        server.stop()
    with pytest.raises(ConfigError, match=r"192\.0\.2\.1 is no address of this machine"):
        start("192.0.2.1:0", TlsSettings(*certificates.server))
    with pytest.raises(ConfigError, match=r"the name no-such\.invalid is not known"):
        start("no-such.invalid:0", TlsSettings(*certificates.server))


def test_why_a_server_is_not_reached_is_said_step_by_step(certificates: Certificates, tmp_path: Path) -> None:
    known, strange = ClientTls(certificates.root), ClientTls(certificates.stranger[0])
    assert why_unreachable("127.0.0.1:1", None).code == "reach.refused"
    assert why_unreachable("no-such.invalid:1", None).code == "reach.unknown_name"
    with socket.create_server(("127.0.0.1", 0)) as silent:
        threading.Thread(target=_hang_up, args=(silent,), daemon=True).start()
        assert why_unreachable(f"127.0.0.1:{silent.getsockname()[1]}", None).code == "reach.no_answer"
    server = start("127.0.0.1:0", TlsSettings(*certificates.server))
    try:
        assert why_unreachable(server.address, None).code == "reach.wants_tls"
        assert why_unreachable(server.address, strange).code == "reach.unknown_root"
        other_name = replace(known, server_name="elsewhere.example")
        assert why_unreachable(server.address, other_name).code == "reach.wrong_name"
    finally:
        server.stop()
    server = start("127.0.0.1:0", TlsSettings())
    try:
        assert why_unreachable(server.address, known).code == "reach.speaks_plain"
    finally:
        server.stop()
    server = start("127.0.0.1:0", TlsSettings(*certificates.server, client_root=certificates.root))
    try:
        assert why_unreachable(server.address, known).code == "reach.wants_certificate"
        refused = ClientTls(certificates.root, *certificates.stranger)
        assert why_unreachable(server.address, refused).code == "reach.refuses_certificate"
    finally:
        server.stop()


def test_files_that_a_client_cannot_use_are_said_before_anything_is_sent(
    certificates: Certificates, tmp_path: Path
) -> None:
    (tmp_path / "text").write_text("nothing")
    found = {
        "reach.file": ClientTls(tmp_path / "absent"),
        "reach.root_not_usable": ClientTls(tmp_path / "text"),
        "reach.files_not_usable": ClientTls(certificates.root, certificates.server[0], certificates.station[1]),
    }
    for code, tls in found.items():
        why = unusable_files(tls)
        assert why is not None
        assert why.code == code
    assert unusable_files(ClientTls(certificates.root, *certificates.station)) is None
