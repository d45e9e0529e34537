"""How far ridges widen and narrow before new ones begin: the ridge period that an orientation field asks for."""

import cv2
import numpy as np
from numpy.typing import NDArray

Float64Array = NDArray[np.float64]

CELL_PX = 8
REACH_PX = 70.0  # over about this distance skin lets ridges follow; further away the usual period holds
STIFFNESS_PX = 14.0  # differences over less than this distance are smoothed
STEEPEST = 1 / 22  # radians a pixel: nearer to a singular point the fan grows without bound
LARGEST = 0.24  # of the natural logarithm of the period
ROUNDS = 60


def relaxed_log_period(orientation: NDArray[np.float32]) -> NDArray[np.float32]:
    """Natural logarithm of the period relative to the usual one: float32, shape of orientation, within +-LARGEST.

    Ridges that fan out either widen or make room for new ones, which all point the same way. Without new ones the
    logarithm u of the period grows along the ridge as fast as the ridges diverge: t grad u = div t, t the unit tangent.
    This is the least squares solution of that, of u = 0 within REACH_PX, and of a smooth u, by conjugate gradients.
    orientation: radians in [0, pi), y up.
    """
    height_px, width_px = orientation.shape
    doubled = np.exp(2j * orientation).astype(np.complex64).view(np.float32).reshape(height_px, width_px, 2)
    size = (-(-width_px // CELL_PX), -(-height_px // CELL_PX))
    coarse = cv2.resize(doubled, size, interpolation=cv2.INTER_AREA)
    angle = np.arctan2(coarse[..., 1], coarse[..., 0]).astype(np.float64) / 2
    solution = _least_squares(np.cos(angle), -np.sin(angle), _divergence(angle))
    return np.asarray(
        cv2.resize(
            (LARGEST * np.tanh(solution / LARGEST)).astype(np.float32),
            (width_px, height_px),
            interpolation=cv2.INTER_CUBIC,
        ),
        np.float32,
    )


def _divergence(angle: Float64Array) -> Float64Array:
    """Of the unit tangent (cos, -sin), y down, per pixel; orientations are known up to half turns."""
    across, down = (_half_difference(angle, axis) for axis in (1, 0))
    return np.clip(-np.sin(angle) * across - np.cos(angle) * down, -STEEPEST, STEEPEST)


def _half_difference(angle: Float64Array, axis: int) -> Float64Array:
    step = np.diff(angle, axis=axis)
    step -= np.pi * np.round(step / np.pi)
    first = np.take(step, [0], axis=axis)
    last = np.take(step, [-1], axis=axis)
    return np.asarray(
        (np.concatenate([first, step], axis=axis) + np.concatenate([step, last], axis=axis)) / 2 / CELL_PX
    )


def _least_squares(along_x: Float64Array, along_y: Float64Array, divergence: Float64Array) -> Float64Array:
    def normal(u: Float64Array) -> Float64Array:
        along = along_x * _slope(u, 1) + along_y * _slope(u, 0)
        total = _slope_adjoint(along_x * along, 1) + _slope_adjoint(along_y * along, 0) + u / REACH_PX**2
        for axis in (0, 1):
            total += (STIFFNESS_PX / REACH_PX) ** 2 * _slope_adjoint(_slope(u, axis), axis)
        return total

    solution = np.zeros_like(divergence)
    left = _slope_adjoint(along_x * divergence, 1) + _slope_adjoint(along_y * divergence, 0)
    direction, squared = left.copy(), float((left * left).sum())
    for _ in range(ROUNDS):
        if squared < 1e-14:
            break
        image = normal(direction)
        step = squared / float((direction * image).sum())
        solution += step * direction
        left -= step * image
        squared, before = float((left * left).sum()), squared
        direction = left + squared / before * direction
    return solution


def _slope(u: Float64Array, axis: int) -> Float64Array:
    """Forward difference per pixel, 0 past the end."""
    step = np.diff(u, axis=axis) / CELL_PX
    return np.concatenate([step, np.zeros_like(np.take(u, [0], axis=axis))], axis=axis)


def _slope_adjoint(u: Float64Array, axis: int) -> Float64Array:
    moved = np.roll(u, 1, axis=axis)
    moved[(slice(None),) * axis + (0,)] = 0
    held = u.copy()
    held[(slice(None),) * axis + (-1,)] = 0
    return np.asarray((moved - held) / CELL_PX)
