"""The compiled inner loops of the quantized scan: numba intrinsics made of the vector pieces in simd.py.

Layout of codes (quantized/codes.py makes it): a byte holds two numbers 0-15, of positions p and p + half_length. The
high plane interleaves 16 rows: 64-byte vector s of a block holds bytes 4s..4s+3 of each of its rows. The low plane
keeps each row's half_length bytes together.
"""

# ruff: noqa: PLR0917 - numba calls intrinsics by position
from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from index.vector.kernels import simd
from index.vector.kernels.simd import F32, I8, I32, I64, Instruction

BLOCK_ROW_COUNT = 16
GROUP_BLOCK_COUNT = 4
GROUP_ROW_COUNT = BLOCK_ROW_COUNT * GROUP_BLOCK_COUNT
VECTOR_BYTES = 4 * BLOCK_ROW_COUNT
# Vectors of a block that are worked on together; padded_length(dim) / 8 is a multiple of it.
STEPS_TOGETHER = 4
LOW_VECTOR_BYTES = 32
_LOW_LANE_COUNT = LOW_VECTOR_BYTES // 4

_Arguments = Sequence[Any]


@dataclass(frozen=True, slots=True)
class Kernels:
    """Callable only from numba code; offsets and strides count elements of their arrays.

    dots_of_one(codes, code_offset, step_count, queries, query_offset, query_stride, sums): sums int32 (64,) becomes
        the products of one query with the 64 rows of a group of the high plane. step_count = half_length / 4.
    dots_of_several(...): the same for query_count queries; sums int32 (query_count * 64,).
    low_dot(codes, code_offset, queries, query_offset, half_length) -> int32: one row of the low plane with one query.
    reaching(sums, sum_offset, query_total, factor, scales, residuals, row_offset, residual_factor, floor) -> uint64:
        bit r is set where scales[r] * factor * (2 * sums[r] - 15 * query_total) + residuals[r] * residual_factor
        reaches floor, in float32.
    fetch(codes, code_offset, length): asks for these bytes of the low plane ahead of low_dot.
    lowest_bit(bits) -> int64: number of the lowest set bit.
    """

    query_count: int
    dots_of_one: Callable[..., Any]
    dots_of_several: Callable[..., Any]
    low_dot: Callable[..., Any]
    reaching: Callable[..., Any]
    fetch: Callable[..., Any]
    lowest_bit: Callable[..., Any]


def make_kernels(instruction: Instruction) -> Kernels:
    """The loops for one instruction; they are compiled when the scan that calls them is."""
    query_count = instruction.register_count // (GROUP_BLOCK_COUNT if instruction.lane_count == 16 else 2)
    return Kernels(
        query_count=query_count,
        dots_of_one=_group_dots_of_one(instruction),
        dots_of_several=_group_dots(instruction, query_count),
        low_dot=_low_dot(instruction),
        reaching=_reaching(),
        fetch=_fetch(),
        lowest_bit=_lowest_bit(),
    )


