"""Recipe of the codebook that fingers are searched by: lists and codes of descriptors, from generated prints alone.

    python -m training.fingerprints.codebook --out index/vector/votes/codebook.npz

prints the SHA-256 and size that then go into matcher/pack_manifests/leader.toml. Takes a minute. The draws are seeded
and one thread computes, so that a second run on the same machine and versions writes the same bytes.
"""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path

import faiss
import numpy as np
from numpy.typing import NDArray

from benchmarks.generated_templates import minutia_sets
from benchmarks.progress import track
from index.vector.votes.codebook import DIM, PART_DIM, WORD_COUNT
from index.vector.votes.index import STORED_LIMIT
from matcher.fingerprint.comparison.descriptors import describe

LIST_COUNT = 4096
"""See docs/decisions/0003-votes-in-an-inverted-file.md; 2048 and 8192 were trained too and not compared."""
FINGER_COUNT = 20_000
FINGER_SEED = 9001
"""Strangers of benchmarks and the corpus have other seeds."""
ROWS_A_LIST = 100
ROUND_COUNT = 10
SEED = 1234
WORD_ROW_COUNT = 200_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--lists", type=int, default=LIST_COUNT)
    args = parser.parse_args()
    faiss.omp_set_num_threads(1)
    rows = descriptors(FINGER_COUNT)
    np.savez(args.out, centroids=centroids(rows, args.lists).astype(np.float16), words=words(rows))
    content = args.out.read_bytes()
    print(f"sha256 = {hashlib.sha256(content).hexdigest()}\nsize_bytes = {len(content)}")


def descriptors(finger_count: int) -> NDArray[np.float32]:
    """float32 (n, DIM), shuffled: what the index keeps of each generated finger."""
    made = track(minutia_sets(finger_count, seed=FINGER_SEED), total=finger_count, what="fingers")
    rows = np.concatenate([describe(minutiae)[:STORED_LIMIT] for minutiae in made])
    return np.asarray(rows[np.random.default_rng(SEED).permutation(len(rows))], dtype=np.float32)


def centroids(rows: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    """float32 (count, DIM), unit rows: spherical k-means (I. Dhillon, D. Modha, Machine Learning 42, 2001)."""
    clustering = faiss.Clustering(DIM, count)
    clustering.niter, clustering.seed, clustering.spherical = ROUND_COUNT, SEED, True
    clustering.max_points_per_centroid = ROWS_A_LIST
    clustering.train(np.ascontiguousarray(rows[: count * ROWS_A_LIST]), faiss.IndexFlatIP(DIM))
    return np.asarray(faiss.vector_to_array(clustering.centroids).reshape(count, DIM), dtype=np.float32)


def words(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """float32 (DIM / PART_DIM, WORD_COUNT, PART_DIM), by k-means in each part."""
    quantizer = faiss.ProductQuantizer(DIM, DIM // PART_DIM, WORD_COUNT.bit_length() - 1)
    quantizer.train(np.ascontiguousarray(rows[:WORD_ROW_COUNT]))
    found = faiss.vector_to_array(quantizer.centroids).reshape(-1, WORD_COUNT, PART_DIM)
    return np.asarray(found, dtype=np.float32)


if __name__ == "__main__":
    main()
