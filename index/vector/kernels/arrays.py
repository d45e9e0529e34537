"""Arrays that compiled functions make for themselves. numba compiles np.empty and np.zeros anew for every type.

With a numba whose inner workings are not known (numba_version.py) these are np.empty and np.zeros.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np import arrayobj

from index.vector.kernels.numba_version import is_tried


def _array_of(shape: Any, dtype: Any) -> Any:
    return types.Array(arrayobj.ty_parse_dtype(dtype), arrayobj.ty_parse_shape(shape), "C")


def _made(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Sequence[ir.Value]) -> Any:
    kind, shape = arrayobj._parse_empty_args(context, builder, signature, arguments)
    return arrayobj._empty_nd_impl(context, builder, kind, shape)


def _empty(_typing: Any, shape: Any, dtype: Any) -> Any:
    """Compiled: as numpy.empty. shape: a whole number or a tuple of them."""

    def generate(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Sequence[ir.Value]) -> Any:
        return _made(context, builder, signature, arguments)._getvalue()

    return _array_of(shape, dtype)(shape, dtype), generate


def _zeros(_typing: Any, shape: Any, dtype: Any) -> Any:
    """Compiled: as numpy.zeros. shape: a whole number or a tuple of them."""

    def generate(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Sequence[ir.Value]) -> Any:
        array = _made(context, builder, signature, arguments)
        cgutils.memset(builder, array.data, builder.mul(array.itemsize, array.nitems), 0)
        return array._getvalue()

    return _array_of(shape, dtype)(shape, dtype), generate


empty: Any = intrinsic(_empty) if is_tried() else np.empty
zeros: Any = intrinsic(_zeros) if is_tried() else np.zeros
