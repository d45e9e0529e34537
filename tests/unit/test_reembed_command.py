"""station-matcher reembed compare, as an administrator types it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from index.database import EnrollmentDatabase
from index.records import Modality, NewReference, Subject
from matcher.__main__ import main
from matcher.audit.log import FileAuditLog
from matcher.audit.records import AuditEvent
from matcher.commands import reembed
from matcher.extraction.engines import Engines
from matcher.packs.store import MANIFESTS_FOLDER, PackStore
from matcher.samples import EncodedSample
from tests.fakes import FakeFaceEngine, FakeFingerprintEngine, face, finger

COMPARE = ["--lang", "en", "reembed", "compare"]
WHY = ["--operator", "operator-7", "--case", "case-12", "--purpose", "the next pack"]


def enroll_with_both(
    database: EnrollmentDatabase, engines: tuple[Engines, ...], number: int, sample: EncodedSample
) -> None:
    used, following = (NewReference(one.extract(sample).template, 80.0, sample_sha256=str(number)) for one in engines)
    (original,) = database.enroll(Subject("", str(number // 2)), [used]).reference_ids
    database.add_counterparts(following.template.pack_id, [(original, following)])


@pytest.fixture
def data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two subjects with two faces each, of both packs."""
    folder = tmp_path / "data"
    monkeypatch.setenv("STATION_MATCHER_STORAGE_DATA_FOLDER", str(folder))
    monkeypatch.setenv("STATION_MATCHER_PACKS_FACE", "face-builtin")
    packs = [PackStore(tmp_path).manifest(name) for name in ("face-builtin", "face-open")]
    engines = tuple(Engines(FakeFaceEngine(pack_id=pack.pack_id, dim=pack.dim), None) for pack in packs)
    with EnrollmentDatabase.open(folder) as database, FileAuditLog(folder / "audit.jsonl") as audit:
        for number in range(4):
            enroll_with_both(database, engines, number, face(number // 2, impression=number % 2))
        audit.append(AuditEvent("enroll"))
        database.settle(log_head=audit.checkpoint().text, at_once=True)
    return folder


def recorded(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / "audit.jsonl").read_text().splitlines()]


def test_a_comparison_is_on_record_with_who_when_and_why(data_folder: Path, capsys) -> None:
    assert main([*COMPARE, "--pack", "face-open", "--json", *WHY]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["probe_count"] == 4
    record = recorded(data_folder)[-1]
    assert (record["action"], record["outcome"]) == ("compare_packs", "ok")
    assert (record["operator_id"], record["case_number"], record["purpose"]) == (
        "operator-7",
        "case-12",
        "the next pack",
    )
    assert record["reference_ids"] == list(range(1, 9))
    assert main([*COMPARE, "--pack", "face-open", *WHY]) == 0
    assert "higher in 0 searches and lower in 0. Audit record: " in capsys.readouterr().out


@pytest.mark.parametrize("left_out", ["--operator", "--case", "--purpose"])
def test_who_does_not_say_why_compares_nothing(data_folder: Path, capsys, left_out: str) -> None:
    place = WHY.index(left_out)
    with pytest.raises(SystemExit, match="2"):
        main([*COMPARE, "--pack", "face-open", *WHY[:place], *WHY[place + 2 :]])
    assert left_out in capsys.readouterr().err
    assert main([*COMPARE, "--pack", "face-open", *WHY[: place + 1], " ", *WHY[place + 2 :]]) == 1
    assert capsys.readouterr().out == ""
    assert recorded(data_folder)[-1]["outcome"] == "refused"


def test_without_its_record_a_comparison_prints_no_figure(data_folder: Path, capsys, monkeypatch) -> None:
    # The log lost what the store knows of it.
    (data_folder / "audit.jsonl").unlink()
    assert main([*COMPARE, "--pack", "face-open", *WHY]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert "audit" in said.err


def test_one_pack_is_held_against_no_other(data_folder: Path, capsys) -> None:
    assert main([*COMPARE, "--pack", "face-builtin", *WHY]) == 2
    assert "face-open" in capsys.readouterr().err
    assert main([*COMPARE, "--pack", "leader", *WHY]) == 2
    assert "no other pack of its kind" in capsys.readouterr().err
    assert main(["--lang", "vi", *COMPARE[2:], "--pack", "leader", *WHY]) == 2
    assert "không có gói nào khác cùng loại" in capsys.readouterr().err
    assert len(recorded(data_folder)) == 1


def test_a_next_fingerprint_pack_is_compared_too(data_folder: Path, tmp_path: Path, capsys, monkeypatch) -> None:
    """Of this version there is one; the next may bring another."""
    manifests = tmp_path / "manifests"
    shutil.copytree(MANIFESTS_FOLDER, manifests)
    leader = (manifests / "leader.toml").read_text()
    (manifests / "leader-two.toml").write_text(leader.replace('name = "leader"', 'name = "leader-two"'))
    store = PackStore(tmp_path, manifests_folder=manifests)
    monkeypatch.setattr(reembed, "pack_store", lambda _: store)
    packs = [store.manifest(name).pack_id for name in ("leader", "leader-two")]
    engines = tuple(Engines(None, FakeFingerprintEngine(pack_id=pack_id)) for pack_id in packs)
    with EnrollmentDatabase.open(data_folder) as database:
        for number in range(4):
            enroll_with_both(database, engines, number, finger(number // 2, impression=number % 2))
        assert len(database.allowed_reference_ids(Modality.FINGERPRINT, packs[1])) == 4
    assert main([*COMPARE, "--pack", "leader-two", "--json", *WHY]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["probe_count"] == 4
    assert [one["pack"] for one in said["packs"]] == packs
