"""Strangers to Python compile the contract from a bare checkout; a client in JavaScript calls a running server.

Node's packages are installed by `make node` into build/node, from the lock beside this file. Without Node or without a
registry that can be reached these tests are skipped with the reason; with CI=true Node must be there.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any, NoReturn

import pytest

from tests.corpus.replay import FINGERPRINT_PACK, listening, loaded_packs, settings_for

CHECKOUT = Path(__file__).resolve().parents[2]
NODE_FOLDER = CHECKOUT / "build" / "node"
CLIENT = Path(__file__).with_name("client.mjs")
PRINTS = CHECKOUT / "tests" / "corpus" / "prints"
PROTOS = sorted(path.relative_to(CHECKOUT) for path in (CHECKOUT / "protos").rglob("*.proto"))
# What npm says where the registry cannot be reached, as opposed to a lock that is wrong.
UNREACHABLE = ("ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ECONNRESET", "ETIMEDOUT", "ENETUNREACH", "E403", "E503")
JAVA_FOLDER = Path("/usr/share/java")
INSTALL_LIMIT_S = 180.0
CALLS_LIMIT_S = 240.0


def _absent(what: str) -> NoReturn:
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what} is not installed here")
    pytest.skip(f"{what} is not installed here")


@pytest.fixture(scope="session")
def node_folder() -> Path:
    """Where the packages of package-lock.json are installed."""
    for tool in ("node", "npm", "make"):
        if shutil.which(tool) is None:
            _absent(tool)
    try:
        made = subprocess.run(
            ["make", "node"], cwd=CHECKOUT, capture_output=True, text=True, timeout=INSTALL_LIMIT_S, check=False
        )
    except subprocess.TimeoutExpired:
        pytest.skip(f"npm did not install its packages within {INSTALL_LIMIT_S:.0f} s")
    if made.returncode and any(word in made.stdout + made.stderr for word in UNREACHABLE):
        pytest.skip("the npm registry cannot be reached")
    assert made.returncode == 0, made.stdout + made.stderr
    return NODE_FOLDER


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """The .proto files of a checkout and nothing else."""
    for proto in PROTOS:
        target = tmp_path / "bare" / proto
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(CHECKOUT / proto, target)
    shutil.copy(CHECKOUT / "protos" / "buf.yaml", tmp_path / "bare" / "protos")
    return tmp_path / "bare"


def run(*command: str | Path, cwd: Path, limit_s: float = 60.0) -> str:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=limit_s, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("csharp", {"MatchingService.cs", "EnrollmentService.cs", "ServerService.cs", "ErrorReason.cs", "Sample.cs"}),
        ("java", {"IdentifyRequest.java", "ItemError.java", "ServerInfoResponse.java", "Subject.java"}),
    ],
)
def test_protoc_makes_code_of_other_languages(bare: Path, language: str, expected: set[str]) -> None:
    protoc = shutil.which("protoc", path=os.pathsep.join([str(CHECKOUT / ".venv" / "bin"), os.environ["PATH"]]))
    if protoc is None:
        _absent("protoc")
    output = bare / "made"
    output.mkdir()
    run(protoc, "-I.", f"--{language}_out={output}", *PROTOS, cwd=bare)
    made = {path.name: path.read_text(encoding="utf-8") for path in output.rglob("*") if path.is_file()}
    assert expected <= made.keys()
    own_name = {"csharp": "namespace StationMatcher.Biometrics.V1", "java": "package stationmatcher.biometrics.v1;"}
    assert all(own_name[language] in text for text in made.values())


@pytest.mark.soak
def test_what_is_made_for_java_compiles_with_its_stubs(bare: Path) -> None:
    """With Debian's protobuf and gRPC, or the jars of CLASSPATH; docs/service.md names the packages."""
    protoc, javac, plugin = (shutil.which(tool) for tool in ("protoc", "javac", "grpc_java_plugin"))
    jars = os.environ.get("CLASSPATH") or os.pathsep.join(map(str, sorted(JAVA_FOLDER.glob("*.jar"))))
    if not (protoc and javac and plugin) or "grpc-stub" not in jars:
        pytest.skip("protoc, javac, grpc_java_plugin or the jars of gRPC are not installed here")
    (bare / "made").mkdir()
    outputs = ("--java_out=made", f"--plugin=protoc-gen-grpc-java={plugin}", "--grpc-java_out=made")
    run(protoc, "-I.", "-I/usr/include", *outputs, *PROTOS, cwd=bare)
    sources = sorted((bare / "made").rglob("*.java"))
    run(javac, "-nowarn", "-cp", jars, "-d", "classes", *sources, cwd=bare, limit_s=300.0)
    stubs = {path.stem for path in (bare / "classes").rglob("*Grpc.class")}
    assert stubs == {path.stem.title().replace("_", "") + "Grpc" for path in PROTOS if path.stem.endswith("_service")}


