"""All that a pack says about its scores, from its manifest to the calibration that comparisons are scored with."""

from __future__ import annotations

from dataclasses import replace

from matcher.packs.manifest import ModelPack
from matcher.scoring.calibration import Calibration
from matcher.scoring.shared_condition import SharedCondition


def calibration_of(pack: ModelPack) -> Calibration | None:
    """The pack's calibration, or this site's where it has one, with what bad photographs share; None where there is no
    calibration. Raises PackError."""
    if pack.calibration is None:
        return None
    calibration = Calibration.from_table(pack.calibration)
    if pack.conditions is None:
        return calibration
    return replace(calibration, shared_condition=SharedCondition.from_table(pack.conditions, pack.dim))
