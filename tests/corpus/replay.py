"""A corpus through the product's own doors: enrolled and searched over gRPC, by the server as it is started."""

from __future__ import annotations

import hashlib
import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from itertools import repeat
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from index.database import EnrollmentDatabase
from index.records import FingerPosition, Gallery, Modality, NewReference, Subject, Template
from matcher.access.context import AccessContext
from matcher.assembly.loading import LoadedPacks
from matcher.assembly.settings import load_configured_packs
from matcher.client import MatcherClient, ServiceError
from matcher.config import Settings, load_settings
from matcher.packs.store import PackStore
from matcher.server.app import serve
from tests.corpus.probes import Corpus, Person, Question

ACCESS = AccessContext("corpus", "corpus", "the same answers as before", "station-1")
FACE_PACK, FINGERPRINT_PACK = "face-builtin", "leader"
GALLERY_IDS = ("records", "wanted")
SHORTLIST_COUNT = 6
# Searches side by side; enrollments come one after another, since reference ids are part of the answers.
CLIENTS = 2
# The last: beyond it C libraries differ.
SIMILARITY_DIGITS, SCORE_DIGITS, EXACT_DIGITS = 6, 4, 9
# Long enough for a machine that compiles the comparison of fingers first.
LIMIT_S = 300.0

Answer = dict[str, Any]
Report = Callable[[int, int], None]


def replay(corpus: Corpus, folder: Path, *, report: Report = lambda done, total: None) -> list[Answer]:
    """The answers to the corpus's questions, in order. folder: empty, for the database, the audit file and the packs.
    report: gets how many samples are done of how many."""
    settings = settings_for(folder)
    loaded = loaded_packs(settings)
    people, questions = corpus.people(), corpus.questions()
    done, total = 0, len(people) + len(questions)
    answers: dict[str, Answer] = {}
    with EnrollmentDatabase.open(settings.storage.data_folder) as database:
        enroll_strangers(database, corpus.stranger_count, loaded)
    for shortlisted in (False, True):
        if shortlisted:
            search = replace(settings.search, shortlist_count=SHORTLIST_COUNT, exhaustive_reference_limit=0)
            settings = replace(settings, search=search)
        with serving(settings, loaded) as client:
            for person in () if shortlisted else people:
                _enroll(client, person)
                report(done := done + 1, total)
            asked = [question for question in questions if question.shortlisted is shortlisted]
            with ThreadPoolExecutor(CLIENTS) as pool:
                for answer in pool.map(_answer, repeat(client), asked):
                    answers[answer["name"]] = answer
                    report(done := done + 1, total)
    assert len(answers) == len(questions), "two questions have one name"
    return [answers[question.name] for question in questions]


def stranger_vector(number: int, dim: int) -> npt.NDArray[np.float32]:
    """float32 (1, dim), unit norm, like nobody's face: the same on every machine, since it is a digest."""
    drawn = np.frombuffer(hashlib.shake_256(f"stranger {number}".encode()).digest(4 * dim), "<u4")
    centered = drawn.astype(np.float64) / 2**32 - 0.5
    return np.asarray(centered / np.sqrt((centered**2).sum()), dtype=np.float32)[None]


def enroll_strangers(database: EnrollmentDatabase, count: int, loaded: LoadedPacks) -> None:
    """Both galleries, and subjects S1, S2, ... with one random face each, through the database's own door."""
    pack = next(pack for pack in loaded.packs if pack.modality is Modality.FACE)
    dim = sum(embedder.dim for embedder in pack.embedders)
    for name in GALLERY_IDS:
        database.create_gallery(Gallery(name, name.title()))
    for number in range(1, count + 1):
        template = Template(Modality.FACE, FingerPosition.UNKNOWN, pack.pack_id, stranger_vector(number, dim))
        subject = Subject("", f"S{number}", galleries=frozenset(GALLERY_IDS[:1]), birth_year=1940 + number % 60)
        database.enroll(subject, [NewReference(template, quality=50)], request_id=f"stranger-{number}")


