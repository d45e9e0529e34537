"""The inner loop of comparing descriptors, written as LLVM vectors: a block of a matrix product held in registers.

NumPy's product is as fast but pays for threads, checks and copies at this size, and plain loops are compiled to code
that keeps its sums in memory. Vectors of 16 numbers are split by LLVM where the processor has shorter ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

ROW_COUNT: Final = 8
COLUMN_COUNT: Final = 16
_FLOAT_BYTES: Final = 4
_I64 = ir.IntType(64)
_FLOAT = ir.FloatType()
_VECTOR = ir.VectorType(_FLOAT, COLUMN_COUNT)


@intrinsic  # type: ignore[untyped-decorator]
def add_tile(typingctx: Any, a: Any, a_first: Any, b: Any, b_first: Any, out: Any, out_first: Any) -> Any:  # noqa: PLR0917
    """out[r, c] = sum over k of a[k, a_first + r] * b[k, b_first + c] for ROW_COUNT rows and COLUMN_COUNT columns.

    a, b, out: C-contiguous float32 matrices; out_first: (first row, first column). The sums may be made in any order
    and fused; callers use whole numbers whose sums are exact. Offsets are not checked.
    """
    signature = types.void(a, types.int64, b, types.int64, out, types.UniTuple(types.int64, 2))

    def generate(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Sequence[Any]) -> Any:
        a_at, a_width, depth = _matrix(context, builder, signature.args[0], arguments[0])
        b_at, b_width, _ = _matrix(context, builder, signature.args[2], arguments[2])
        out_at, out_width, _ = _matrix(context, builder, signature.args[4], arguments[4])
        totals = [cgutils.alloca_once(builder, _VECTOR) for _ in range(ROW_COUNT)]
        for total in totals:
            builder.store(ir.Constant(_VECTOR, None), total)
        with cgutils.for_range(builder, depth) as loop:
            b_place = builder.add(builder.mul(loop.index, b_width), arguments[3])
            columns = builder.load(_vector_at(builder, b_at, b_place), align=_FLOAT_BYTES)
            a_place = builder.add(builder.mul(loop.index, a_width), arguments[1])
            for row, total in enumerate(totals):
                factor = builder.load(builder.gep(a_at, [builder.add(a_place, _I64(row))]))
                product = builder.fmul(_splat(builder, factor), columns, flags=("contract",))
                builder.store(builder.fadd(builder.load(total), product, flags=("contract",)), total)
        first_row, first_column = cgutils.unpack_tuple(builder, arguments[5], 2)
        for row, total in enumerate(totals):
            place = builder.add(builder.mul(builder.add(first_row, _I64(row)), out_width), first_column)
            builder.store(builder.load(total), _vector_at(builder, out_at, place), align=_FLOAT_BYTES)
        return context.get_dummy_value()

    return signature, generate


def _matrix(context: Any, builder: ir.IRBuilder, kind: Any, array: ir.Value) -> tuple[ir.Value, ir.Value, ir.Value]:
    """Pointer to the first number, numbers a row, rows."""
    made = context.make_array(kind)(context, builder, array)
    rows, width = cgutils.unpack_tuple(builder, made.shape, 2)
    return made.data, width, rows


def _vector_at(builder: ir.IRBuilder, first: ir.Value, place: ir.Value) -> ir.Value:
    return builder.bitcast(builder.gep(first, [place]), _VECTOR.as_pointer())


def _splat(builder: ir.IRBuilder, value: ir.Value) -> ir.Value:
    nothing = ir.Constant(_VECTOR, ir.Undefined)
    single = builder.insert_element(nothing, value, ir.IntType(32)(0))
    everywhere = ir.Constant(ir.VectorType(ir.IntType(32), COLUMN_COUNT), None)
    return builder.shuffle_vector(single, nothing, everywhere)
