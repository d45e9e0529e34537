"""BENCHMARKS.md and BENCHMARKS.json: every measurement that this machine has the images and packs for.

Each section runs the command that its heading names, so that any figure can be had again alone. What cannot be
measured here is said to be missing, with the reason.
"""

import argparse
import json
import platform
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from benchmarks.__main__ import main
from benchmarks.processor import processor_class
from benchmarks.report_tables import (
    calibration_table,
    descriptor_table,
    distractor_table,
    exact_search_table,
    growth_table,
    identification_table,
    quality_table,
    search_table,
    speed_table,
    verification_table,
)

# Commands that write one file, by --json; the others write a folder, by --out.
JSON_COMMANDS = ("encryption", "growth", "search", "speed", "start")
ROOT = Path(__file__).resolve().parent.parent
FINGERPRINT_SETS = (
    *("fvc2002_db1_b", "fvc2002_db2_b", "fvc2002_db3_b", "fvc2002_db4_b"),
    *("fvc2004_db1_b", "fvc2004_db3_b"),
)
# One volunteer gave this finger to two of the sets: all 64 pairs across them are plainly mated.
SAME_FINGER = ("--same", "fvc2004_db3_b/102=fvc2002_db3_b/108")
SIZES = ("10000", "100000", "4000000")
SIZES_PLOT = "docs/pictures/search-sizes.png"
GROWTH_PLOT = "docs/pictures/finger-growth.png"
STATED_PLOT = "docs/pictures/stated-scores.png"
MEASURED_WITH = ("numpy", "onnxruntime", "faiss-cpu", "opencv-python", "numba")

INTRODUCTION = (
    "Written by `make bench`. Error rates are in %, intervals at 95 %: bootstrap over fingers or persons, never "
    "narrower than Wilson's (that of a mean: bootstrap alone). A sample without a template counts as a non-match. "
    "These image sets were at hand while the engines were made, so they may flatter them; what was chosen on them is "
    "said in `docs/`. Speed is a ratio to a fixed piece of work in the same run, in processor time of one thread; "
    "milliseconds belong to one machine alone."
)


@dataclass(frozen=True, slots=True)
class Section:
    """arguments: of the command, without --out. needs: folders without which it is left out. file: its JSON."""

    name: str
    title: str
    arguments: tuple[str, ...]
    needs: tuple[Path, ...]
    file: str
    table: Callable[[dict], str]  # type: ignore[type-arg]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data-root", type=Path, default=ROOT.parent / "shared" / "data", metavar="DIR")
    parser.add_argument("--out", type=Path, default=ROOT, metavar="DIR", help="where BENCHMARKS.md and .json go")
    parser.add_argument("--only", nargs="+", default=None, metavar="SECTION", help="keep the others as they are")
    parser.add_argument("--search-size", type=int, default=1_000_000, metavar="N")


def run(args: argparse.Namespace) -> int:
    sections = planned(args.data_root, search_size=args.search_size)
    unknown = set(args.only or ()) - {section.name for section in sections}
    if unknown:
        print(f"error: no section {', '.join(sorted(unknown))}", file=sys.stderr)
        return 2
    args.out.mkdir(parents=True, exist_ok=True)
    json_path = args.out / "BENCHMARKS.json"
    results = json.loads(json_path.read_text(encoding="utf-8")) if args.only and json_path.is_file() else {}
    failed = False
    for section in sections:
        if args.only and section.name not in args.only:
            continue
        results[section.name] = {**measured(section), "measured_on": machine()}
        failed |= "error" in results[section.name]
        # Each time: a section may draw what earlier ones measured, and what fails late loses nothing.
        json_path.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    # Of the sections that stay, the machine stays too.
    results.setdefault("machine", machine())
    json_path.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    (args.out / "BENCHMARKS.md").write_text(markdown(sections, results), encoding="utf-8")
    print(f"wrote {args.out / 'BENCHMARKS.md'} and {json_path.name}")
    return 1 if failed else 0


