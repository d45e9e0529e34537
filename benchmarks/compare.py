"""Two JSON results side by side: every number that both hold, and how it changed."""

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("before", type=Path, metavar="BEFORE.json")
    parser.add_argument("after", type=Path, metavar="AFTER.json")
    parser.add_argument("--all", action="store_true", help="also numbers that did not change")


def run(args: argparse.Namespace) -> int:
    try:
        before, after = (json.loads(path.read_text(encoding="utf-8")) for path in (args.before, args.after))
    except (OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    for line in comparison_lines(before, after, unchanged=args.all):
        print(line)
    return 0


def comparison_lines(before: object, after: object, *, unchanged: bool) -> Iterator[str]:
    """One line a number: name, before, after, change; then names that only one result holds."""
    old, new = dict(_numbers(before)), dict(_numbers(after))
    width = max((len(name) for name in old | new), default=0)
    for name in [name for name in old if name in new]:
        if old[name] != new[name] or unchanged:
            change = f"{100 * (new[name] / old[name] - 1):+8.1f} %" if old[name] else ""
            yield f"{name:{width}}  {old[name]:12.6g}  {new[name]:12.6g}  {change}".rstrip()
    for title, names in (("only before", old.keys() - new.keys()), ("only after", new.keys() - old.keys())):
        if names:
            yield f"{title}: {', '.join(sorted(names))}"


def _numbers(found: object, prefix: str = "") -> Iterator[tuple[str, float]]:
    if isinstance(found, bool):
        return
    if isinstance(found, int | float):
        yield prefix, float(found)
    elif isinstance(found, dict):
        for key, value in found.items():
            yield from _numbers(value, f"{prefix}.{key}" if prefix else str(key))
    elif isinstance(found, list):
        for position, value in enumerate(found):
            yield from _numbers(value, f"{prefix}[{position}]")