def _group_dots_of_one(instruction: Instruction) -> Callable[..., Any]:
    """One query needs few registers for sums, so that the codes are read in the order in which they lie."""
    lanes = instruction.lane_count
    parts = range(BLOCK_ROW_COUNT // lanes)

    def emit(
        builder: ir.IRBuilder, codes: ir.Value, steps: ir.Value, queries: ir.Value, _stride: ir.Value, sums: ir.Value
    ) -> None:
        half_length = builder.mul(steps, I64(4))
        for block in range(GROUP_BLOCK_COUNT):
            first = builder.mul(steps, I64(VECTOR_BYTES * block))
            totals = _zeroed(builder, list(product(parts, range(STEPS_TOGETHER))), lanes)
            with cgutils.for_range(builder, builder.udiv(steps, I64(STEPS_TOGETHER))) as loop:
                factors: dict[int, list[tuple[ir.Value, ir.Value]]] = {part: [] for part in parts}
                for step in range(STEPS_TOGETHER):
                    number = builder.add(builder.mul(loop.index, I64(STEPS_TOGETHER)), I64(step))
                    place = builder.mul(number, I64(4))
                    low = simd.splat(builder, simd.load(builder, queries, place, I32), lanes)
                    high = simd.splat(builder, simd.load(builder, queries, builder.add(place, half_length), I32), lanes)
                    row = builder.add(first, builder.mul(number, I64(VECTOR_BYTES)))
                    for part in parts:
                        rows = simd.load(
                            builder, codes, builder.add(row, I64(4 * lanes * part)), simd.vector(I32, lanes)
                        )
                        factors[part] += zip(simd.nibbles(builder, rows), (low, high), strict=True)
                for part, found in factors.items():
                    # As many at a time as add_products adds in one sum; else a sum for each, so that none waits.
                    share = len(found) if instruction is Instruction.AVX2 else 2
                    for start in range(0, len(found), share):
                        slot = totals[part, start // share]
                        chosen = found[start : start + share]
                        builder.store(simd.add_products(builder, instruction, builder.load(slot), chosen), slot)
            for part in parts:
                total = builder.load(totals[part, 0])
                for step in range(1, STEPS_TOGETHER):
                    total = builder.add(total, builder.load(totals[part, step]))
                simd.store(builder, total, sums, I64(4 * (BLOCK_ROW_COUNT * block + lanes * part)))

    return _as_intrinsic(emit)


def _group_dots(instruction: Instruction, query_count: int) -> Callable[..., Any]:
    lanes = instruction.lane_count
    # With 256-bit registers a group is walked block by block, or too few would be left for the queries.
    blocks_together = GROUP_BLOCK_COUNT if lanes == BLOCK_ROW_COUNT else 1
    # AVX2 widens once for so many steps; the others add to 32 bits in one instruction.
    steps_together = STEPS_TOGETHER if instruction is Instruction.AVX2 else 1
    slots = list(product(range(blocks_together), range(BLOCK_ROW_COUNT // lanes)))

    def emit(
        builder: ir.IRBuilder, codes: ir.Value, steps: ir.Value, queries: ir.Value, stride: ir.Value, sums: ir.Value
    ) -> None:
        block_bytes = builder.mul(steps, I64(VECTOR_BYTES))
        half_length = builder.mul(steps, I64(4))
        with cgutils.for_range(builder, I64(GROUP_BLOCK_COUNT // blocks_together)) as blocks:
            first = builder.mul(blocks.index, I64(blocks_together))
            totals = _zeroed(builder, list(product(slots, range(query_count))), lanes)
            with cgutils.for_range(builder, builder.udiv(steps, I64(steps_together))) as loop:
                pairs: dict[Any, ir.Value] = {}
                for number in range(steps_together):
                    step = builder.add(builder.mul(loop.index, I64(steps_together)), I64(number))
                    rows = {}
                    for block, part in slots:
                        place = builder.mul(block_bytes, builder.add(first, I64(block)))
                        place = builder.add(place, builder.mul(step, I64(VECTOR_BYTES)))
                        place = builder.add(place, I64(4 * lanes * part))
                        loaded = simd.load(builder, codes, place, simd.vector(I32, lanes))
                        rows[block, part] = simd.nibbles(builder, loaded)
                    for query in range(query_count):
                        place = builder.add(builder.mul(stride, I64(query)), builder.mul(step, I64(4)))
                        low = simd.splat(builder, simd.load(builder, queries, place, I32), lanes)
                        place = builder.add(place, half_length)
                        high = simd.splat(builder, simd.load(builder, queries, place, I32), lanes)
                        for slot in slots:
                            factors = list(zip(rows[slot], (low, high), strict=True))
                            if instruction is Instruction.AVX2:
                                pairs[slot, query] = simd.add_pairs(builder, pairs.get((slot, query)), factors)
                                continue
                            total = totals[slot, query]
                            builder.store(simd.add_products(builder, instruction, builder.load(total), factors), total)
                for name, of_steps in pairs.items():
                    total = totals[name]
                    builder.store(simd.add_widened(builder, builder.load(total), of_steps), total)
            for ((block, part), query), total in totals.items():
                lane = builder.mul(builder.add(first, I64(block)), I64(BLOCK_ROW_COUNT))
                lane = builder.add(lane, I64(GROUP_ROW_COUNT * query + lanes * part))
                simd.store(builder, builder.load(total), sums, builder.mul(lane, I64(4)))

    return _as_intrinsic(emit)


def _as_intrinsic(emit: Callable[..., None]) -> Callable[..., Any]:
    @intrinsic  # type: ignore[untyped-decorator]
    def group_dots(
        typingctx: Any,
        codes: Any,
        code_offset: Any,
        step_count: Any,
        queries: Any,
        query_offset: Any,
        query_stride: Any,
        sums: Any,
    ) -> Any:
        signature = types.void(codes, types.int64, types.int64, queries, types.int64, types.int64, sums)

        def generate(context: Any, builder: ir.IRBuilder, signature: Any, arguments: _Arguments) -> Any:
            kinds = signature.args
            emit(
                builder,
                _pointer(context, builder, kinds[0], arguments[0], arguments[1]),
                arguments[2],
                _pointer(context, builder, kinds[3], arguments[3], arguments[4]),
                arguments[5],
                _pointer(context, builder, kinds[6], arguments[6], I64(0)),
            )
            return context.get_dummy_value()

        return signature, generate

    return group_dots  # type: ignore[no-any-return]


def _low_dot(instruction: Instruction) -> Callable[..., Any]:
    kind = simd.vector(I32, _LOW_LANE_COUNT)
    # Rows are read one at a time here, in 256-bit vectors, where AVX-512 VNNI and AVX-VNNI are the same.

    @intrinsic  # type: ignore[untyped-decorator]
    def low_dot(typingctx: Any, codes: Any, code_offset: Any, queries: Any, query_offset: Any, half_length: Any) -> Any:
        signature = types.int32(codes, types.int64, queries, types.int64, types.int64)

        def generate(context: Any, builder: ir.IRBuilder, signature: Any, arguments: _Arguments) -> Any:
            row = _pointer(context, builder, signature.args[0], arguments[0], arguments[1])
            query = _pointer(context, builder, signature.args[2], arguments[2], arguments[3])
            totals = _zeroed(builder, [0, 1], _LOW_LANE_COUNT)
            with cgutils.for_range(builder, builder.udiv(arguments[4], I64(LOW_VECTOR_BYTES))) as loop:
                place = builder.mul(loop.index, I64(LOW_VECTOR_BYTES))
                numbers = simd.nibbles(builder, simd.load(builder, row, place, kind))
                parts = [
                    simd.load(builder, query, offset, kind) for offset in (place, builder.add(place, arguments[4]))
                ]
                factors = list(zip(numbers, parts, strict=True))
                # Two sums, so that no product waits for the one before it; AVX2 has more to do for each sum.
                shares = [factors] if instruction is Instruction.AVX2 else [[factor] for factor in factors]
                for slot, share in zip(totals.values(), shares, strict=False):
                    builder.store(simd.add_products(builder, instruction, builder.load(slot), share), slot)
            return simd.sum_of_lanes(builder, builder.add(builder.load(totals[0]), builder.load(totals[1])))

        return signature, generate

    return low_dot  # type: ignore[no-any-return]


def _reaching() -> Callable[..., Any]:
    ints, floats = simd.vector(I32, BLOCK_ROW_COUNT), simd.vector(F32, BLOCK_ROW_COUNT)

    @intrinsic  # type: ignore[untyped-decorator]
    def reaching(
        typingctx: Any,
        sums: Any,
        sum_offset: Any,
        query_total: Any,
        factor: Any,
        scales: Any,
        residuals: Any,
        row_offset: Any,
        residual_factor: Any,
        floor: Any,
    ) -> Any:
        number = types.float32
        signature = types.uint64(sums, types.int64, types.int32, number, scales, residuals, types.int64, number, number)

        def generate(context: Any, builder: ir.IRBuilder, signature: Any, arguments: _Arguments) -> Any:
            sum_at = _pointer(context, builder, signature.args[0], arguments[0], arguments[1])
            scale_at = _pointer(context, builder, signature.args[4], arguments[4], arguments[6])
            residual_at = _pointer(context, builder, signature.args[5], arguments[5], arguments[6])
            center = simd.splat(builder, builder.mul(arguments[2], I32(15)), BLOCK_ROW_COUNT)
            factor, residual_factor, floor = (
                simd.splat(builder, arguments[place], BLOCK_ROW_COUNT) for place in (3, 7, 8)
            )
            bits = I64(0)
            for block in range(GROUP_BLOCK_COUNT):
                offset = I64(VECTOR_BYTES * block)
                doubled = builder.shl(
                    simd.load(builder, sum_at, offset, ints), ir.Constant(ints, [1] * BLOCK_ROW_COUNT)
                )
                product_ = builder.fmul(builder.sitofp(builder.sub(doubled, center), floats), factor)
                estimate = builder.fmul(product_, simd.load(builder, scale_at, offset, floats))
                bound = builder.fmul(simd.load(builder, residual_at, offset, floats), residual_factor)
                reached = builder.fcmp_ordered(">=", builder.fadd(estimate, bound), floor)
                mask = builder.zext(builder.bitcast(reached, ir.IntType(BLOCK_ROW_COUNT)), I64)
                bits = builder.or_(bits, builder.shl(mask, I64(BLOCK_ROW_COUNT * block)))
            return bits

        return signature, generate

    return reaching  # type: ignore[no-any-return]


def _fetch() -> Callable[..., Any]:
    @intrinsic  # type: ignore[untyped-decorator]
    def fetch(typingctx: Any, codes: Any, code_offset: Any, length: Any) -> Any:
        def generate(context: Any, builder: ir.IRBuilder, signature: Any, arguments: _Arguments) -> Any:
            row = _pointer(context, builder, signature.args[0], arguments[0], arguments[1])
            kind = ir.FunctionType(ir.VoidType(), [row.type, I32, I32, I32])
            prefetch = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
            line_count = builder.udiv(builder.add(arguments[2], I64(VECTOR_BYTES - 1)), I64(VECTOR_BYTES))
            with cgutils.for_range(builder, line_count) as loop:
                line = builder.gep(row, [builder.mul(loop.index, I64(VECTOR_BYTES))])
                # For reading, keep in all caches, data.
                builder.call(prefetch, [line, I32(0), I32(3), I32(1)])
            return context.get_dummy_value()

        return types.void(codes, types.int64, types.int64), generate

    return fetch  # type: ignore[no-any-return]


def _lowest_bit() -> Callable[..., Any]:
    @intrinsic  # type: ignore[untyped-decorator]
    def lowest_bit(typingctx: Any, bits: Any) -> Any:
        def generate(context: Any, builder: ir.IRBuilder, signature: Any, arguments: _Arguments) -> Any:
            return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 1))

        return types.int64(types.uint64), generate

    return lowest_bit  # type: ignore[no-any-return]


def _pointer(context: Any, builder: ir.IRBuilder, kind: Any, array: ir.Value, offset: ir.Value) -> ir.Value:
    """Byte pointer to an element of a flat numba array."""
    first = context.make_array(kind)(context, builder, array).data
    return builder.bitcast(builder.gep(first, [offset]), I8.as_pointer())


def _zeroed(builder: ir.IRBuilder, names: Sequence[Any], lane_count: int) -> dict[Any, ir.Value]:
    """A stack slot of zeros for each name; LLVM keeps them in registers."""
    zero = ir.Constant(simd.vector(I32, lane_count), None)
    slots = {name: cgutils.alloca_once(builder, zero.type) for name in names}
    for slot in slots.values():
        builder.store(zero, slot)
    return slots
