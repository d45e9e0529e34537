"""python -m tests.corpus.record [generated] [shared]: record today's answers. README.md says when that is right."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

import cv2
from cv2 import version as cv2_version
from rich.console import Console
from rich.progress import Progress

from benchmarks.processor import processor_class
from tests.corpus import generated, shared
from tests.corpus.comparison import OTHER_MACHINE, SAME_MACHINE, Tolerances, differences
from tests.corpus.replay import Answer, replay

RECORDS_FOLDER = Path(__file__).with_name("records")
CORPORA = {corpus.name: corpus for corpus in (generated.CORPUS, shared.CORPUS)}
MADE_WITH = ("numpy", "onnxruntime", "pillow", "insightface", "numba", "faiss-cpu")


def record_path(name: str) -> Path:
    return RECORDS_FOLDER / f"{name}.json"


def read_record(name: str) -> dict[str, Any]:
    """made_with: versions and processor; answers: one a question."""
    record: dict[str, Any] = json.loads(record_path(name).read_text(encoding="utf-8"))
    return record


def made_here() -> dict[str, str]:
    """Processor and libraries that answers depend on."""
    # opencv-python and opencv-python-headless are the same code; one of them is here.
    opencv = {"opencv-python": cv2_version.opencv_version}
    return {"processor": processor_class(), **{package: version(package) for package in MADE_WITH}, **opencv}


def tolerances(name: str) -> Tolerances:
    """Those of the machine that this is: the recording one, or another."""
    return SAME_MACHINE if read_record(name)["made_with"] == made_here() else OTHER_MACHINE


def write_record(name: str, answers: list[Answer]) -> None:
    """One line per answer, so that a commit shows which ones changed."""
    lines = ",\n".join(json.dumps(answer, separators=(",", ":")) for answer in answers)
    content = f'{{"made_with":{json.dumps(made_here())},\n"answers":[\n{lines}\n]}}\n'
    RECORDS_FOLDER.mkdir(exist_ok=True)
    record_path(name).write_text(content, encoding="utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpora", nargs="*", choices=[[], *CORPORA], help="which; all whose images are here")
    parser.add_argument("--dry-run", action="store_true", help="say what would change, and record nothing")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    changed = 0
    for name in options.corpora or CORPORA:
        if name == shared.CORPUS.name and not shared.is_present():
            print("shared: ../shared/data is not here; its record stays as it is", file=sys.stderr)
            continue
        with tempfile.TemporaryDirectory() as folder, Progress(console=Console(stderr=True)) as progress:
            task = progress.add_task(name, total=None)
            answers = replay(
                CORPORA[name],
                Path(folder),
                report=lambda done, total, task=task: progress.update(task, completed=done, total=total),  # type: ignore[misc]
            )
        found = differences(read_record(name)["answers"], answers) if record_path(name).exists() else ["no record yet"]
        print(f"{name}: {len(answers)} answers, {len(found)} differences", *found[:40], sep="\n    ")
        changed += len(found)
        if not options.dry_run:
            write_record(name, answers)
    return 1 if options.dry_run and changed else 0


if __name__ == "__main__":
    raise SystemExit(main())
