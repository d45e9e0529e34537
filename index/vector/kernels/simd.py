"""Integer dot products in the instructions of this processor, written as LLVM vectors.

NumPy and FAISS have no product of 4-bit codes with 8-bit queries; the first pass of the quantized scan spends its time
in it. The instruction is chosen once, from what the processor has. All of them give the same integers.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

import llvmlite.binding as llvm
from llvmlite import ir
from numba.core import cgutils

I8, I32, I64, F32 = ir.IntType(8), ir.IntType(32), ir.IntType(64), ir.FloatType()
_I16 = ir.IntType(16)
# AVX2 adds two products in 16 bits, which could saturate; with numbers below 16 their sum is at most
# 2 * 15 * 127 = 3810, so that eight of them still fit.
PRODUCTS_TOGETHER = 8


class Instruction(Enum):
    """How products of unsigned and signed bytes, four at a time, are added to 32-bit sums."""

    AVX512_VNNI = "avx512vnni"
    AVX_VNNI = "avxvnni"
    AVX2 = "avx2"
    PLAIN = "plain"

    @property
    def lane_count(self) -> int:
        """32-bit sums in one register."""
        return 16 if self is Instruction.AVX512_VNNI else 8

    @property
    def register_count(self) -> int:
        """Registers that may hold sums while as many others hold codes and queries."""
        return 24 if self is Instruction.AVX512_VNNI else 8


def supported_instructions() -> tuple[Instruction, ...]:
    """Those that this processor has, the fastest first."""
    features = llvm.get_host_cpu_features()
    wide = bool(features.get("avx512vnni") and features.get("avx512vl"))
    present = {
        Instruction.AVX512_VNNI: wide,
        Instruction.AVX_VNNI: wide or bool(features.get("avxvnni")),
        Instruction.AVX2: bool(features.get("avx2")),
        Instruction.PLAIN: True,
    }
    return tuple(instruction for instruction, has_it in present.items() if has_it)


def best_instruction() -> Instruction:
    """The fastest one this processor has."""
    return supported_instructions()[0]


def vector(element: ir.Type, lane_count: int) -> ir.Type:
    """The LLVM vector type."""
    return ir.VectorType(element, lane_count)


def load(builder: ir.IRBuilder, base: ir.Value, offset_bytes: ir.Value, kind: ir.Type) -> ir.Value:
    """Unaligned load of a value of this kind from a byte pointer."""
    place = builder.gep(base, [offset_bytes])
    return builder.load(builder.bitcast(place, kind.as_pointer()), align=1)


def store(builder: ir.IRBuilder, value: ir.Value, base: ir.Value, offset_bytes: ir.Value) -> None:
    """Unaligned store to a byte pointer."""
    place = builder.gep(base, [offset_bytes])
    builder.store(value, builder.bitcast(place, value.type.as_pointer()), align=1)


def splat(builder: ir.IRBuilder, value: ir.Value, lane_count: int) -> ir.Value:
    """A vector whose lanes all hold this scalar."""
    kind = vector(value.type, lane_count)
    first = builder.insert_element(ir.Constant(kind, ir.Undefined), value, I32(0))
    return builder.shuffle_vector(
        first, ir.Constant(kind, ir.Undefined), ir.Constant(vector(I32, lane_count), [0] * lane_count)
    )


def sum_of_lanes(builder: ir.IRBuilder, numbers: ir.Value) -> ir.Value:
    """The sum of the 32-bit lanes."""
    lane_count = numbers.type.count
    name = f"llvm.vector.reduce.add.v{lane_count}i32"
    return builder.call(_declared(builder, name, I32, [numbers.type]), [numbers])


def nibbles(builder: ir.IRBuilder, codes: ir.Value) -> tuple[ir.Value, ir.Value]:
    """The low and the high 4-bit numbers of the bytes in a vector of 32-bit lanes, one a byte."""
    lane_count = codes.type.count
    mask = ir.Constant(codes.type, [0x0F0F0F0F] * lane_count)
    shift = ir.Constant(codes.type, [4] * lane_count)
    return builder.and_(codes, mask), builder.and_(builder.lshr(codes, shift), mask)


def add_products(
    builder: ir.IRBuilder, instruction: Instruction, sums: ir.Value, factors: Sequence[tuple[ir.Value, ir.Value]]
) -> ir.Value:
    """sums + the products of each lane's four numbers (0-15) with its four signed query codes, for each pair given.

    sums, numbers, query codes: vectors of 32-bit lanes. At most PRODUCTS_TOGETHER pairs.
    """
    assert len(factors) <= PRODUCTS_TOGETHER
    lane_count = sums.type.count
    if instruction in (Instruction.AVX512_VNNI, Instruction.AVX_VNNI):
        function = _declared(builder, f"llvm.x86.avx512.vpdpbusd.{32 * lane_count}", sums.type, [sums.type] * 3)
        for numbers, query in factors:
            sums = builder.call(function, [sums, numbers, query])
        return sums
    if instruction is Instruction.AVX2:
        return add_widened(builder, sums, add_pairs(builder, None, factors))
    for numbers, query in factors:
        for place in range(4):
            left = builder.lshr(numbers, ir.Constant(numbers.type, [8 * place] * lane_count))
            left = builder.and_(left, ir.Constant(numbers.type, [0xFF] * lane_count))
            right = builder.shl(query, ir.Constant(query.type, [24 - 8 * place] * lane_count))
            right = builder.ashr(right, ir.Constant(query.type, [24] * lane_count))
            sums = builder.add(sums, builder.mul(left, right))
    return sums


def add_pairs(builder: ir.IRBuilder, pairs: ir.Value | None, factors: Sequence[tuple[ir.Value, ir.Value]]) -> ir.Value:
    """AVX2: sums in 16 bits of each two products of numbers and query codes, added to pairs unless that is None. At
    most PRODUCTS_TOGETHER factors fit in them."""
    for numbers, query in factors:
        bytes_kind, pair_kind = vector(I8, 4 * numbers.type.count), vector(_I16, 2 * numbers.type.count)
        multiply = _declared(builder, "llvm.x86.avx2.pmadd.ub.sw", pair_kind, [bytes_kind, bytes_kind])
        found = builder.call(multiply, [builder.bitcast(operand, bytes_kind) for operand in (numbers, query)])
        pairs = found if pairs is None else builder.add(pairs, found)
    return pairs


def add_widened(builder: ir.IRBuilder, sums: ir.Value, pairs: ir.Value) -> ir.Value:
    """AVX2: sums + each two of pairs."""
    widen = _declared(builder, "llvm.x86.avx2.pmadd.wd", sums.type, [pairs.type, pairs.type])
    return builder.add(sums, builder.call(widen, [pairs, ir.Constant(pairs.type, [1] * pairs.type.count)]))


def _declared(builder: ir.IRBuilder, name: str, result: ir.Type, arguments: list[ir.Type]) -> ir.Function:
    return cgutils.get_or_insert_function(builder.module, ir.FunctionType(result, arguments), name)
