"""Templates of whole data sets, in parallel processes and through the cache."""

import multiprocessing
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import cv2

from benchmarks.datasets import ImageFile
from benchmarks.engines import Engine, EngineSpec, Extracted, load_engine
from benchmarks.progress import track
from benchmarks.template_cache import TemplateCache

_worker_engine: Engine | None = None


def extract_files(
    files: Sequence[ImageFile], *, spec: EngineSpec, engine: Engine, cache_folder: Path | None, job_count: int
) -> list[Extracted]:
    """One Extracted a file, in order. engine: of the parent process; with one job it does the work itself."""
    cache = TemplateCache(cache_folder, pack_id=engine.pack_id, code_key=engine.cache_key)
    samples = [cache.read(file.path, file.ppi) for file in files]
    missing = [row for row, sample in enumerate(samples) if sample is None]
    work = [(files[row].path, files[row].ppi) for row in missing]
    found = _in_this_process(engine, work) if job_count <= 1 else _in_processes(spec, work, job_count)
    for row, sample in zip(missing, track(found, total=len(missing), what="extract"), strict=True):
        cache.write(files[row].path, files[row].ppi, sample)
        samples[row] = sample
    return [sample for sample in samples if sample is not None]


def failure_counts(samples: Sequence[Extracted]) -> dict[str, int]:
    """Failures to enroll by error class."""
    return dict(Counter(sample.failure for sample in samples if sample.failed))


def _in_this_process(engine: Engine, work: Sequence[tuple[Path, float | None]]) -> Iterator[Extracted]:
    for path, ppi in work:
        yield engine.extract(path, ppi)


def _in_processes(spec: EngineSpec, work: Sequence[tuple[Path, float | None]], job_count: int) -> Iterator[Extracted]:
    if not work:
        return
    # Spawned, not forked: ONNX Runtime's threads do not survive a fork.
    context = multiprocessing.get_context("spawn")
    workers = min(job_count, len(work))
    with ProcessPoolExecutor(workers, context, initializer=_load_worker, initargs=(spec,)) as pool:
        yield from pool.map(_extract_one, work, chunksize=1 if len(work) < 200 else 4)


def _load_worker(spec: EngineSpec) -> None:
    global _worker_engine  # noqa: PLW0603  one engine a process, loaded once
    # Each process has one core; a library that starts a thread for every core would make them fight.
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[variable] = "1"
    cv2.setNumThreads(1)
    _worker_engine = load_engine(spec)


def _extract_one(work: tuple[Path, float | None]) -> Extracted:
    assert _worker_engine is not None
    return _worker_engine.extract(*work)
