"""The mean of several trained networks' weights, measured on the sets that they were measured on.

Runs from the same pre-trained weights often lie in one valley, where the mean is as good as its best member or better
(Wortsman et al., "Model soups", ICML 2022; so do Nes2Net and TCM report five averaged checkpoints). Runs from random
weights do not: there the mean is worth nothing, and its figures say so.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from truevoice.data.trial import Trial
from truevoice.detectors.calibrating import calibrate_scores
from truevoice.detectors.detector import Detector
from truevoice.detectors.opened import card_of
from truevoice.detectors.register import load
from truevoice.errors import CheckpointError, UsageError
from truevoice.evaluation.gather import gather
from truevoice.evaluation.score_set import ScoreSet
from truevoice.metrics import auc, eer
from truevoice.models.build import build
from truevoice.models.checkpoint import Checkpoint, read_checkpoint
from truevoice.models.converted import read_config
from truevoice.scoring.session import score_session
from truevoice.training.kept import write_trained
from truevoice.training.run_folder import BEST, SCORES
from truevoice.training.settings import Settings
from truevoice.windows import WindowPolicy

VALIDATION = "validation"


def mean_state(states: Sequence[dict[str, Tensor]]) -> dict[str, Tensor]:
    """The mean of each tensor over the states, in float64; whole-numbered ones (counters) are those of the first.

    Raises CheckpointError where the states are not of one network.
    """
    first = states[0]
    for other in states[1:]:
        differing = [key for key in first if key not in other or other[key].shape != first[key].shape]
        if differing or len(other) != len(first):
            raise CheckpointError(f"weights of different networks have no mean ({(differing or ['names'])[0]} differs)")
    return {
        key: torch.stack([state[key].double() for state in states]).mean(0).to(tensor.dtype)
        if tensor.is_floating_point()
        else tensor
        for key, tensor in first.items()
    }


def average_runs(runs: Sequence[Path], folder: Path, settings: Settings) -> dict[str, dict[str, float]]:
    """Writes the mean of the runs' best weights into `folder`, calibrated on validation as they were; gives its EER and
    AUC by set of the runs."""
    read: list[Checkpoint] = [read_checkpoint(run / BEST) for run in runs]
    config = read_config(runs[0] / BEST)
    card = card_of(config, runs[0] / BEST)
    network = build(card, mean_state([dict(one.state) for one in read]), str(folder), read[0].settings)
    policy = load(checkpoint=runs[0] / BEST, device="cpu").policy
    about: dict[str, Any] = {
        "origin": {"average_of": [read_config(run / BEST)["weights"]["sha256"] for run in runs]},
        "training": {**config["training"], "average_of": len(runs)},
        "windows": policy,
    }
    write_trained(folder, network, card, calibration=None, **about)
    detector = load(checkpoint=folder, device=settings.schedule.device)
    scored = {path.stem: _scored(path, detector, policy) for path in sorted((runs[0] / SCORES).glob("*.csv"))}
    if VALIDATION in scored:
        with suppress(UsageError):  # scores that do not rise with bona fide speech carry no calibration
            line = calibrate_scores(*scored[VALIDATION].split(), policy=policy, fitted_on={"set": VALIDATION})
            write_trained(folder, network, card, calibration=line, **about)
    figures = {}
    for name, found in scored.items():
        bonafide, spoof = found.split()
        figures[name] = {"eer": eer(bonafide, spoof)[0], "auc": auc(bonafide, spoof)}
    return figures


def _scored(path: Path, detector: Detector, policy: WindowPolicy) -> ScoreSet:
    with path.open(newline="", encoding="utf-8") as file:
        trials = [Trial(row["path"], row["path"], row["label"]) for row in csv.DictReader(file)]
    return gather(trials, score_session(detector, trials, policy).results())
