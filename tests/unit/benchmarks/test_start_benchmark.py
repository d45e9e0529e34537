"""The start benchmark at a small size: a real database and real server processes."""

import json

from benchmarks.__main__ import main


def test_a_server_starts_from_its_index_files_and_from_the_store_alone(tmp_path):
    arguments = ["--faces", "8", "--fingers", "20", "--work", str(tmp_path), "--json", str(tmp_path / "start.json")]
    assert main(["start", *arguments]) == 0
    found = json.loads((tmp_path / "start.json").read_text())
    assert (found["faces"], found["fingers"]) == (8, 20)
    assert found["store_bytes"] > 8 * 384 * 4
    assert min(found["from_cache_s"], found["from_store_s"]) > 0
    assert list(tmp_path.iterdir()) == [tmp_path / "start.json"]
