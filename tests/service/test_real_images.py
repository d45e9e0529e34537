"""The real server process with real packs on real images: the rates that the service must reach.

The short rounds take a part of the sets, the soak rounds all of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from index.records import Modality, Subject
from matcher.client import ServiceError
from matcher.samples import EncodedSample
from tests.service.conftest import ACCESS
from tests.service.processes import REAL, ServerProcess, real_packs, server_process

# Folder name to ppi; the files state none or a wrong one.
PRINT_SETS = {
    "fvc2002_db1_b": 500.0,
    "fvc2002_db2_b": 569.0,
    "fvc2002_db3_b": 500.0,
    "fvc2002_db4_b": 500.0,
    "fvc2004_db1_b": 500.0,
    "fvc2004_db3_b": 512.0,
}
Person = tuple[str, list[EncodedSample]]


@pytest.fixture(scope="module")
def server(packs_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    environ = real_packs(packs_folder)
    with server_process(tmp_path_factory.mktemp("real"), command=REAL, environ=environ) as running:
        yield running


def prints(folder: Path, set_names: Sequence[str], finger_count: int, impression_count: int) -> list[Person]:
    """Impressions 1 to impression_count of the first fingers of each set, by finger."""
    people = []
    for name in set_names:
        fingers = sorted({path.stem.split("_")[0] for path in (folder / name).glob("*.tif")}, key=int)
        for finger in fingers[:finger_count]:
            paths = [folder / name / f"{finger}_{number}.tif" for number in range(1, impression_count + 1)]
            samples = [EncodedSample(Modality.FINGERPRINT, path.read_bytes(), ppi=PRINT_SETS[name]) for path in paths]
            people.append((f"{name}/{finger}", samples))
    return people


def photographs(folder: Path, person_count: int, image_count: int) -> list[Person]:
    """The first images of the first people with two or more. People are numbered: their names stay in their folders."""
    people: list[Person] = []
    for person in sorted(path for path in folder.iterdir() if path.is_dir()):
        paths = sorted(path for path in person.iterdir() if path.suffix in (".jpg", ".pgm"))
        if len(paths) >= 2:
            samples = [EncodedSample(Modality.FACE, path.read_bytes(), largest_face=True) for path in paths]
            people.append((f"{folder.name}/{len(people) + 1}", samples[:image_count]))
        if len(people) == person_count:
            break
    return people


def rank_1_rate(server: ServerProcess, people: Sequence[Person], gallery_id: str) -> tuple[float, list[str]]:
    """Enrolls the first image of each and searches the others; a probe that is refused counts as missed."""
    with server.client(timeout_s=120.0) as client, ThreadPoolExecutor(2) as pool:
        client.create_gallery(gallery_id)

        def enroll(person: Person) -> None:
            name, samples = person
            subject = Subject("", f"{gallery_id}/{name}", galleries=frozenset({gallery_id}))
            client.enroll(samples[:1], subject=subject, request_id=f"{gallery_id}/{name}", skip_duplicate_check=True)

        def missed(probe: tuple[str, EncodedSample]) -> str:
            name, sample = probe
            try:
                answer = client.identify([sample], access=ACCESS, gallery_ids=[gallery_id])
            except ServiceError as error:
                return f"{name}: {error.reason}"
            return "" if answer.candidates[0].external_id == f"{gallery_id}/{name}" else f"{name}: not first"

        list(pool.map(enroll, people))
        probes = [(name, sample) for name, samples in people for sample in samples[1:]]
        misses = [miss for miss in pool.map(missed, probes) if miss]
    rate = 1.0 - len(misses) / len(probes)
    print(f"{gallery_id}: rank-1 rate {rate:.4f} of {len(probes)} probes, missed {misses}")
    return rate, misses


def test_prints_are_ranked_first(server: ServerProcess, fingerprints_folder: Path) -> None:
    people = prints(fingerprints_folder, ("fvc2002_db1_b", "fvc2004_db3_b"), finger_count=6, impression_count=2)
    rate, misses = rank_1_rate(server, people, "prints")
    assert rate >= 11 / 12, misses


@pytest.mark.soak
def test_all_prints_reach_the_rate(server: ServerProcess, fingerprints_folder: Path) -> None:
    people = prints(fingerprints_folder, tuple(PRINT_SETS), finger_count=10, impression_count=8)
    rate, misses = rank_1_rate(server, people, "all-prints")
    assert rate >= 0.97, misses


def test_faces_are_ranked_first(server: ServerProcess, faces_folder: Path) -> None:
    rate, misses = rank_1_rate(server, photographs(faces_folder / "orl", 10, 3), "orl")
    assert rate >= 0.95, misses
    rate, misses = rank_1_rate(server, photographs(faces_folder / "lfw_dev", 15, 2), "lfw")
    assert rate >= 13 / 15, misses


@pytest.mark.soak
@pytest.mark.parametrize(("name", "person_count", "least_rate"), [("orl", 40, 0.99), ("lfw_dev", 500, 0.96)])
def test_all_faces_reach_the_rate(
    server: ServerProcess, faces_folder: Path, name: str, person_count: int, least_rate: float
) -> None:
    people = photographs(faces_folder / name, person_count, 10_000)
    rate, misses = rank_1_rate(server, people, f"all-{name.replace('_', '-')}")
    assert rate >= least_rate, misses


def test_a_person_with_face_and_fingers_is_found_by_all_together(
    server: ServerProcess, fingerprints_folder: Path, faces_folder: Path
) -> None:
    faces = photographs(faces_folder / "orl", 4, 2)
    fingers = prints(fingerprints_folder, ("fvc2002_db1_b",), finger_count=4, impression_count=2)
    with server.client() as client:
        client.create_gallery("both")
        for (name, photos), (_, impressions) in zip(faces, fingers, strict=True):
            subject = Subject("", f"both/{name}", galleries=frozenset({"both"}))
            client.enroll([photos[0], impressions[0]], subject=subject)
        for (name, photos), (_, impressions) in zip(faces, fingers, strict=True):
            answer = client.identify(
                [photos[1], impressions[1]], access=ACCESS, gallery_ids=["both"], explained_candidate_count=1
            )
            best = answer.candidates[0]
            assert best.external_id == f"both/{name}"
            assert {score.probe_index for score in best.sample_scores} == {0, 1}
            assert best.above_threshold
            finger_score = next(score for score in best.sample_scores if score.probe_index == 1)
            assert len(finger_score.explanation.pairs) >= 2
            assert answer.probe_samples[1].minutia_count > 10


@pytest.mark.parametrize("rounds", [pytest.param(1, id="short"), pytest.param(30, id="full", marks=pytest.mark.soak)])
def test_eight_clients_get_the_same_answers_as_one(server: ServerProcess, faces_folder: Path, rounds: int) -> None:
    people = photographs(faces_folder / "orl", 8, 2)
    gallery_id = f"eight-{rounds}"
    with server.client() as client:
        client.create_gallery(gallery_id)
        for name, samples in people:
            subject = Subject("", f"{gallery_id}/{name}", galleries=frozenset({gallery_id}))
            client.enroll(samples[:1], subject=subject, skip_duplicate_check=True)

    def ranked(shift: int) -> list[list[tuple[str, float]]]:
        with server.client() as client:
            lists = []
            for number in range(len(people)):
                _, samples = people[(number + shift) % len(people)]
                answer = client.identify([samples[1]], access=ACCESS, gallery_ids=[gallery_id])
                lists.append([(candidate.subject_id, candidate.score) for candidate in answer.candidates])
        return lists

    alone = ranked(0)
    with ThreadPoolExecutor(8) as pool:
        for _ in range(rounds):
            together = list(pool.map(ranked, range(8)))
            for shift, lists in enumerate(together):
                assert lists == alone[shift:] + alone[:shift]
    assert server.process.poll() is None


def test_verification_decides_on_real_prints(server: ServerProcess, fingerprints_folder: Path) -> None:
    (_, first), (_, second) = prints(fingerprints_folder, ("fvc2002_db1_b",), finger_count=2, impression_count=2)
    with server.client() as client:
        assert client.verify([first[0]], other=[first[1]]).above_threshold
        assert not client.verify([first[0]], other=[second[0]]).above_threshold


def test_a_print_without_resolution_is_refused_with_what_to_do(server: ServerProcess, faces_folder: Path) -> None:
    photograph = next((faces_folder / "lfw_dev").rglob("*.jpg")).read_bytes()
    with server.client() as client, pytest.raises(ServiceError) as refusal:
        client.identify([EncodedSample(Modality.FINGERPRINT, _without_ppi(photograph))], access=ACCESS)
    assert refusal.value.reason == "ERROR_REASON_RESOLUTION"


def _without_ppi(jpeg: bytes) -> bytes:
    import io

    from PIL import Image as PillowImage

    buffer = io.BytesIO()
    PillowImage.open(io.BytesIO(jpeg)).convert("L").save(buffer, format="BMP")
    return buffer.getvalue()
