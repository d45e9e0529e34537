"""The pictures of identify and verify: each candidate beside the probe, with case and audit id in the frame."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from index.records import Modality
from matcher.access.context import AccessContext
from matcher.client import FINGERPRINT, MatcherClient, ServiceError
from matcher.commands import pictures
from matcher.commands.client_options import access_of
from matcher.commands.pictures import Pixels
from matcher.commands.probes import Probe
from matcher.errors import RequestError, SampleError
from matcher.fingerprint.image.resolution import gray_at_500_ppi
from matcher.formats.decode import decode_image
from matcher.texts.catalog import system_reason, text, told


def write_candidates(client: MatcherClient, answer: Any, probes: Sequence[Probe], options: argparse.Namespace) -> int:
    """One PNG per candidate, named by audit id and rank; how many. Raises RequestError where the folder cannot be
    written."""
    folder = _made(options.pictures)
    for candidate in answer.candidates:
        name = candidate.display_name or candidate.external_id or candidate.subject_id
        line = text("frame.rank", options.lang, rank=candidate.rank, what=name, **_scored(candidate, answer, options))
        picture = _drawn(
            client, candidate, probes, name=name, lines=[line, *_end(answer, options, "search.lead")], options=options
        )
        _write(folder / f"{answer.audit_id}-{candidate.rank:03}.png", picture)
    return len(answer.candidates)


def write_verified(
    client: MatcherClient, answer: Any, probes: Sequence[Probe], others: Sequence[Probe], options: argparse.Namespace
) -> int:
    """One PNG of the comparison; how many. Raises RequestError where the folder cannot be written."""
    folder = _made(options.pictures)
    name = options.subject or ", ".join(other.path.name for other in others)
    line = text("frame.verified", options.lang, what=name, **_scored(answer, answer, options))
    picture = _drawn(
        client,
        answer,
        probes,
        name=name,
        lines=[line, *_end(answer, options, "search.decision")],
        options=options,
        others=others,
    )
    _write(folder / f"{answer.audit_id}.png", picture)
    return 1


def _drawn(
    client: MatcherClient,
    compared: Any,
    probes: Sequence[Probe],
    *,
    name: str,
    lines: Sequence[str],
    options: argparse.Namespace,
    others: Sequence[Probe] = (),
) -> Pixels:
    """Each sample beside what it was compared with, one above the other."""
    parts = []
    for scored in compared.sample_scores:
        probe = probes[scored.probe_index]
        other = _image_of(client, scored, others, access_of(options))
        if probe.sample.modality is Modality.FACE:
            (picture, right_px), extra, missing = pictures.faces(_pixels(probe), other), [], "frame.no_image"
        else:
            picture, right_px = _finger(probe, scored.explanation, other)
            extra = [text("frame.pairs", options.lang, count=len(scored.explanation.pairs))]
            missing = "frame.minutiae_only"
        code = missing if other is None else "frame.other" if others else "frame.candidate"
        names = (text("frame.probe", options.lang, file=probe.path.name), text(code, options.lang, name=name))
        parts.append(pictures.framed(picture, names, right_px, [*lines, *extra]))
    return pictures.stacked(parts)


def _finger(probe: Probe, said: Any, other: Pixels | None) -> tuple[Pixels, int]:
    """said: how the two were compared. What has no image is drawn of its minutiae."""
    pairs = [((pair.probe.x_px, pair.probe.y_px), (pair.reference.x_px, pair.reference.y_px)) for pair in said.pairs]
    left = _print(probe)
    if left is None:
        left = _of_minutiae(said.probe_width_px, said.probe_height_px, said.probe_minutiae)
    right = other
    if right is None:
        right = _of_minutiae(said.reference_width_px, said.reference_height_px, said.reference_minutiae)
    return pictures.paired_prints(left, right, pairs)


def _of_minutiae(width_px: int, height_px: int, minutiae: Any) -> Pixels:
    drawn = [((one.x_px, one.y_px), one.direction_deg) for one in minutiae]
    return pictures.minutiae_drawn(max(width_px, 1), max(height_px, 1), drawn)


def _image_of(client: MatcherClient, scored: Any, others: Sequence[Probe], access: AccessContext) -> Pixels | None:
    """What the probe was compared with: the other file, or the enrolled image where the server keeps it; gray at 500
    ppi of a finger. None where there is no image."""
    if others:
        other = _compared_file(scored, others)
        if other is None or other.sample.modality is Modality.FACE:
            return None if other is None else _pixels(other)
        return _print(other)
    try:
        about, content = client.reference_image(scored.reference_id, access=access)
        image = decode_image(content, ppi=about.ppi or None)
        return gray_at_500_ppi(image) if _is_finger(scored) else image.pixels
    except (ServiceError, SampleError):
        return None


def _compared_file(scored: Any, others: Sequence[Probe]) -> Probe | None:
    """The one of the modality, and among several fingers that of the position."""
    fitting = [one for one in others if (one.sample.modality is Modality.FINGERPRINT) == _is_finger(scored)]
    exact = [one for one in fitting if int(one.sample.finger) == scored.finger_position]
    meant = exact or fitting
    return meant[0] if len(meant) == 1 else None


def _is_finger(scored: Any) -> bool:
    return bool(scored.modality == FINGERPRINT)


def _pixels(probe: Probe) -> Pixels:
    return decode_image(probe.sample.image_bytes, ppi=probe.sample.ppi).pixels


def _print(probe: Probe) -> Pixels | None:
    """Gray at 500 ppi; None for a template, and for an image of which no such print can be made here."""
    if probe.sample.minutiae_template:
        return None
    try:
        return gray_at_500_ppi(decode_image(probe.sample.image_bytes, ppi=probe.sample.ppi))
    except SampleError:
        return None


def _scored(scored: Any, answer: Any, options: argparse.Namespace) -> dict[str, str]:
    mark = text("search.above" if scored.above_threshold else "search.below", options.lang)
    star = "*" if scored.score_extrapolated else ""
    return {"score": f"{scored.score:.1f}{star}", "mark": mark, "threshold": f"{answer.threshold_score:.1f}"}


def _end(answer: Any, options: argparse.Namespace, meaning: str) -> tuple[str, str]:
    """Which search this was, and what it says of a person: nothing that an examiner has not said."""
    values = {"case": options.case, "operator": options.operator, "audit": answer.audit_id}
    return text("frame.case", options.lang, **values), text(meaning, options.lang)


def _made(folder: Path) -> Path:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise RequestError(told("search.folder", folder=folder, reason=system_reason(error))) from error
    return folder


def _write(path: Path, picture: Pixels) -> None:
    """Pictures of people are for whoever asked, and nobody else of this machine."""
    try:
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(pictures.png_of(picture))
    except OSError as error:
        raise RequestError(told("search.folder", folder=path.parent, reason=system_reason(error))) from error
