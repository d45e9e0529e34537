"""Strangers that make a gallery large: other people's images, and generated templates for the rest."""

import argparse
from dataclasses import dataclass

import numpy as np

from benchmarks.datasets import DatasetError, read_dataset
from benchmarks.engines import Engine, Extracted
from benchmarks.error_rates.arguments import extract
from benchmarks.error_rates.gallery import Enrollment

GENERATED_FINGERS = (
    "fitted to research sets, whose prints they resemble half to just as often as real strangers do; "
    "see `python -m benchmarks distractors`"
)
GENERATED_FACES = (
    "drawn from a Gaussian of the gallery's own embeddings, they know no resemblance between people; "
    "FNIR and rank with them flatter the engine: use --distractor-data"
)


@dataclass(frozen=True, slots=True, eq=False)
class Distractors:
    """counts: "images" (real), "image_failures" and "generated". warning: how far the generated ones can be trusted."""

    templates: list[Extracted]
    counts: dict[str, int]
    warning: str


def read_distractors(args: argparse.Namespace, engine: Engine, enrollment: Enrollment) -> Distractors:
    """args.distractors strangers: the first image of each identity in --distractor-data, then generated ones.

    Raises DatasetError where the folders repeat a person of --data by folder and identity name.
    """
    found: list[Extracted] = []
    for folder in args.distractor_data:
        if folder.resolve() in {given.resolve() for given in args.data}:
            raise DatasetError(f"{folder} is given as --data and as --distractor-data")
        dataset = read_dataset(folder, fingerprints=args.modality == "fingerprint", ppi=args.ppi)
        samples = extract(args, engine, dataset.files)
        found += [samples[rows[0]] for rows in dataset.identities().values()]
    # Without --distractors, all of the folders count.
    wanted = args.distractors or len(found)
    real = found[:wanted]
    missing = wanted - len(real)
    generated = _generated(args.modality, missing, enrollment) if missing else []
    counts = {
        "images": len(real),
        "image_failures": sum(sample.failed for sample in real),
        "generated": len(generated),
    }
    warning = GENERATED_FINGERS if args.modality == "fingerprint" else GENERATED_FACES
    return Distractors([*real, *generated], counts, warning if generated else "")


def _generated(modality: str, count: int, enrollment: Enrollment) -> list[Extracted]:
    if modality == "fingerprint":
        from benchmarks.generated_templates import minutia_sets  # noqa: PLC0415  faces need no fingerprint code

        empty = np.zeros((0, 0), np.float32)
        return [Extracted("", -1, empty, minutiae.to_bytes()) for minutiae in minutia_sets(count, seed=1)]
    return _generated_faces(count, [sample for sample in enrollment.references if not sample.failed])


def _generated_faces(count: int, real: list[Extracted]) -> list[Extracted]:
    """Unit vectors with the mean and covariance of the gallery's."""
    if len(real) < 2:
        raise DatasetError("generated face distractors imitate the gallery, which has fewer than two templates")
    vectors = np.concatenate([sample.vectors for sample in real]).astype(np.float64)
    rng = np.random.default_rng(1)
    centered = vectors - vectors.mean(axis=0)
    # Weights on the real deviations give exactly their covariance, without factorizing it.
    weights = rng.standard_normal((count, len(real))) / np.sqrt(len(real) - 1)
    drawn = vectors.mean(axis=0) + weights @ centered
    drawn /= np.linalg.norm(drawn, axis=1, keepdims=True)
    return [Extracted("", -1, row[None].astype(np.float32)) for row in drawn]
