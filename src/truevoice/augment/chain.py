"""A chain of augmentation steps: what it does to a recording depends on seed, epoch and index, and on nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from truevoice.augment.draws import Draws
from truevoice.augment.kinds import KINDS
from truevoice.augment.step import PLACES, Step, build, suggestion
from truevoice.errors import UsageError, one_line


@dataclass(frozen=True)
class Chain:
    """Steps in order, each with its position in the list that it came from. Empty chains are false.

    A step draws from a generator of its own, seeded with (seed, epoch, index, position): neither the order of calls nor
    the number of processes nor the other steps change what it does.
    """

    steps: tuple[tuple[int, Step], ...] = ()

    @staticmethod
    def from_list(steps: Sequence[Mapping[str, Any]], origin: str = "augment") -> Chain:
        """Steps such as {"kind": "rawboost", "algorithm": 5, "probability": 0.8}, in order.

        origin: where they stand, for messages. Raises UsageError, one line that names the step: unknown kind or
        parameter (with a suggestion), a value out of its bounds, a missing folder, an encoder that is not there.
        """
        if isinstance(steps, str | Mapping) or not isinstance(steps, Sequence):
            raise UsageError(f"{origin} is a list of steps, each with a kind")
        return Chain(tuple((position, _step(given, position, origin)) for position, given in enumerate(steps)))

    def to_list(self) -> list[dict[str, Any]]:
        """The steps with all their parameters as plain values; `from_list` reads them again."""
        return [step.to_dict() for _, step in self.steps]

    def on(self, place: str) -> Chain:
        """The steps that act on the "recording" before it is cut, or on the "window". Raises UsageError for another
        place."""
        if place not in PLACES:
            raise UsageError(f"augmentation acts on {' or '.join(PLACES)}, not on {one_line(place, 80)}")
        return Chain(tuple((position, step) for position, step in self.steps if step.on == place))

    def __bool__(self) -> bool:
        return bool(self.steps)

    def __call__(self, wave: NDArray[np.floating], *, seed: int, epoch: int, index: int) -> NDArray[np.float32]:
        """(n,) at 16 kHz, full scale ±1 → float32 of the same length (a trimming step may shorten it).

        seed, epoch, index: whole numbers from 0: of the run, and of the recording within the manifest. `wave` is left
        as it is. Raises UsageError for another shape, AudioError where no recording of a step's folder can be read.
        """
        if wave.ndim != 1:
            raise UsageError(f"augmentation takes one channel of samples, not an array of shape {wave.shape}")
        if min(seed, epoch, index) < 0:
            raise UsageError("seed, epoch and index of an augmentation are whole numbers from 0")
        changed = np.asarray(wave, np.float32)
        for position, step in self.steps:
            if not len(changed):
                break
            key = np.random.SeedSequence(seed, spawn_key=(epoch, index, position))
            draws = Draws(np.random.Generator(np.random.SFC64(key)))
            if draws.between(0, 1) < step.probability:
                changed = step.apply(changed, draws).astype(np.float32, copy=False)
        return changed.copy() if changed is wave or changed.base is not None else changed


def _step(given: Mapping[str, Any], position: int, origin: str) -> Step:
    where = f"{origin} step {position + 1}"
    if not isinstance(given, Mapping) or "kind" not in given:
        raise UsageError(f"{where}: give a kind, one of {', '.join(KINDS)}")
    kind = str(given["kind"])
    if kind not in KINDS:
        raise UsageError(f"{where}: kind {one_line(kind, 80)!r} is not known; {suggestion(kind, KINDS)}")
    try:
        return build(KINDS[kind], {name: value for name, value in given.items() if name != "kind"})
    except UsageError as error:
        raise UsageError(f"{where} ({kind}): {error}") from None
