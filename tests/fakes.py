"""A detector whose scores can be computed by hand, so that tests of scoring need no network."""

import numpy as np

from truevoice.detectors.calibration import Calibration
from truevoice.detectors.card import Card
from truevoice.detectors.detector import Detector

WINDOW = 16_000


class LevelEngine:
    """Score of a window = 10 · its mean absolute sample: constant recordings have scores known beforehand."""

    name, device, batch_size, window = "level", "cpu", 4, None

    def __init__(self) -> None:
        self.batches: list[tuple[int, ...]] = []

    def run(self, windows):
        self.batches.append(windows.shape)
        return (10 * np.abs(windows).mean(axis=1)).astype(np.float32)


def card(**changes) -> Card:
    words = dict.fromkeys(("title", "summary", "score", "training_data", "licence", "paper", "source"), "none")
    return Card(**{"name": "level", "parameters": 1, "window": WINDOW, **words, **changes})


def level_detector(*, calibrated: bool = True, **card_changes) -> Detector:
    """Calibrated: LLR = 2 · score - 4, so the threshold is a score of 2, a level of 0.2."""
    calibration = Calibration(slope=2.0, offset=-4.0, threshold=2.0) if calibrated else None
    return Detector(card(**card_changes), LevelEngine(), "0" * 64, calibration)


def constant(level: float, seconds: float) -> np.ndarray:
    """A recording at 16 kHz whose every window scores 10 · level: a square wave of 8 kHz, so that it is no silence."""
    samples = np.full(round(seconds * 16_000), level, np.float32)
    samples[1::2] *= -1
    return samples
