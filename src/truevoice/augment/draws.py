"""Random numbers from either kind of NumPy source: the fast one of training, and the one of published vectors."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


class Draws:
    """What augmentation asks of chance, from an explicit source.

    From a `numpy.random.Generator` the draws are the fastest ones of the same distribution. From a
    `numpy.random.RandomState` they are those that published code takes from `numpy.random`, value by value, so that
    its outputs can be had again.
    """

    def __init__(self, source: np.random.Generator | np.random.RandomState) -> None:
        self._source = source

    def uniforms(self, count: int) -> NDArray[np.float64]:
        """`count` values, uniform in [0, 1)."""
        return self._source.random(count)

    def between(self, least: float, most: float) -> float:
        """One value, uniform from `least` to `most`; the first may be the greater one."""
        return float(least + (most - least) * self._source.random())

    def one_of(self, count: int) -> int:
        """A whole number from 0 to `count` − 1, all equally likely."""
        return min(int(self._source.random() * count), count - 1)

    def normals(self, count: int) -> NDArray[np.floating]:
        """`count` values of the standard normal distribution."""
        if isinstance(self._source, np.random.RandomState):
            return self._source.normal(0, 1, count)
        # Box and Muller (Ann. Math. Stat. 29, 1958): whole arrays of logarithms and cosines take a third of the time
        # of NumPy's own rejection method. 23 random bits under an exponent of 0 are uniform in [1, 2); with so many,
        # values reach 5.6 standard deviations. The 1 too much in the angle is a full turn.
        half = (count + 1) // 2
        bits = self._source.integers(0, 2**64, half, dtype=np.uint64).view(np.uint32)
        bits >>= np.uint32(9)
        bits |= np.uint32(0x3F800000)
        normal = bits.view(np.float32)
        radius = np.subtract(np.float32(2), normal[:half])
        np.log(radius, out=radius)
        radius *= np.float32(-2)
        np.sqrt(radius, out=radius)
        angle = np.multiply(normal[half:], np.float32(2 * np.pi))
        np.multiply(np.cos(angle), radius, out=normal[:half])
        np.multiply(np.sin(angle, out=angle), radius, out=normal[half:])
        return normal[:count]

    def positions(self, length: int, count: int) -> NDArray[np.int64]:
        """`count` different positions below `length`, every choice equally likely."""
        if isinstance(self._source, np.random.RandomState):
            return self._source.permutation(length)[:count]
        return self._source.choice(length, count, replace=False, shuffle=False)