def test_node_makes_types_of_a_bare_checkout(bare: Path, node_folder: Path) -> None:
    maker = node_folder / "node_modules" / ".bin" / "proto-loader-gen-types"
    run(maker, "--includeDirs=.", "--outDir=made", "--grpcLib=@grpc/grpc-js", *PROTOS, cwd=bare)
    made = {path.stem for path in (bare / "made").rglob("*.ts")}
    assert {"MatchingService", "IdentifyRequest", "ItemError", "ServerInfoResponse"} <= made


def test_buf_builds_and_lints_a_bare_checkout(bare: Path, node_folder: Path) -> None:
    buf = node_folder / "node_modules" / ".bin" / "buf"
    run(buf, "build", ".", "--config", "protos/buf.yaml", "-o", "made.binpb", cwd=bare)
    assert run(buf, "lint", ".", "--config", "protos/buf.yaml", cwd=bare) == ""


def test_buf_finds_nothing_that_breaks_clients_of_the_last_version(bare: Path, node_folder: Path) -> None:
    buf = node_folder / "node_modules" / ".bin" / "buf"
    against = ("breaking", ".", "--config", "protos/buf.yaml", "--against", CHECKOUT / "protos" / "last_version.binpb")
    assert run(buf, *against, cwd=bare) == ""
    sample = bare / "protos" / "biometrics" / "v1" / "sample.proto"
    sample.write_text(sample.read_text(encoding="utf-8").replace("string case_number = 2;", "string case_number = 9;"))
    broken = subprocess.run([buf, *against], cwd=bare, capture_output=True, text=True, timeout=60, check=False)
    assert broken.returncode != 0
    assert "case_number" in broken.stdout


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Of a server with the packs that `station-matcher serve` has by itself."""
    settings = settings_for(tmp_path_factory.mktemp("clients"))
    with listening(settings, loaded_packs(settings)) as address:
        yield address


@pytest.fixture(scope="session")
def told(node_folder: Path, address: str) -> dict[str, Any]:
    """What the client in JavaScript was answered."""
    printed = run("node", CLIENT, CHECKOUT, address, PRINTS, cwd=node_folder, limit_s=CALLS_LIMIT_S)
    answers: dict[str, Any] = json.loads(printed)
    return answers


def test_javascript_asks_what_server_it_is(told: dict[str, Any]) -> None:
    assert told["info"]["softwareVersion"] == version("station-matcher")
    assert told["info"]["languages"] == ["vi", "en"]
    assert [pack.partition("@")[0] for pack in told["info"]["packs"]] == ["face-builtin", FINGERPRINT_PACK]


def test_javascript_sends_a_batch_and_reads_the_error_of_one_item(told: dict[str, Any]) -> None:
    one, bad, two = told["batch"]
    assert [answer["itemId"] for answer in (one, bad, two)] == ["one", "bad", "two"]
    assert [answer["outcome"] for answer in (one, bad, two)] == ["result", "error", "result"]
    assert (bad["error"]["code"], bad["error"]["reason"]) == (3, "ERROR_REASON_FIELD_INVALID")
    assert bad["error"]["language"] == "vi"
    assert bad["error"]["text"]
    assert [found["field"] for found in bad["error"]["fieldViolations"]] == ["enrollment.samples[0].modality"]


def test_javascript_identifies_and_gets_names_unharmed(told: dict[str, Any]) -> None:
    candidate = told["candidate"]
    assert candidate["displayName"] == "Nguyễn Thị Hồng Đào"
    assert candidate["externalId"] == "079000000001"
    explanation = candidate["sampleScores"][0]["explanation"]
    assert len(explanation["pairs"]) > 5
    paired = [one for one in explanation["probeMinutiae"] if one.get("pairIndex") is not None]
    assert len(paired) == len(explanation["pairs"]) < len(explanation["probeMinutiae"])
    assert {one["kind"] for one in paired} <= {"MINUTIA_KIND_RIDGE_ENDING", "MINUTIA_KIND_RIDGE_BIFURCATION"}


def test_javascript_reads_the_details_of_a_refusal(told: dict[str, Any]) -> None:
    refused = told["refused"]
    assert refused["code"] == 3
    assert refused["details"]["ErrorInfo"]["reason"] == "ERROR_REASON_FIELD_INVALID"
    assert refused["details"]["ErrorInfo"]["domain"] == "station-matcher"
    assert refused["details"]["ErrorInfo"]["metadata"]["call_id"] == refused["callId"] == "javascript-1"
    assert refused["details"]["LocalizedMessage"]["locale"] == "vi"
    (violation,) = refused["details"]["BadRequest"]["fieldViolations"]
    assert violation["field"] == "access.case_number"


def test_javascript_has_deadlines_and_takes_calls_back(told: dict[str, Any]) -> None:
    deadline_exceeded, cancelled = 4, 1
    assert (told["late"], told["takenBack"]) == (deadline_exceeded, cancelled)
    # Asked after both.
    assert told["listed"] == ["Nguyễn Thị Hồng Đào", ""]
