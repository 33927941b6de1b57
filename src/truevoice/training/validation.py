"""A labelled set heard by the network in training: every trial's score, and figures pooled over all of them.

Windows, pooling and scores are those of `truevoice evaluate`, so a figure of an epoch is the figure that the kept
weights get there. Trials are heard in blocks that are the same in any number of processes, and so are the figures.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from truevoice.data.trial import BONAFIDE, LeftOut, Trial
from truevoice.detectors.calibration import Calibration
from truevoice.detectors.card import Card
from truevoice.errors import TruevoiceError, UsageError
from truevoice.evaluation.score_set import ScoreSet
from truevoice.metrics import auc, decide, eer
from truevoice.training.frozen import AfterFrontEnd, FrozenFeatures
from truevoice.training.kept import scores_of_logits
from truevoice.training.processes import gathered, rank, world
from truevoice.training.recordings import Recordings, UndecodableError
from truevoice.windows import WindowPolicy, cut, pool

BLOCKS_AHEAD = 4  # decoded while the network computes

Heard = tuple[int, float, list[float]]  # trial's number, score, mean logits of its windows
Missed = tuple[int, str]  # trial's number, why it could not be heard


@dataclass(frozen=True)
class Measured:
    """A set once heard: every trial's score, and the mean loss over the trials (of each one's mean logits)."""

    score_set: ScoreSet
    loss: float


class MeasuredSet:
    """A set that is measured epoch after epoch; what its recordings decode to is kept where there is room.

    frozen: where it is given and first windows alone are heard, the front-end's output comes in their place.
    """

    def __init__(
        self,
        name: str,
        trials: Sequence[Trial],
        policy: WindowPolicy,
        *,
        room: int = 0,
        frozen: FrozenFeatures | None = None,
    ) -> None:
        self.name, self.trials, self.policy = name, list(trials), policy
        self.frozen = frozen if policy.kind == "first" else None
        self.recordings = Recordings(self.trials, first=policy.window if policy.kind == "first" else 0, room=room)

    def measure(
        self,
        network: nn.Module,
        loss: nn.Module,
        card: Card,
        *,
        device: torch.device,
        batch_size: int,
        progress: Callable[[str], Any] | None = None,
        divided: bool = True,
    ) -> Measured:
        """Hears all trials, each process its blocks; every process gets the whole.

        loss: on the CPU. divided: not where parameters are sharded, as all processes must compute together then. Raises
        TruevoiceError where none of a class can be decoded or the network's output is not finite.
        """
        own: list[Heard | Missed] = []
        count = math.ceil(len(self.trials) / batch_size)
        mine = range(rank(), count, world()) if divided else range(count)
        blocks = [range(at * batch_size, min((at + 1) * batch_size, len(self.trials))) for at in mine]
        hears = AfterFrontEnd(network) if self.frozen else network
        behind = self.frozen.network if self.frozen else network
        with evaluating(network), evaluating(behind), torch.inference_mode():
            for done, (block, decoded) in enumerate(zip(blocks, self._decoded(blocks)), start=1):
                own += self._heard(block, decoded, hears, card, device, batch_size)
                if progress:
                    heard = min(done * batch_size * (world() if divided else 1), len(self.trials))
                    progress(f"{self.name} {heard:,} of {len(self.trials):,}")
        every = gathered(own) if divided else [own]
        found = sorted((one for part in every for one in part), key=lambda one: one[0])
        return self._pooled(found, loss)

    def _decoded(self, blocks: Sequence[range]) -> Iterator[list[NDArray[np.float32] | str]]:
        """The windows (N, window) of each trial of a block, or why there are none; a few blocks ahead."""
        with ThreadPoolExecutor(max(1, torch.get_num_threads())) as threads:
            rest = iter(blocks)
            waiting = [threads.submit(self._windows_of, block) for block in islice(rest, BLOCKS_AHEAD)]
            while waiting:
                yield waiting.pop(0).result()
                waiting += [threads.submit(self._windows_of, block) for block in islice(rest, 1)]

    def _windows_of(self, block: range) -> list[NDArray[np.float32] | str]:
        found: list[NDArray[np.float32] | str] = []
        for index in block:
            try:
                found.append(self._windows(index))
            except UndecodableError as error:
                found.append(str(error))
        return found

    def _windows(self, index: int) -> NDArray[np.float32]:
        decode = lambda: cut(self.recordings.wave(index), self.policy)[1]  # noqa: E731
        if self.frozen is None:
            return decode()
        source = self.trials[index].source
        return self.frozen.of_recording(source, self.policy.window, lambda: decode()[0]).numpy()[None]

    def _heard(
        self,
        block: range,
        decoded: Sequence[NDArray[np.float32] | str],
        network: nn.Module,
        card: Card,
        device: torch.device,
        batch_size: int,
    ) -> list[Heard | Missed]:
        logits = iter(_logits([one for one in decoded if not isinstance(one, str)], network, device, batch_size))
        found: list[Heard | Missed] = []
        for index, windows in zip(block, decoded):
            if isinstance(windows, str):
                found.append((index, windows))
                continue
            own = next(logits)
            scores = scores_of_logits(own, card).numpy()
            if not np.isfinite(scores).all():
                raise TruevoiceError(
                    f"the network's output is not a number for {self.trials[index].name} ({self.name}); "
                    "a lower --lr or --max-grad-norm 1 keeps weights within bounds"
                )
            found.append((index, pool(scores, self.policy.pooling), own.double().mean(0).tolist()))
        return found

    def _pooled(self, found: Sequence[Heard | Missed], loss: nn.Module) -> Measured:
        heard = [one for one in found if len(one) == 3]
        left_out = [LeftOut(self.trials[one[0]].name, one[1]) for one in found if len(one) == 2]
        trials = [self.trials[one[0]] for one in heard]
        bonafide = np.array([trial.label == BONAFIDE for trial in trials], dtype=bool)
        if not bonafide.any() or bonafide.all():
            why = f", such as {left_out[0].name}: {left_out[0].reason}" if left_out else ""
            raise UsageError(f"{self.name}: no trials of both classes could be heard{why}")
        columns = sorted({name for trial in trials for name in trial.meta})
        score_set = ScoreSet(
            [trial.name for trial in trials],
            bonafide,
            np.array([one[1] for one in heard], dtype=np.float64),
            {name: [trial.meta.get(name, "") for trial in trials] for name in columns},
            [trial.source for trial in trials],
            left_out=left_out,
        )
        with torch.inference_mode():
            logits = torch.tensor([one[2] for one in heard], dtype=torch.float64)
            return Measured(score_set, float(loss(logits, torch.from_numpy(bonafide))))


def _logits(
    windows: Sequence[NDArray[np.float32]], network: nn.Module, device: torch.device, batch_size: int
) -> list[Tensor]:
    """The network's output (n, K) for each of several (n, …) windows, on the CPU; only those of one length together."""
    by_length: dict[tuple[int, ...], list[int]] = {}
    for at, one in enumerate(windows):
        by_length.setdefault(one.shape[1:], []).append(at)
    found: dict[int, Tensor] = {}
    for same in by_length.values():
        waves = torch.from_numpy(np.concatenate([windows[at] for at in same]))
        parts = [network(part.to(device)).float().cpu() for part in waves.split(batch_size)]
        found.update(zip(same, torch.cat(parts).split([len(windows[at]) for at in same])))
    return [found[at] for at in range(len(windows))]


def figures(measured: Measured, threshold: float) -> dict[str, float]:
    """loss, accuracy, eer, auc (fractions), threshold, n_bonafide, n_spoof: all over the whole set at once."""
    bonafide, spoof = measured.score_set.split()
    accuracy = decide(bonafide, spoof, threshold).accuracy
    assert accuracy is not None
    return {
        "loss": measured.loss,
        "accuracy": accuracy,
        "eer": eer(bonafide, spoof)[0],
        "auc": auc(bonafide, spoof),
        "threshold": threshold,
        "n_bonafide": int(bonafide.size),
        "n_spoof": int(spoof.size),
    }


def threshold_of(validation: ScoreSet, calibration: Calibration | None) -> float:
    """Where an epoch's accuracies are measured: where validation's calibration gives P(spoof) one half, as the kept
    detector decides; without one, at validation's EER."""
    return calibration.threshold if calibration else eer(*validation.split())[1]


@contextmanager
def evaluating(network: nn.Module) -> Iterator[None]:
    """The network without dropout and with fixed normalisation, and then as it was, module by module."""
    before = [(module, module.training) for module in network.modules()]
    network.eval()
    try:
        yield
    finally:
        for module, training in before:
            module.training = training