def planned(root: Path, *, search_size: int) -> tuple[Section, ...]:
    """All sections in the order of the report."""
    prints = tuple(root / "fingerprints" / name for name in FINGERPRINT_SETS)
    orl, lfw = root / "faces" / "orl", root / "faces" / "lfw_dev"

    def data(folders: tuple[Path, ...]) -> tuple[str, ...]:
        return ("--data", *(str(folder) for folder in folders))

    fingers = ("--modality", "fingerprint", *data(prints))
    faces = ("--modality", "face", "--pack", "face-open", *data((orl, lfw)))
    built_in = ("--modality", "face", "--pack", "face-builtin")
    unseen = (*built_in, "--held-out", *data((lfw,)))
    searched = ("identification", *fingers, *SAME_FINGER)
    return (
        Section("fingerprint_verification", "Fingerprints, one to one", ("verification", *fingers), prints,
                "report.json", verification_table),
        Section("fingerprint_identification", "Fingerprints, one to many", searched, prints,
                "report.json", identification_table),
        Section("fingerprint_identification_10k", "Fingerprints among 10,000 generated strangers",
                (*searched, "--distractors", "10000"), prints, "report.json", identification_table),
        Section("fingerprint_identification_100k", "Fingerprints among 100,000 generated strangers",
                (*searched, "--distractors", "100000"), prints, "report.json", identification_table),
        Section("fingerprint_search_10k", "Search of fingers among 10,000: time, memory, and what it loses",
                ("fingers", *data(prints), *SAME_FINGER, "--fingers", "10000", "--pieces"), prints,
                "report.json", descriptor_table),
        Section("fingerprint_search_100k", "Search of fingers among 100,000: time, memory, and what it loses",
                ("fingers", *data(prints), *SAME_FINGER, "--fingers", "100000", "--pieces"), prints,
                "report.json", descriptor_table),
        Section("fingerprint_search_1m", "Search of fingers among 1,000,000: time, memory, and what it loses",
                ("fingers", *data(prints), *SAME_FINGER, "--fingers", "1000000", "--pieces"), prints,
                "report.json", descriptor_table),
        Section("fingerprint_growth", "Search of fingers against the size of the gallery",
                ("growth", "--results", "BENCHMARKS.json", "--plot", GROWTH_PLOT), (), "growth.json", growth_table),
        Section("fingerprint_quality", "Fingerprint quality: error versus discard", ("quality", *fingers), prints,
                "report.json", quality_table),
        Section("fingerprint_calibration", "Fingerprint scores: stated against measured",
                ("calibration", *fingers, *SAME_FINGER, "--plot", STATED_PLOT), prints,
                "report.json", calibration_table),
        Section("distractors", "Generated templates beside real prints",
                ("distractors", *data(prints), *SAME_FINGER), prints, "report.json", distractor_table),
        Section("face_verification", "Faces, one to one", ("verification", *faces), (orl, lfw),
                "report.json", verification_table),
        Section("face_identification", "Faces, one to many", ("identification", *faces), (orl, lfw),
                "report.json", identification_table),
        Section("face_quality", "Face quality: error versus discard", ("quality", *faces), (orl, lfw),
                "report.json", quality_table),
        Section("built_in_verification", "Built-in face pack, people held out of its training, one to one",
                ("verification", *unseen), (lfw,), "report.json", verification_table),
        Section("built_in_identification", "Built-in face pack, people held out of its training, one to many",
                ("identification", *unseen), (lfw,), "report.json", identification_table),
        Section("built_in_orl", "Built-in face pack on ORL, one to many",
                ("identification", *built_in, *data((orl,))), (orl,), "report.json", identification_table),
        Section("speed", "Speed", ("speed",), (), "speed.json", speed_table),
        Section("speed_real_prints", "Extraction of real prints of 388 × 374 px",
                ("speed", "--prints", str(prints[0])), prints[:1], "speed.json", speed_table),
        Section("start", "Start of a server, from its index files and from the store alone", ("start",), (),
                "start.json", search_table),
        Section("encryption", "What encryption at rest costs: encrypted against plain, in processor time",
                ("encryption", "--faces", "8000", "--fingers", "500", "--rounds", "2"), (), "encryption.json",
                search_table),
        Section("search", "Exact search", ("search", "--size", str(search_size), "--dim", "512", "--threads", "1",
                "--sizes", *SIZES, "--plot", SIZES_PLOT), (), "search.json", exact_search_table),
    )  # fmt: skip


def machine() -> dict[str, str]:
    """Processor class and library versions; no name of the machine."""
    found = {
        "processor_class": processor_class(),
        "python": platform.python_version(),
        "date": time.strftime("%Y-%m-%d"),
    }
    return found | library_versions()


def library_versions() -> dict[str, str]:
    """Of what the measured work is made of."""
    return {name: version(name) for name in MEASURED_WITH}


def markdown(sections: tuple[Section, ...], results: dict[str, dict]) -> str:  # type: ignore[type-arg]
    """The whole report."""
    about = results["machine"]
    parts = ["# Benchmarks", INTRODUCTION, _told_machine(about)]
    for section in sections:
        found = results.get(section.name, {"missing": "not run"})
        shown = " ".join(_shown(argument) for argument in section.arguments)
        parts.append(f"## {section.title}\n`python -m benchmarks {shown}`")
        reason = found.get("missing") or found.get("error")
        parts.append(f"Not measured: {reason}." if reason else section.table(found))
        if not reason and found.get("measured_on", about) != about:
            parts.append(f"This section: {_told_machine(found['measured_on'])}")
    return "\n\n".join(parts) + "\n"


def _told_machine(about: dict[str, str]) -> str:
    others = ", ".join(f"{name} {value}" for name, value in about.items() if name != "processor_class")
    return f"Processor class {about['processor_class']}; {others}."


def measured(section: Section) -> dict[str, object]:
    """What the command of a section writes, or why there is nothing."""
    absent = [folder.name for folder in section.needs if not folder.is_dir()]
    if absent:
        return {"missing": f"no images here ({', '.join(absent)})"}
    print(f"== {section.name}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        target = ("--json", f"{folder}/{section.file}") if section.arguments[0] in JSON_COMMANDS else ("--out", folder)
        try:
            code = main([*section.arguments, *target])
        except ImportError as error:
            return {"missing": f"module {error.name} is not installed"}
        if code:
            return {"error": f"the command ended with exit code {code}"}
        found = json.loads((Path(folder) / section.file).read_text(encoding="utf-8"))
        details = Path(folder) / "details.json"
        if details.is_file():
            found["details"] = json.loads(details.read_text(encoding="utf-8"))
        return dict(found)


def _shown(argument: str) -> str:
    """Paths as they are from the checkout: absolute ones say nothing to another reader."""
    path = Path(argument)
    if not path.is_absolute():
        return argument
    return (
        "/".join(("../shared", *path.parts[path.parts.index("shared") + 1 :])) if "shared" in path.parts else path.name
    )
