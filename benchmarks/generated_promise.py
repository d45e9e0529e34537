"""The promise of fingerprint scores on committed generated prints: a line of CI without images, network or people.

baselines/generated-strangers.npz holds the minutiae of one capture each of generated fingers, as pack leader finds
them; `python -m benchmarks.generated_promise` makes it anew. Whole prints meet each other, and neighboring minutiae of
each meet some.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.engines import EngineSpec, load_engine
from benchmarks.pieces import neighboring
from benchmarks.product_files import pack_store
from benchmarks.progress import track
from benchmarks.promise import Kept, Strangers, kept
from index.records import FingerPosition, Modality, Template
from matcher.fingerprint.comparison.compare import PreparedFingerprint, compare_many, prepare
from matcher.fingerprint.comparison.descriptors import describe
from matcher.fingerprint.minutia_set import MinutiaSet
from matcher.scoring.calibration import Calibration

PATH = Path(__file__).with_name("baselines") / "generated-strangers.npz"
PACK = "leader"
FINGER_COUNT, FIRST_FINGER = 160, 50_000
NEIGHBOR_COUNTS = (8, 16)
MET_BY_NEIGHBORS = 60


def measure(path: Path = PATH) -> dict[str, tuple[Kept, ...]]:
    """Stated against measured by kind of print, with the scores of the shipped manifest, whatever a site calibrated."""
    table = pack_store().manifest(PACK).calibration
    assert table is not None
    calibration = Calibration.from_table(table)
    sets = read(path)
    whole = [_prepared(minutiae) for minutiae in sets]
    everybody = np.arange(len(sets))
    rng = np.random.default_rng(0)
    groups = {"whole": [(row, probe, everybody[row + 1 :]) for row, probe in enumerate(whole)]}
    for count in NEIGHBOR_COUNTS:
        groups[f"{count} neighbors"] = [
            (row, _prepared(near), rng.permutation(np.delete(everybody, row))[:MET_BY_NEIGHBORS])
            for row, minutiae in enumerate(sets)
            if (near := neighboring(minutiae, count, rng)) is not None
        ]
    return {
        f"generated, {name}": kept(_joined([_compared(calibration, whole, *one) for one in probes]))
        for name, probes in groups.items()
    }


def read(path: Path) -> list[MinutiaSet]:
    """The committed minutiae, one print a finger."""
    with np.load(path) as stored:
        packed, ends = stored["packed"].tobytes(), stored["ends"].tolist()
    return [MinutiaSet.from_bytes(packed[start:end]) for start, end in zip([0, *ends], ends, strict=False)]


def write(path: Path, sets: Sequence[MinutiaSet]) -> None:
    """sets: one print a finger."""
    packed = [minutiae.to_bytes() for minutiae in sets]
    ends = np.cumsum([len(one) for one in packed])
    np.savez_compressed(path, packed=np.frombuffer(b"".join(packed), np.uint8), ends=ends)


def _compared(
    calibration: Calibration,
    whole: Sequence[PreparedFingerprint],
    row: int,
    probe: PreparedFingerprint,
    others: NDArray[np.int64],
) -> Strangers:
    similarities = compare_many(probe, [whole[other] for other in others.tolist()])
    return Strangers(calibration.scores_of(similarities), np.column_stack((np.full(len(others), row), others)))


def _joined(parts: Sequence[Strangers]) -> Strangers:
    return Strangers(np.concatenate([part.score for part in parts]), np.concatenate([part.fingers for part in parts]))


def _prepared(minutiae: MinutiaSet) -> PreparedFingerprint:
    return prepare(
        Template(Modality.FINGERPRINT, FingerPosition.UNKNOWN, PACK, describe(minutiae), minutiae.to_bytes())
    )


def _made() -> Iterator[MinutiaSet]:
    """One capture of each finger; one in which no print is found is left out."""
    import tempfile  # noqa: PLC0415

    import cv2  # noqa: PLC0415

    from benchmarks.generated_prints import impression, master_print  # noqa: PLC0415

    engine = load_engine(EngineSpec("fingerprint"))
    with tempfile.TemporaryDirectory() as folder:
        image = Path(folder) / "print.png"
        for finger in track(range(FIRST_FINGER, FIRST_FINGER + FINGER_COUNT), total=FINGER_COUNT, what="prints"):
            cv2.imwrite(str(image), impression(master_print(finger), 1))
            sample = engine.extract(image, 500.0)
            if not sample.failed:
                yield MinutiaSet.from_bytes(sample.minutiae)


if __name__ == "__main__":
    write(PATH, list(_made()))
