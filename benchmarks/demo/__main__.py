"""The demonstration: packs, a server, enrollment, one search a sample, a table and a picture of each candidate.

Exit code 0 only if every mate searched was ranked first and no stranger passed the threshold.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from benchmarks.demo.captures import PEOPLE_COUNT
from benchmarks.demo.packs import DemoPacks, prepare_packs
from benchmarks.demo.people import DemonstrationError, Person, enroll_people, prepare_people
from benchmarks.demo.searches import Search, SearchOutcome, run_search, searches_of
from benchmarks.demo.table import print_outcomes
from benchmarks.server_process import ServerStartError, running_server
from matcher.client import MatcherClient, ServiceError

OUT_FOLDER: Final = Path("out") / "demo"
# The table does not fold below this; a narrower terminal wraps its lines.
TABLE_WIDTH: Final = 110


def main() -> int:
    """Run the demonstration in the checkout; returns the exit code."""
    console = Console(highlight=False)
    console.width = max(console.width, TABLE_WIDTH)
    out_folder = OUT_FOLDER.resolve()
    shutil.rmtree(out_folder, ignore_errors=True)
    (out_folder / "pictures").mkdir(parents=True)
    packs = prepare_packs(console)
    if packs.fingerprint is None:
        return 1
    try:
        with running_server(out_folder / "database", out_folder / "server.log", packs.environment()) as address:
            outcomes = _enroll_and_search(address, packs, out_folder, console)
    except (ServerStartError, ServiceError, DemonstrationError) as error:
        console.print(str(error), style="red", markup=False)
        return 1
    print_outcomes(outcomes, out_folder, console)
    if packs.face_missing:
        console.print(packs.face_missing, style="yellow", markup=False)
    return 0 if outcomes and all(as_it_should(outcome) for outcome in outcomes) else 1


def as_it_should(outcome: SearchOutcome) -> bool:
    """The mate is first, and no stranger passed the threshold."""
    return outcome.mate_is_first and not any(line.above_threshold for line in outcome.strangers)


def _enroll_and_search(address: str, packs: DemoPacks, out_folder: Path, console: Console) -> list[SearchOutcome]:
    columns = (TextColumn("{task.description:<28}"), BarColumn(), MofNCompleteColumn())
    with MatcherClient(address, language="en") as client, Progress(*columns, console=console) as progress:
        task = progress.add_task("Preparing images", total=PEOPLE_COUNT)
        people: list[Person] = []
        for person in prepare_people(client, with_faces=packs.face is not None):
            people.append(person)
            progress.advance(task)
        task = progress.add_task("Enrolling", total=len(people))
        for _ in enroll_people(client, people):
            progress.advance(task)
        searches: list[Search] = [search for person in people for search in searches_of(person)]
        task = progress.add_task("Identifying", total=len(searches))
        outcomes = []
        for search in searches:
            outcomes.append(run_search(client, search, people, out_folder / "pictures"))
            progress.advance(task)
    return outcomes


if __name__ == "__main__":
    sys.exit(main())
