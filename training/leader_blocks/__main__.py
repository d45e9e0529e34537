"""Fit the compact bottlenecks of the fast LEADER graph, on generated prints alone.

    python -m training.leader_blocks --weights LEADER.weights.h5 --out matcher/fingerprint/network/compact_blocks.npz

One block after the other gets as few hidden units as BLOCKS says: chosen by backward elimination (eliminate.py), then
taught by pixels to answer what the original's block answers there, given what the network so far gives it. Nothing is
seen of real prints. About 15 minutes on one core; seeded.
"""

from __future__ import annotations

import argparse
import copy
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from matcher.fingerprint.network.weights import read_leader_weights
from training.leader_blocks.eliminate import eliminate
from training.leader_blocks.network import Bottleneck, CompactBottleneck, Leader
from training.leader_blocks.prints import crops

# Hidden units a block, in the order of fitting: 256, 424 and 208 in the original. The blocks below work on a quarter of
# the pixels or less, and lose more than they gain: dec1_1 with 224 of 876 units is off by 14 % of its spread.
BLOCKS = {"enc1_0": 96, "dec1_0": 128, "head_0_ibc": 64}
HEAD = "head_0_ibc"
CAPTURES = 4
TESTED_FINGERS = 8
_NEAR_MINUTIA = 0.05
_LEAST_CONTRAST = 12.0
_ROWS_A_CROP = 1500
_BATCH_ROWS = 4096
_ELIMINATED_ROWS = 20_000


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """What the original makes of one crop. gated: what enters the second encoder-decoder. answers: of its blocks.
    near, ridges: bool (1, 1, height, width) at full resolution, near a minutia and where there is contrast."""

    gated: Tensor
    answers: dict[str, Tensor]
    near: Tensor
    ridges: Tensor


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", type=Path, required=True, help="LEADER.weights.h5 of the pyfing package")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--fingers", type=int, default=48, help="generated")
    parser.add_argument("--steps", type=int, default=6000, help="a block")
    args = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    original = Leader(read_leader_weights(args.weights)).requires_grad_(False)
    fitted = _examples(original, range(args.fingers))
    tested = _examples(original, range(400, 400 + TESTED_FINGERS))
    compact = copy.deepcopy(original)
    for name, count in BLOCKS.items():
        compact.blocks[name] = _fit_block(original, compact, name, count, fitted, tested, steps=args.steps)
    np.savez(args.out, **_arrays(compact))


def _examples(original: Leader, fingers: range) -> list[Example]:
    found = []
    for finger in fingers:
        for pixels in crops(finger, CAPTURES):
            image = torch.tensor(pixels[None, None].astype(np.float32))
            answers: dict[str, Tensor] = {}
            hooks = [original.blocks[name].register_forward_hook(_kept(answers, name)) for name in BLOCKS]
            gated = original.gated(image)
            features = original.features(gated)
            position = original.position_map(original.blocks[HEAD](features))
            for hook in hooks:
                hook.remove()
            mean = functional.avg_pool2d(image, 17, 1, 8)
            spread = (functional.avg_pool2d(image.square(), 17, 1, 8) - mean.square()).clamp(min=0).sqrt()
            near = functional.max_pool2d(position, 9, 1, 4) > _NEAR_MINUTIA
            found.append(Example(gated, answers, near, spread > _LEAST_CONTRAST))
        print(f"finger {finger}: {len(found)} crops", end="\r", flush=True)
    print()
    return found


def _kept(answers: dict[str, Tensor], name: str) -> Callable[[nn.Module, object, Tensor], None]:
    def keep(_module: nn.Module, _inputs: object, output: Tensor) -> None:
        answers[name] = output

    return keep


