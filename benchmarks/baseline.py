"""The committed ratios that the quick profile is held against, one file per processor class."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

BASELINES = Path(__file__).parent / "baselines"
# A ratio within this is never a regression: order and alignment of code move small loops that much between builds.
LEAST_MARGIN = 0.15
# The baseline's noise spans runs on an idle and on a busy machine; half as much again for states it did not meet.
BASELINE_FACTOR = 1.5
# Three times the noise of the current run's median has not been exceeded by unchanged code.
CURRENT_FACTOR = 3.0


@dataclass(frozen=True, slots=True)
class Ratio:
    """ratio: of a stage's time to the yardstick's. noise: relative half width of its 95 % interval; in a baseline, of
    the span of its runs."""

    ratio: float
    noise: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """change: relative to the baseline. margin: what the noise of both explains."""

    stage: str
    change: float
    margin: float

    @property
    def regressed(self) -> bool:
        return self.change > self.margin


def baseline_path(processor: str, folder: Path = BASELINES) -> Path:
    return folder / f"{processor}.json"


@dataclass(frozen=True, slots=True)
class Baseline:
    """stages: ratios by stage; empty where none was committed for this processor class. about: versions and date."""

    stages: dict[str, Ratio]
    about: dict[str, str]

    def other_versions(self, libraries: Mapping[str, str]) -> list[str]:
        """What makes a comparison one of libraries instead of this code: "numpy 2.4.6 -> 2.5.0"."""
        return [
            f"{name} {self.about.get(name, 'unknown')} -> {version}"
            for name, version in libraries.items()
            if self.about.get(name) != version
        ]


def read_baseline(path: Path) -> Baseline:
    if not path.is_file():
        return Baseline({}, {})
    stored = json.loads(path.read_text(encoding="utf-8"))
    stages = {name: Ratio(float(one["ratio"]), float(one["noise"])) for name, one in stored["stages"].items()}
    return Baseline(stages, dict(stored["about"]))


def write_baseline(path: Path, stages: Mapping[str, Ratio], about: Mapping[str, str]) -> None:
    rows = {name: {"ratio": round(one.ratio, 5), "noise": round(one.noise, 4)} for name, one in stages.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"about": dict(about), "stages": rows}, indent=2) + "\n", encoding="utf-8")


def judge(current: Mapping[str, Ratio], baseline: Mapping[str, Ratio]) -> list[Verdict]:
    """One verdict a stage that both have."""
    return [
        Verdict(
            name,
            current[name].ratio / old.ratio - 1,
            max(LEAST_MARGIN, BASELINE_FACTOR * old.noise + CURRENT_FACTOR * current[name].noise),
        )
        for name, old in baseline.items()
        if name in current
    ]
