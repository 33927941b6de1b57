"""Memory of a mapped file, given back to the system once what stood in it has been rewritten elsewhere."""

from __future__ import annotations

import ctypes
import mmap
import sys
from collections.abc import Iterable

from torch import Tensor

MADV_PAGEOUT = 21  # Linux 5.4: take these pages out of memory; what is not on disk yet stays


def let_go(tensors: Iterable[Tensor]) -> None:
    """Tells Linux that these tensors on the CPU are not needed soon. A hint: they stay valid, and may be read again.

    Of a mapped file the pages leave the process's memory at once. Elsewhere than on Linux nothing happens.
    """
    if not sys.platform.startswith("linux"):
        return
    madvise = ctypes.CDLL(None).madvise
    madvise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    for tensor in tensors:
        first = -(-tensor.data_ptr() // mmap.PAGESIZE) * mmap.PAGESIZE
        length = (tensor.data_ptr() + tensor.nbytes) // mmap.PAGESIZE * mmap.PAGESIZE - first
        if length > 0:
            madvise(first, length, MADV_PAGEOUT)
