"""The corpus of real images: prints and faces of ../shared/data. Its record holds numbers, never names of people."""

from __future__ import annotations

from pathlib import Path

from index.records import Modality, Subject
from matcher.samples import EncodedSample
from tests.corpus.probes import Corpus, Person, Question

DATA_FOLDER = Path(__file__).resolve().parents[2].parent / "shared" / "data"
# Folder name to ppi; the files state none or a wrong one.
PRINT_SETS = {
    "fvc2002_db1_b": 500.0,
    "fvc2002_db2_b": 569.0,
    "fvc2002_db3_b": 500.0,
    "fvc2002_db4_b": 500.0,
    "fvc2004_db1_b": 500.0,
    "fvc2004_db3_b": 512.0,
}
FINGER_COUNT, PROBES_A_FINGER = 5, 3
# Every so many of the people with two or more photographs, and how many of them.
FACE_SETS = {"orl": (1, 30), "lfw_dev": (9, 70)}


def is_present() -> bool:
    return all((DATA_FOLDER / "fingerprints" / name).is_dir() for name in PRINT_SETS) and all(
        (DATA_FOLDER / "faces" / name).is_dir() for name in FACE_SETS
    )


def _prints() -> dict[str, list[EncodedSample]]:
    """Samples of each finger by "set/finger"; the first is enrolled."""
    found = {}
    for name, ppi in PRINT_SETS.items():
        folder = DATA_FOLDER / "fingerprints" / name
        numbers = sorted({int(path.stem.split("_")[0]) for path in folder.glob("*.tif")})
        for number in numbers[:FINGER_COUNT]:
            paths = [folder / f"{number}_{capture}.tif" for capture in range(1, 2 + PROBES_A_FINGER)]
            found[f"{name}/{number}"] = [
                EncodedSample(Modality.FINGERPRINT, path.read_bytes(), ppi=ppi) for path in paths
            ]
    return found


def _faces() -> dict[str, list[EncodedSample]]:
    """Two samples of each person by "set/number in the order of the folders"."""
    found = {}
    for name, (step, count) in FACE_SETS.items():
        folders = sorted(path for path in (DATA_FOLDER / "faces" / name).iterdir() if path.is_dir())
        images = [sorted(path for path in folder.iterdir() if path.suffix in (".jpg", ".pgm")) for folder in folders]
        several = [(number, paths) for number, paths in enumerate(images, start=1) if len(paths) >= 2]
        for number, paths in several[::step][:count]:
            found[f"{name}/{number}"] = [
                EncodedSample(Modality.FACE, path.read_bytes(), largest_face=True) for path in paths[:2]
            ]
    return found


def people() -> list[Person]:
    return [
        Person(Subject("", name, galleries=frozenset({"records"})), (samples[0],))
        for name, samples in {**_prints(), **_faces()}.items()
    ]


def questions() -> list[Question]:
    return [
        Question(f"{name}, {number}", (sample,))
        for name, samples in {**_prints(), **_faces()}.items()
        for number, sample in enumerate(samples[1:], start=2)
    ]


CORPUS = Corpus("shared", 500, people, questions)
