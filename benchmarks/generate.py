"""Generated prints as image files FINGER_IMPRESSION.png at 500 ppi: a data set that shows no real person."""

import argparse
from dataclasses import fields, replace
from pathlib import Path

from PIL import Image as PillowImage

from benchmarks.generated_prints import CaptureConditions, impression, master_print
from benchmarks.progress import track


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    parser.add_argument("--fingers", type=int, default=10)
    parser.add_argument("--impressions", type=int, default=8)
    parser.add_argument("--seed", type=int, default=0, help="seed of the first finger; the others follow")
    parser.add_argument("--width", type=int, default=400, help="pixels")
    parser.add_argument("--height", type=int, default=480, help="pixels")
    for field in fields(CaptureConditions):
        option = "--" + field.name.replace("_", "-")
        parser.add_argument(option, type=float, default=field.default, help=f"default {field.default}")


def run(args: argparse.Namespace) -> int:
    args.out.mkdir(parents=True, exist_ok=True)
    given = {field.name: getattr(args, field.name) for field in fields(CaptureConditions)}
    conditions = replace(CaptureConditions(), **given)
    for finger in track(range(1, args.fingers + 1), total=args.fingers, what="generate"):
        master = master_print(args.seed + finger - 1)
        for number in range(1, args.impressions + 1):
            pixels = impression(master, number, conditions=conditions, width_px=args.width, height_px=args.height)
            path = args.out / f"{finger}_{number}.png"
            PillowImage.fromarray(pixels).save(path, dpi=(500, 500))
    print(f"{args.fingers * args.impressions} prints of {args.fingers} generated fingers in {args.out}")
    return 0
