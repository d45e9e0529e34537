"""python -m benchmarks wsq-damage: damaged WSQ files, kind by kind, and how many are made a picture of all the same."""

from __future__ import annotations

import argparse
import io
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image as PillowImage

from benchmarks.progress import track
from matcher.errors import ImageError
from matcher.formats.decode import decode_image

Damage = Callable[[bytes, np.random.Generator], bytes]


def _cut_off(whole: bytes, random: np.random.Generator) -> bytes:
    return whole[: random.integers(3, len(whole))]


def _flipped(bit_count: int) -> Damage:
    def damage(whole: bytes, random: np.random.Generator) -> bytes:
        damaged = bytearray(whole)
        for _ in range(bit_count):
            damaged[random.integers(2, len(whole))] ^= 1 << int(random.integers(0, 8))
        return bytes(damaged)

    return damage


def _overwritten(whole: bytes, random: np.random.Generator) -> bytes:
    damaged = bytearray(whole)
    for place in random.integers(2, len(whole), 20):
        damaged[place] = int(random.integers(0, 256))
    return bytes(damaged)


def _deleted(byte_count: int) -> Damage:
    def damage(whole: bytes, random: np.random.Generator) -> bytes:
        place = int(random.integers(2, len(whole) - byte_count))
        return whole[:place] + whole[place + byte_count :]

    return damage


def _inserted(whole: bytes, random: np.random.Generator) -> bytes:
    place = int(random.integers(2, len(whole)))
    return whole[:place] + random.bytes(1) + whole[place:]


def _zeroed(whole: bytes, random: np.random.Generator) -> bytes:
    place = int(random.integers(2, len(whole) - 64))
    return whole[:place] + bytes(64) + whole[place + 64 :]


DAMAGES: dict[str, Damage] = {
    "cut off": _cut_off,
    "one bit flipped": _flipped(1),
    "five bits flipped": _flipped(5),
    "20 bytes overwritten": _overwritten,
    "one byte deleted": _deleted(1),
    "50 bytes deleted": _deleted(50),
    "one byte inserted": _inserted,
    "64 bytes zeroed": _zeroed,
}


def generated_wsq() -> bytes:
    """A print-like pattern of 256 × 320 px, coded at the usual rate."""
    import wsq  # noqa: F401, PLC0415 - registers the encoder with Pillow

    rows, columns = np.mgrid[:320, :256]
    distance = np.hypot(rows - 150, (columns - 120) * 1.2)
    ridges = 128 + 100 * np.sin(distance / 1.5 + np.sin(rows / 40))
    shown = np.where(distance < 140, ridges, 250).astype(np.uint8)
    buffer = io.BytesIO()
    PillowImage.fromarray(shown).save(buffer, "WSQ")
    return buffer.getvalue()


def unnoticed(whole: bytes, damage: Damage, count: int, *, seed: int) -> Iterator[float]:
    """Mean difference in gray levels from the undamaged picture, of each damaged file that is decoded."""
    random = np.random.default_rng(seed)
    shown = decode_image(whole).pixels.astype(np.int64)
    for _ in range(count):
        damaged = damage(whole, random)
        if damaged == whole:
            continue
        try:
            pixels = decode_image(damaged).pixels
        except ImageError:
            continue
        yield float(np.abs(pixels - shown).mean()) if pixels.shape == shown.shape else 255.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--file", type=Path, help="a WSQ file to damage instead of a generated one")
    parser.add_argument("--count", type=int, default=60, help="files of each kind")
    parser.add_argument("--seed", type=int, default=5)


def run(args: argparse.Namespace) -> int:
    whole = args.file.read_bytes() if args.file else generated_wsq()
    found = {
        name: list(unnoticed(whole, damage, args.count, seed=args.seed))
        for name, damage in track(DAMAGES.items(), total=len(DAMAGES), what="damaged files")
    }
    print("| damage | files | decoded | their largest mean difference, gray levels |")
    print("|---|---|---|---|")
    for name, differences in found.items():
        print(f"| {name} | {args.count} | {len(differences)} | {max(differences, default=0.0):.2f} |")
    print(f"| **all** | {args.count * len(found)} | {sum(map(len, found.values()))} | |")
    return 0
