"""Arrays by their addresses, so that one compiled call can walk over any number of them.

A tuple of arrays is compiled anew for every length, and a call for each array comes back to Python in between, where
it waits for the GIL while other threads are busy: up to 5 ms each time, which made searches pause.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from index.durable.cache_file import AnyArray


def address_of(array: AnyArray) -> int:
    """Of the first element. Keeps nothing alive: whoever passes it on holds the array meanwhile."""
    # Compiled code takes it for contiguous.
    assert array.flags.c_contiguous
    address: int = array.__array_interface__["data"][0]
    return address


@intrinsic  # type: ignore[untyped-decorator]
def pointer(_typing: Any, address: Any) -> Any:
    """Compiled: an address as the pointer that numba.carray takes."""

    def generate(_context: Any, builder: ir.IRBuilder, _signature: Any, arguments: Any) -> ir.Value:
        return builder.inttoptr(arguments[0], cgutils.voidptr_t)

    return types.voidptr(address), generate
