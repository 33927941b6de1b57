"""Which trials come in which batch: a function of seed and epoch alone, whatever processes and workers there are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from torch.utils.data import Sampler

ORDER = 0x0E0  # apart from the streams of crops and of augmentation


class Draw(NamedTuple):
    """One place in a batch. trial: its number. stream: what its crop and augmentation are seeded with, another
    one each time that a trial is drawn within an epoch. share: its weight in the mean over the whole batch, times the
    number of processes, which is what a mean over processes divides by. Shares follow the loss's weights of the
    classes, so a batch in parts has the loss and the gradient of the whole."""

    epoch: int
    trial: int
    stream: int
    share: float


def draws_of_epoch(
    size: int, seed: int, epoch: int, weights: NDArray[np.float64] | None = None
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(trials' numbers, streams), each (size,), in the order of the epoch: each trial once, or, with `weights` that sum
    to 1, draws with replacement."""
    random = np.random.default_rng([seed, epoch, ORDER])
    if weights is None:
        order = random.permutation(size).astype(np.int64)
        return order, order
    order = random.choice(size, size, p=weights).astype(np.int64)
    by_trial = np.argsort(order, kind="stable")
    ranked = order[by_trial]
    first = np.searchsorted(ranked, ranked)
    times_before = np.empty(size, np.int64)
    times_before[by_trial] = np.arange(size) - first
    return order, order + size * times_before


class Batches(Sampler[list[Draw]]):
    """The batches of one process, epoch after epoch, each cut into `parts` that are computed one after another.

    A batch of `batch_size` draws goes over the processes and parts as evenly as can be. The last, smaller one is left
    out with `drop_last`, unless it is the only one; it may come in fewer parts. A process for which nothing is left of
    a part gets a draw of share 0, as all must take part in each step. weights: how often each trial is drawn;
    importance: its weight in the mean of the losses over a batch; (size,) both, all alike where they are not given.
    """

    def __init__(
        self,
        size: int,
        batch_size: int,
        *,
        seed: int,
        parts: int = 1,
        drop_last: bool = True,
        weights: NDArray[np.float64] | None = None,
        importance: NDArray[np.float64] | None = None,
        rank: int = 0,
        world: int = 1,
    ) -> None:
        self.size, self.batch_size, self.parts, self.seed = size, batch_size, parts, seed
        self.weights, self.rank, self.world = weights, rank, world
        self.importance = np.ones(size) if importance is None else importance
        self.epoch = 0
        self.full, rest = divmod(size, batch_size)
        self.rest = rest if rest and (not drop_last or not self.full) else 0

    def set_epoch(self, epoch: int) -> None:
        """Epochs count from 0."""
        self.epoch = epoch

    @property
    def steps(self) -> int:
        """Whole batches, the last one included, in an epoch."""
        return self.full + bool(self.rest)

    def __len__(self) -> int:
        return self.full * self._parts_of(self.batch_size) + (self._parts_of(self.rest) if self.rest else 0)

    def __iter__(self) -> Iterator[list[Draw]]:
        epoch = self.epoch
        order, streams = draws_of_epoch(self.size, self.seed, epoch, self.weights)
        weights = self.importance[order]
        for step in range(self.steps):
            at = np.arange(step * self.batch_size, min((step + 1) * self.batch_size, self.size))
            total = weights[at].sum() / self.world
            for part in np.array_split(at, self._parts_of(len(at))):
                own = np.array_split(part, self.world)[self.rank]
                shares = weights[own] / total if len(own) else [0.0]
                places = own if len(own) else part[:1]
                yield [Draw(epoch, int(order[i]), int(streams[i]), float(share)) for i, share in zip(places, shares)]

    def _parts_of(self, size: int) -> int:
        """All full batches have `parts`, which is what the steps are counted by."""
        return self.parts if size == self.batch_size else max(1, min(self.parts, size // self.world))
