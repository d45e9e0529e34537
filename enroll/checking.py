"""`station-enroll check`: every file of a backlog tried as the server would, before anything is sent."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import replace
from itertools import islice

from enroll.across import same_content
from enroll.errors import ManifestError
from enroll.image_files import check_picture, read_image
from enroll.items import Backlog, EnrollmentItem, Finding
from enroll.messages import backlog_text

_Tried = tuple[EnrollmentItem, str, ManifestError | None]


def check_pictures(backlog: Backlog, *, jobs: int, language: str, on_row: Callable[[int], None]) -> Backlog:
    """The backlog with each file that does not decode moved to its problems. on_row: called once for each row,
    with the number of all."""
    problems: list[Finding] = []
    bad_rows: set[int] = set()
    by_digest: dict[str, list[EnrollmentItem]] = defaultdict(list)
    for item, digest, fault in _tried(backlog.items, jobs, language):
        on_row(len(backlog.items))
        if fault is None:
            by_digest[digest].append(item)
            continue
        bad_rows.add(item.row_number)
        place = item.shown_image if backlog.pattern else backlog_text("row", language, number=item.row_number)
        problems.append(
            Finding(
                item.row_number, place, fault.code, str(fault), external_id=item.external_id, image=item.shown_image
            )
        )
    return replace(
        backlog,
        items=tuple(item for item in backlog.items if item.row_number not in bad_rows),
        problems=tuple(sorted((*backlog.problems, *problems), key=lambda finding: finding.row_number)),
        warnings=(*backlog.warnings, *same_content(by_digest, backlog, language)),
    )


def _tried(items: Iterable[EnrollmentItem], jobs: int, language: str) -> Iterator[_Tried]:
    """As they end, with few files read ahead."""

    def try_one(item: EnrollmentItem) -> _Tried:
        try:
            image_bytes = read_image(item.image_path, language)
            check_picture(item, image_bytes, language)
        except ManifestError as error:
            return item, "", error
        return item, hashlib.sha256(image_bytes).hexdigest(), None

    waiting = iter(items)
    with ThreadPoolExecutor(max_workers=jobs, thread_name_prefix="check") as pool:
        running = {pool.submit(try_one, item) for item in islice(waiting, jobs * 2)}
        try:
            while running:
                ended, running = wait(running, return_when=FIRST_COMPLETED)
                running |= {pool.submit(try_one, item) for item in islice(waiting, len(ended))}
                for future in ended:
                    yield future.result()
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise
