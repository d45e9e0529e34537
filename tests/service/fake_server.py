"""`python -m tests.service.fake_server`: the real server over the real store and audit file, with fake engines.

An argument "ACTION before_audit" (or after_audit) kills the process beside the record that says ok of that action.
"""

from __future__ import annotations

import sys
from typing import Any

from index.records import Modality
from matcher.assembly.loading import LoadedPacks
from matcher.config import Settings, load_settings
from matcher.extraction.engines import Engines
from matcher.packs.manifest import ModelPack
from matcher.server.app import serve
from matcher.texts.catalog import text
from tests.fakes import (
    CALIBRATION,
    FACE_PACK_ID,
    FINGERPRINT_PACK_ID,
    FakeComparer,
    FakeFaceEngine,
    FakeFingerprintEngine,
)
from tests.faults import kill_beside_record


def load(settings: Settings) -> LoadedPacks:
    packs = tuple(
        ModelPack(*pack_id.split("@"), modality, "Apache-2.0", True, "tests", ())
        for pack_id, modality in ((FACE_PACK_ID, Modality.FACE), (FINGERPRINT_PACK_ID, Modality.FINGERPRINT))
    )
    return LoadedPacks(
        engines=Engines(FakeFaceEngine(), FakeFingerprintEngine()),
        comparer=FakeComparer(),
        packs=packs,
        calibrations={FACE_PACK_ID: CALIBRATION, FINGERPRINT_PACK_ID: CALIBRATION},
        quality_floors={Modality.FACE: 30, Modality.FINGERPRINT: 30},
    )


def say(code: str, **values: Any) -> None:
    print(text(code, "en", **values), file=sys.stderr, flush=True)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        kill_beside_record(*sys.argv[1].split())
    serve(load_settings(), say=say, load=load)
