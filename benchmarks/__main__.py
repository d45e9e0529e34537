"""python -m benchmarks COMMAND: every measurement of the project, from the checkout."""

import argparse
import importlib
import os
import sys
from collections.abc import Sequence

# Command -> module with add_arguments(parser) and run(args) -> exit code, imported only when asked for.
COMMANDS = {
    "verification": ("benchmarks.error_rates.verification", "error rates of one-to-one comparisons"),
    "identification": ("benchmarks.error_rates.identification", "rank and open-set error rates of searches"),
    "served": ("benchmarks.error_rates.served", "rank-1 rate through a running server"),
    "quality": ("benchmarks.error_rates.quality", "error-versus-discard plot of the quality score"),
    "several": ("benchmarks.error_rates.several", "several photographs of one person: ways to fuse them"),
    "alike": ("benchmarks.error_rates.alike", "strangers who resemble each other: stated against measured"),
    "conditions": ("benchmarks.error_rates.conditions", "two faces photographed badly alike: stated against measured"),
    "fusion": ("benchmarks.error_rates.fusion", "fused scores of fingers and a face of one bad capture"),
    "calibration": (
        "benchmarks.error_rates.stated",
        "what scores state against what is measured, by what there was to see",
    ),
    "calibrate": ("benchmarks.error_rates.calibration", "table from similarity to score"),
    "speed": ("benchmarks.speed.stages", "decode, extract, compare and a whole Identify"),
    "search": ("benchmarks.speed.search", "the index against brute force"),
    "fingers": ("benchmarks.speed.descriptor_search", "the shortlist of fingers: time, memory and what it loses"),
    "people": ("benchmarks.speed.people", "probes of several fingers, good and bad: the mate's place, and the loss"),
    "growth": (
        "benchmarks.speed.growth",
        "the search of fingers against the size of the gallery, of what `report` measured",
    ),
    "start": ("benchmarks.speed.start", "from the start of a server to SERVING, from index files and from the store"),
    "compiling": ("benchmarks.speed.compiling", "what compiling costs at the first start, by function"),
    "encryption": ("benchmarks.speed.encryption", "what encryption at rest costs, as ratios"),
    "generate": ("benchmarks.generate", "generated prints as image files"),
    "distractors": ("benchmarks.distractor_check", "generated templates beside real ones"),
    "acceptance": (
        "benchmarks.print_acceptance",
        "what is taken for a print: frames, bad skin, several fingers, a wrong ppi, no prints",
    ),
    "parity": (
        "benchmarks.leader_parity",
        "the fast fingerprint network against the exact one, and that against Keras",
    ),
    "picture-formats": (
        "benchmarks.picture_formats.report",
        "picture files of every kind: the true picture, or refused by name",
    ),
    "wsq-damage": ("benchmarks.picture_formats.wsq_damage", "damaged WSQ files that are decoded all the same"),
    "iso-records": ("benchmarks.iso_records", "another maker's minutiae records against our reading of the prints"),
    "report": ("benchmarks.report", "BENCHMARKS.md and BENCHMARKS.json"),
    "quick": ("benchmarks.quick", "speed ratios against the committed baseline, for CI"),
    "compare": ("benchmarks.compare", "two JSON results side by side"),
}


# Read by the linear algebra libraries when they are loaded: a second thread of theirs would count as processor time of
# the one that is measured, and spin beside it. The index has a thread count of its own (--threads).
THREAD_LIMITS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command. arguments: without the program name; the process's own when not given."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    # Only the module of the command asked for is imported: `--help` must not load a matcher.
    for name, (module_name, summary) in COMMANDS.items():
        command = commands.add_parser(name, help=summary, description=summary)
        if given[:1] == [name]:
            module = importlib.import_module(module_name)
            module.add_arguments(command)
            command.set_defaults(run=module.run)
    args = parser.parse_args(given)
    return int(args.run(args))


if __name__ == "__main__":
    os.environ.update(dict.fromkeys(THREAD_LIMITS, "1"))
    sys.exit(main())