def _fit_block(
    original: Leader,
    compact: Leader,
    name: str,
    count: int,
    fitted: list[Example],
    tested: list[Example],
    *,
    steps: int,
) -> CompactBottleneck:
    """A compact block whose answer, behind what the compact network so far gives it, is the original's."""
    whole = original.blocks[name]
    assert isinstance(whole, Bottleneck)
    block = CompactBottleneck(whole, count)
    random = np.random.default_rng(len(name) + count)
    values, targets = _rows(compact, block, name, fitted, random)
    test_values, test_targets = _rows(compact, block, name, tested, random)
    spread = float(targets.var(0).mean().sqrt())
    expand = whole.expand.matrix * whole.norm.gain
    bias = whole.expand.bias + whole.expand.matrix @ whole.norm.offset
    hidden = functional.gelu(values[:_ELIMINATED_ROWS] @ expand.T + bias)
    units, matrix = eliminate(hidden.double().numpy(), targets[:_ELIMINATED_ROWS].double().numpy(), count)
    with torch.no_grad():
        block.expand.weight.copy_(expand[units][:, :, None, None])
        block.expand.bias.copy_(bias[units])
        block.reduce.weight.copy_(torch.tensor(matrix[:-1].T)[:, :, None, None])
        block.reduce.bias.copy_(torch.tensor(matrix[-1]))
    block.begun = (units, expand[units].T.clone(), bias[units].clone())

    def error(inputs: Tensor, wanted: Tensor) -> Tensor:
        rows = inputs[:, :, None, None]
        return (block.reduce(functional.gelu(block.expand(rows)))[:, :, 0, 0] - wanted).square().mean() / spread**2

    parameters = [*block.expand.parameters(), *block.reduce.parameters()]
    optimizer = torch.optim.Adam(parameters)
    for rate in _rates(3e-3, steps, warm_up=100):
        chosen = torch.randint(0, len(values), (_BATCH_ROWS,))
        _step(optimizer, rate, error(values[chosen], targets[chosen]))
    with torch.no_grad():
        left = float(error(test_values, test_targets).sqrt())
    print(f"{name}: {count} units, {len(values)} rows; on other fingers off by {left:.2%} of the spread", flush=True)
    return block


def _rows(
    compact: Leader, block: CompactBottleneck, name: str, examples: list[Example], random: np.random.Generator
) -> tuple[Tensor, Tensor]:
    """Normalized values (n, in) of pixels, and what the hidden part must add there (n, out).

    Half of the pixels lie near minutiae, an eighth where there is nothing.
    """
    values, targets = [], []
    for example in examples:
        x = _input_of(compact, name, example)
        value, target = block.values(x)[0], (example.answers[name] - block.linear(x))[0]
        factor = example.near.shape[-1] // value.shape[-1]
        near, ridges = (
            functional.max_pool2d(mask.float(), factor).reshape(-1).numpy() > 0
            for mask in (example.near, example.ridges)
        )
        chosen = np.concatenate(
            [
                random.permutation(np.flatnonzero(mask))[: int(share * _ROWS_A_CROP)]
                for mask, share in ((near, 0.5), (~near & ridges, 0.375), (~near & ~ridges, 0.125))
            ]
        )
        values.append(value.reshape(len(value), -1).T[chosen])
        targets.append(target.reshape(len(target), -1).T[chosen])
    return torch.cat(values).contiguous(), torch.cat(targets).contiguous()


def _input_of(network: Leader, name: str, example: Example) -> Tensor:
    found: dict[str, Tensor] = {}
    hook = network.blocks[name].register_forward_pre_hook(lambda _module, inputs: found.__setitem__(name, inputs[0]))
    with torch.no_grad():
        features = network.features(example.gated)
    hook.remove()
    # The head is not part of what gives the features.
    return found.get(name, features)


def _rates(highest: float, steps: int, *, warm_up: int) -> Iterator[float]:
    for step in range(steps):
        yield highest * min(1.0, (step + 1) / warm_up) * 0.5 * (1 + math.cos(math.pi * step / steps)) + 1e-7


def _step(optimizer: torch.optim.Optimizer, rate: float, error: Tensor) -> None:
    for group in optimizer.param_groups:
        group["lr"] = rate
    optimizer.zero_grad()
    error.backward()
    optimizer.step()


def _arrays(compact: Leader) -> dict[str, np.ndarray]:
    arrays = {}
    for name in BLOCKS:
        expand: nn.Conv2d = compact.blocks[name].expand
        reduce: nn.Conv2d = compact.blocks[name].reduce
        units, begun_expand, begun_bias = compact.blocks[name].begun
        arrays[f"{name}/units"] = units.astype(np.int16)
        # Only what was learned is kept; the original's weights stay in their pack.
        arrays[f"{name}/expand_change"] = (expand.weight.detach()[:, :, 0, 0].T - begun_expand).numpy()
        arrays[f"{name}/bias_change"] = (expand.bias.detach() - begun_bias).numpy()
        arrays[f"{name}/reduce"] = reduce.weight.detach()[:, :, 0, 0].T.numpy()
        arrays[f"{name}/out_bias"] = reduce.bias.detach().numpy()
    return {name: np.ascontiguousarray(array) for name, array in arrays.items()}


if __name__ == "__main__":
    main()
