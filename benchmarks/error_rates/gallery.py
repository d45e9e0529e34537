"""References and probes from folders: the first image of each finger or person against all its others."""

import argparse
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.datasets import DatasetError, ImageFile
from benchmarks.engines import Engine, Extracted
from benchmarks.error_rates.arguments import read_datasets, same_identities
from benchmarks.extraction import failure_counts


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
