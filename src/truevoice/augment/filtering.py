"""Long signals through finite filters: blocks of a fast transform, several branches summed in the frequency domain."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

Wave = NDArray[np.floating]
KEPT_NUMBERS = 2**18  # 4 MB, enough for signals of half a minute; more is given back after the call
BLOCK = 4096  # a block and its spectrum stay in the second-level cache


def fast_size(least: int) -> int:
    """The smallest 2^a, 3·2^a or 5·2^a that is at least `least`: sizes at which transforms are fast."""
    return min(factor << max(0, (-(-least // factor) - 1).bit_length()) for factor in (1, 3, 5))


def filtered_sum(signals: Iterable[Wave], kernels: Sequence[Wave], *, ahead: int = 0) -> Wave:
    """The sum of several signals, each through its own filter, as long as the signals and aligned with them.

    signals: arrays (n,). kernels: arrays of odd length 2M + 1, each around its own middle. With signals 0 outside,
    y[t] = Σᵢ Σₖ kernelᵢ[M + k] · signalᵢ[t + ahead − k], k from −M to M; so `ahead` = −M is a causal filter.
    Computed in float64, given in the type of the signals.

    Overlap-save (Oppenheim and Schafer, Discrete-Time Signal Processing, section 8.7). A real filter keeps real and
    imaginary part apart, so two blocks go through each complex transform, and all branches share the way back.
    """
    blocks: _Blocks | None = None
    reach = max(len(kernel) // 2 for kernel in kernels)
    for signal, kernel in zip(signals, kernels, strict=True):
        blocks = blocks or _Blocks(len(signal), reach)
        blocks.add(signal, reach - ahead, kernel)
    if blocks is None:
        raise ValueError("no signals")
    return blocks.sum(signal.dtype)


class _Blocks:
    """The first half of a signal as real, the second half as imaginary part, in overlapping blocks."""

    def __init__(self, n: int, reach: int) -> None:
        self.n = n
        self.reach = reach
        self.size = min(max(BLOCK, fast_size(8 * reach)), fast_size(n + 2 * reach))
        self.hop = self.size - 2 * reach
        self.rows = -(-n // (2 * self.hop))
        shape = (self.rows, self.size)
        self._packed = _memory("packed", self.rows * self.hop + 2 * reach)
        strides = (self.hop * self._packed.itemsize, self._packed.itemsize)
        self._blocks: NDArray[np.complex128] = np.ndarray(shape, np.complex128, self._packed.data, strides=strides)
        self._total = _memory("total", self.rows * self.size).reshape(shape)
        self._is_empty = True

    def add(self, signal: Wave, at: int, kernel: Wave) -> None:
        """`signal`, its first sample at `at` of the packed memory, through `kernel`."""
        _place(self._packed.real, signal, at)
        _place(self._packed.imag, signal, at - self.rows * self.hop)
        into = self._total if self._is_empty else _memory("branch", self._total.size).reshape(self._total.shape)
        np.fft.fft(self._blocks, out=into)
        _weight(into, kernel)
        if not self._is_empty:
            self._total += into
        self._is_empty = False

    def sum(self, dtype: np.dtype) -> Wave:
        filtered = np.fft.ifft(self._total, out=self._total)[:, self.reach : self.reach + self.hop]
        y = np.empty((2, self.rows, self.hop), dtype)
        y[0] = filtered.real
        y[1] = filtered.imag
        return y.reshape(-1)[: self.n]


_kept = threading.local()


def _memory(use: str, count: int) -> NDArray[np.complex128]:
    """`count` numbers of any content, from this thread's last call where it had as many: fresh pages cost as much
    time as the transforms."""
    had: NDArray[np.complex128] | None = getattr(_kept, use, None)
    if had is None or len(had) < count:
        had = np.empty(count, np.complex128)
        if count <= KEPT_NUMBERS:
            setattr(_kept, use, had)
    return had[:count]


def _place(line: NDArray[np.float64], signal: Wave, at: int) -> None:
    """`signal` into `line`, its first sample at `at`, which may lie before the line; zeros around it."""
    kept = signal[max(0, -at) : max(0, len(line) - at)]
    start = min(max(0, at), len(line))
    line[:start] = 0
    line[start : start + len(kept)] = kept
    line[start + len(kept) :] = 0


def _weight(spectra: NDArray[np.complex128], kernel: Wave) -> None:
    """`spectra` (rows, size) times the response of `kernel` whose middle is at time 0."""
    size = spectra.shape[1]
    middle = len(kernel) // 2
    turned = np.zeros(size)
    turned[: middle + 1] = kernel[middle:]
    turned[size - middle :] = kernel[:middle]
    half = np.fft.rfft(turned)
    mirrored = half[1 : (size + 1) // 2][::-1]
    if np.array_equal(kernel, kernel[::-1]):  # then the response is real: half of the multiplications
        response = np.empty((size, 2))
        response[: len(half)] = half.real[:, None]
        response[len(half) :] = mirrored.real[:, None]
        parts = spectra.view(np.float64)
        parts *= response.reshape(-1)
    else:
        spectra *= np.concatenate([half, mirrored.conj()])
