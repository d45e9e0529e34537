"""The search of fingers against the size of the gallery: what is computed, and what the report shows of it."""

from __future__ import annotations

import json
from pathlib import Path

from benchmarks.__main__ import main
from benchmarks.report_tables import growth_table


def of_size(fingers: int, *, votes_ms: float, search_ms: float) -> dict[str, object]:
    return {
        "fingers": fingers,
        "votes_p50_ms": votes_ms,
        "p50_processor_ms": search_ms,
        "exhaustive_ms": 0.0125 * fingers,
        "flat_knn_ms": 0.02 * fingers,
        "resident_bytes_a_finger": 1500.0,
        "vector_bytes_a_finger": 11_000.0,
        "loss_at_most": 0.3,
        "loss_interval": [0.1, 0.9],
    }


def test_ten_million_is_computed_from_the_largest_that_was_measured(tmp_path: Path) -> None:
    results = {
        "larger": of_size(100_000, votes_ms=4.0, search_ms=14.0),
        "smaller": of_size(10_000, votes_ms=3.0, search_ms=13.0),
        "of something else": {"fingers": 5},
        "machine": {"python": "3"},
    }
    (tmp_path / "in.json").write_text(json.dumps(results), encoding="utf-8")
    plot = tmp_path / "growth.png"
    out = ("--json", str(tmp_path / "out.json"))
    assert main(["growth", "--results", str(tmp_path / "in.json"), "--plot", str(plot), *out]) == 0
    found = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    assert [(one["fingers"], one["is_computed"]) for one in found["points"]] == [
        (10_000, False),
        (100_000, False),
        (10_000_000, True),
    ]
    # A hundred times as much is read; what is compared afterwards stays.
    assert found["points"][-1]["search_ms"] == 14.0 + 99 * 4.0
    assert found["points"][-1]["loss_at_most"] is None
    assert all(Path(picture).stat().st_size > 1000 for picture in found["plots"])
    shown = growth_table(found)
    assert "| 10,000,000, computed | 410 | 400 |" in shown
    assert "0.30 (0.10–0.90)" in shown


def test_without_measurements_nothing_is_drawn(tmp_path: Path) -> None:
    (tmp_path / "in.json").write_text("{}", encoding="utf-8")
    assert main(["growth", "--results", str(tmp_path / "in.json"), "--plot", str(tmp_path / "growth.png")]) == 1
    assert not (tmp_path / "growth.png").exists()