def settings_for(folder: Path) -> Settings:
    environ = {
        "STATION_MATCHER_SERVER_ADDRESS": "127.0.0.1:0",
        "STATION_MATCHER_SERVER_WORKER_COUNT": str(CLIENTS),
        "STATION_MATCHER_STORAGE_DATA_FOLDER": str(folder / "data"),
        "STATION_MATCHER_STORAGE_PACKS_FOLDER": str(folder / "packs"),
        "STATION_MATCHER_PACKS_FACE": FACE_PACK,
        "STATION_MATCHER_PACKS_FINGERPRINT": FINGERPRINT_PACK,
        # Nothing is refused for its quality: the corpus holds bad samples on purpose.
        "STATION_MATCHER_ENROLLMENT_FACE_QUALITY_FLOOR": "0",
        "STATION_MATCHER_ENROLLMENT_FINGERPRINT_QUALITY_FLOOR": "0",
    }
    return load_settings(environ=environ)


def loaded_packs(settings: Settings) -> LoadedPacks:
    PackStore(settings.storage.packs_folder).install(FINGERPRINT_PACK)
    loaded = load_configured_packs(settings)
    assert not loaded.missing, loaded.missing
    return loaded


@contextmanager
def serving(settings: Settings, loaded: LoadedPacks) -> Iterator[MatcherClient]:
    """A client of a server that listens until the block ends."""
    with (
        listening(settings, loaded) as address,
        MatcherClient(address, language="en", timeout_s=LIMIT_S, access=ACCESS) as client,
    ):
        yield client


@contextmanager
def listening(settings: Settings, loaded: LoadedPacks) -> Iterator[str]:
    """The address of the server of `station-matcher serve`, in a thread; it ends when the block does."""
    stop, said = threading.Event(), queue.Queue[tuple[str, dict[str, Any]]]()

    def run() -> None:
        try:
            serve(settings, say=lambda code, **values: said.put((code, values)), stop=stop, load=lambda _: loaded)
        finally:
            said.put(("ended", {}))

    thread = threading.Thread(target=run)
    thread.start()
    try:
        address = ""
        while (line := said.get(timeout=LIMIT_S))[0] != "serve.ready":
            assert line[0] != "ended", "the server did not start"
            address = line[1].get("address", address)
        yield address
    finally:
        stop.set()
        thread.join()


def _enroll(client: MatcherClient, person: Person) -> None:
    client.enroll(
        person.samples,
        subject=person.subject,
        access=ACCESS,
        request_id=person.subject.external_id,
        skip_duplicate_check=True,
    )


def _answer(client: MatcherClient, question: Question) -> Answer:
    try:
        found = client.identify(
            question.samples,
            access=ACCESS,
            where=question.where,
            max_candidates=question.max_candidates,
            target_fpir=question.target_fpir,
            exhaustive=question.exhaustive,
        )
    except ServiceError as error:
        return {"name": question.name, "probe": digest(question), "refused": str(error.reason)}
    return {
        "name": question.name,
        "probe": digest(question),
        "packs": list(found.pack_ids),
        "gallery_size": found.gallery_size,
        "reference_count": found.reference_count,
        "threshold": round(found.threshold_score, EXACT_DIGITS),
        "target_fpir": found.target_fpir,
        "expected_false": round(found.expected_false_candidate_count, EXACT_DIGITS),
        "proved": found.proved,
        "samples": [[sample.quality.score, sample.minutia_count] for sample in found.probe_samples],
        "candidates": [_candidate_row(candidate) for candidate in found.candidates],
    }


def _candidate_row(candidate: Any) -> list[Any]:
    """Subject, reference, score, if extrapolated, if above the threshold, each sample's similarity and score."""
    return [
        candidate.external_id,
        candidate.reference_id,
        round(candidate.score, SCORE_DIGITS),
        int(candidate.score_extrapolated),
        int(candidate.above_threshold),
        [
            [sample.probe_index, round(sample.similarity, SIMILARITY_DIGITS), round(sample.score, SCORE_DIGITS)]
            for sample in candidate.sample_scores
        ],
    ]


def digest(question: Question) -> str:
    """Of the bytes that were sent: a probe that changed is another question."""
    hashes: Sequence[bytes] = [hashlib.sha256(sample.image_bytes).digest() for sample in question.samples]
    return hashlib.sha256(b"".join(hashes)).hexdigest()[:12]
