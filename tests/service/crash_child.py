"""Enrolls and deletes from several threads until it is killed, and says on stdout what was acknowledged.

Lines: "+ SUBJECT_ID REFERENCE_ID SEED" after an enrollment, "- SUBJECT_ID" after a deletion, "? SUBJECT_ID" before a
deletion is asked for, "! TEXT" for an error. Each is one write, so a killed process leaves at most one incomplete line.
The vectors of a reference follow from its seed alone, which is how the parent knows what must be found.
"""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import numpy as np

from index.database import EnrollmentDatabase
from index.records import FingerPosition, Modality, NewReference, Subject, Template
from tests.service.killed import guarded, say

FACE_PACK, FACE_DIM = "face-crash@1", 24
FINGER_PACK, FINGER_DIM = "finger-crash@1", 16
THREAD_COUNT = 4


def face_of(seed: int) -> NewReference:
    """The face reference of a seed."""
    vectors = np.random.default_rng(seed).standard_normal((1, FACE_DIM)).astype(np.float32)
    vectors /= np.linalg.norm(vectors)
    return NewReference(Template(Modality.FACE, FingerPosition.UNKNOWN, FACE_PACK, vectors), 50)


def finger_of(seed: int) -> NewReference:
    """The fingerprint reference of a seed."""
    random = np.random.default_rng(seed)
    vectors = random.standard_normal((8, FINGER_DIM)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    finger = FingerPosition(1 + seed % 10)
    return NewReference(Template(Modality.FINGERPRINT, finger, FINGER_PACK, vectors, random.bytes(56)), 50)


def reference_of(seed: int) -> NewReference:
    """Every third reference is a finger."""
    return finger_of(seed) if seed % 3 == 0 else face_of(seed)


def work(database: EnrollmentDatabase, first_seed: int) -> None:
    """Enroll; delete one of one's own now and then; rebuild index files never waits for it."""
    random = np.random.default_rng(first_seed)
    seed, mine = first_seed, []
    while True:
        seed += 1
        receipt = database.enroll(Subject("", external_id=str(seed)), [reference_of(seed)], request_id=str(seed))
        say(f"+ {receipt.subject_id} {receipt.reference_ids[0]} {seed}")
        mine.append(receipt.subject_id)
        if random.random() < 0.4:
            subject_id = mine.pop(int(random.integers(len(mine))))
            say(f"? {subject_id}")
            database.delete_subject(subject_id)
            say(f"- {subject_id}")


def main(folder: Path, round_number: int) -> None:
    """Runs until killed."""
    # Index files are saved all the time, so that kills hit savings as well.
    database = EnrollmentDatabase(folder, save_interval_s=0.03)
    threads = [
        threading.Thread(target=guarded, args=(work, database, (round_number * THREAD_COUNT + number) * 1_000_000))
        for number in range(THREAD_COUNT)
    ]
    for thread in threads:
        thread.start()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
