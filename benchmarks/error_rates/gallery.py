"""References and probes from folders: the first image of each finger or person against all its others."""

import argparse
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.datasets import DatasetError, ImageFile
from benchmarks.engines import Engine, Extracted
from benchmarks.error_rates.arguments import extract, read_datasets, same_identities
from benchmarks.extraction import failure_counts
from benchmarks.pieces import made_of
from benchmarks.progress import track


@dataclass(frozen=True, slots=True, eq=False)
class Enrollment:
    """references: one per finger or person. probes: (sample, row of its mate in references). probe_names, datasets,
    probe_files: of each probe."""

    references: list[Extracted]
    probes: list[tuple[Extracted, int]]
    probe_names: list[str]
    datasets: list[str]
    probe_files: list[ImageFile]

    @property
    def reference_failures(self) -> dict[str, int]:
        return failure_counts(self.references)

    @property
    def probe_failures(self) -> dict[str, int]:
        return failure_counts([sample for sample, _ in self.probes])

    def share_by_dataset(self, flags: Sequence[bool]) -> dict[str, float]:
        """Share of probes of each data set for which the flag is set."""
        found: dict[str, list[bool]] = defaultdict(list)
        for name, flag in zip(self.datasets, flags, strict=True):
            found[name].append(flag)
        return {name: sum(flags) / len(flags) for name, flags in found.items()}


def read_enrollment(args: argparse.Namespace, engine: Engine) -> Enrollment:
    """The folders of --data together. Raises DatasetError where no finger or person has two images."""
    enrollment = Enrollment([], [], [], [], [])
    same = same_identities(args)
    mates: dict[str, int] = {}
    for dataset, samples in read_datasets(args, engine):
        for identity, rows in dataset.identities().items():
            name = f"{dataset.name}/{identity}"
            name = same.get(name, name)
            is_new = name not in mates
            mate = mates.setdefault(name, len(enrollment.references))
            if is_new:
                enrollment.references.append(samples[rows[0]])
            for row in rows[int(is_new) :]:
                enrollment.probes.append((samples[row], mate))
                enrollment.probe_names.append(f"{dataset.name}/{dataset.files[row].name}")
                enrollment.datasets.append(dataset.name)
                enrollment.probe_files.append(dataset.files[row])
    if not enrollment.probes:
        raise DatasetError("no finger or person has two images, so there is no probe")
    return enrollment


def made_probes(
    args: argparse.Namespace, engine: Engine, enrollment: Enrollment, chosen: Sequence[int]
) -> Iterator[tuple[int, int, Extracted]]:
    """(side in px or 0 of a turned print, row of the mate, sample) of what made_of makes of the probes chosen, numbers;
    what gave no template is left out."""
    with tempfile.TemporaryDirectory() as folder:
        made = [
            (side_px, enrollment.probes[number][1], file)
            for number in track(chosen, total=len(chosen), what="cut")
            for side_px, file in made_of(enrollment.probe_files[number], number, Path(folder))
        ]
        samples = extract(args, engine, [file for _, _, file in made])
    for (side_px, mate, _), sample in zip(made, samples, strict=True):
        if not sample.failed:
            yield side_px, mate, sample
