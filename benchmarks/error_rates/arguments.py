"""Arguments and reading that the error rate commands share."""

import argparse
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks.datasets import Dataset, DatasetError, ImageFile, read_dataset
from benchmarks.engines import Engine, EngineError, EngineSpec, Extracted, default_job_count, load_engine
from benchmarks.extraction import extract_files
from benchmarks.held_out import is_held_out
from benchmarks.template_cache import default_cache_folder


def add_dataset_arguments(parser: argparse.ArgumentParser, *, only: str = "") -> None:
    """--modality, --data, --out, --pack, --ppi, --jobs, --cache, --no-cache. only: the one usable modality."""
    choices = (only,) if only else ("fingerprint", "face")
    parser.add_argument("--modality", choices=choices, required=not only, default=only or None)
    parser.add_argument(
        "--data",
        type=Path,
        nargs="+",
        action="extend",
        required=True,
        metavar="DIR",
        help="folders of FINGER_IMPRESSION.ext files, or of one folder per finger or person",
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="where the report is written")
    parser.add_argument(
        "--pack",
        default="",
        help="default: leader; an installed face pack, else face-builtin",
    )
    parser.add_argument(
        "--ppi",
        type=float,
        help="pixels per inch of every print; default: ppi.txt in the folder, else the published value of the FVC set "
        "that the folder is named after, else the file's own, else 500 with a warning",
    )
    if only != "fingerprint":
        parser.add_argument(
            "--held-out",
            action="store_true",
            help="only the people whom the built-in face pack did not see in training (of the set it was trained on)",
        )
    parser.add_argument("--jobs", type=int, default=0, metavar="N", help="processes that extract (default: cores)")
    parser.add_argument(
        "--cache", type=Path, default=None, metavar="DIR", help="template cache, outside the repository"
    )
    parser.add_argument("--no-cache", action="store_true", help="extract everything anew and keep no template")


def add_same_argument(parser: argparse.ArgumentParser) -> None:
    """--same, of the commands that put several folders together."""
    parser.add_argument(
        "--same",
        nargs="+",
        action="extend",
        default=[],
        metavar="FOLDER/ID=FOLDER/ID",
        help="fingers or persons of two folders that are one and the same (research sets overlap)",
    )


def same_identities(args: argparse.Namespace) -> dict[str, str]:
    """FOLDER/ID -> the FOLDER/ID that stands for both. Raises DatasetError."""
    pairs = [given.partition("=")[::2] for given in args.same]
    if any("/" not in side for pair in pairs for side in pair):
        raise DatasetError("--same must be FOLDER/ID=FOLDER/ID, with names of --data folders")
    return dict(pairs)


def engine_spec(args: argparse.Namespace) -> EngineSpec:
    return EngineSpec(args.modality, args.pack)


def measured(args: argparse.Namespace, measure: Callable[[argparse.Namespace, Engine], int]) -> int:
    """Runs a measurement with the engine loaded; prints what is wrong with folders or packs, exit code 2."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("default")
            warnings.showwarning = _print_warning
            args.out.mkdir(parents=True, exist_ok=True)
            return measure(args, load_engine(engine_spec(args)))
    except (DatasetError, EngineError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


def read_datasets(args: argparse.Namespace, engine: Engine) -> Iterator[tuple[Dataset, list[Extracted]]]:
    """Each --data folder with the extracted samples of its files. Names of folders must differ. Raises DatasetError."""
    names = [folder.resolve().name for folder in args.data]
    if len(set(names)) < len(names):
        raise DatasetError("two --data folders have the same name, which names the data set in the report")
    for folder in args.data:
        dataset = read_dataset(folder, fingerprints=args.modality == "fingerprint", ppi=args.ppi)
        if getattr(args, "held_out", False):
            files = tuple(file for file in dataset.files if is_held_out(file.identity))
            if not files:
                raise DatasetError(f"{dataset.name}: nobody there was held out of training")
            dataset = replace(dataset, files=files)
        yield dataset, extract(args, engine, dataset.files)


def extract(args: argparse.Namespace, engine: Engine, files: Sequence[ImageFile]) -> list[Extracted]:
    return extract_files(
        files,
        spec=engine_spec(args),
        engine=engine,
        cache_folder=None if args.no_cache else args.cache or default_cache_folder(),
        job_count=args.jobs or default_job_count(),
    )


def _print_warning(message: object, *_: object, **__: object) -> None:
    print(f"warning: {message}", file=sys.stderr)
