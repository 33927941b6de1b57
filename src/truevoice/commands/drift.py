"""How far another form of a network drifts from it: the largest difference of scores over windows of speech."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from truevoice.audio import SAMPLE_RATE, load_audio
from truevoice.errors import AudioError, UsageError
from truevoice.scoring.inputs import expand
from truevoice.windows import cut, default_policy, repeat_to

MOST_WINDOWS = 32
MOST_A_CLIP = 4
MADE = 8  # sounds made where no recordings are named


@dataclass(frozen=True)
class Drift:
    """`largest`: of |other score - score| over `windows` windows of `heard`. `spread`: the scores' standard deviation;
    `relative`: the largest difference as a part of it, None where all scores are one.
    """

    windows: int
    heard: str
    largest: float
    mean: float
    spread: float
    relative: float | None

    @classmethod
    def between(cls, scores: NDArray[np.float32], others: NDArray[np.float32], heard: str) -> Drift:
        """Of two rows of scores (N,) of the same windows."""
        apart = np.abs(others.astype(np.float64) - scores.astype(np.float64))
        spread = float(scores.astype(np.float64).std())
        largest = float(apart.max())
        return cls(len(scores), heard, largest, float(apart.mean()), spread, largest / spread if spread else None)


def heard_windows(clips: Path | None, window: int) -> tuple[NDArray[np.float32], str]:
    """Windows (N, window), N at most 32, of the recordings in `clips`, and in words what they are.

    The recordings are taken evenly from the list, the windows evenly from each. Without `clips` sounds are made up:
    they show gross faults, but a drift on them says little of speech. Raises UsageError where no recording can be read.
    """
    if clips is None:
        return np.stack([repeat_to(_made(number), window) for number in range(MADE)]), f"{MADE} made-up sounds"
    trials = expand([clips]).trials
    a_clip = max(1, min(MOST_A_CLIP, MOST_WINDOWS // len(trials)))
    found: list[NDArray[np.float32]] = []
    unread = 0
    chosen = _evenly(len(trials), MOST_WINDOWS)
    for index in chosen:
        try:
            windows = cut(load_audio(trials[index].source), default_policy(window))[1]
        except AudioError:
            unread += 1
            continue
        found += [np.array(windows[place], np.float32) for place in _evenly(len(windows), a_clip)]
    if not found:
        raise UsageError(f"{clips}: none of its recordings can be read, so there is nothing to measure the drift on")
    words = f"{len(chosen) - unread} recordings of {clips.name}"
    return np.stack(found), words + (f" ({unread} cannot be read)" if unread else "")


def _evenly(count: int, most: int) -> list[int]:
    """At most `most` of the numbers 0 to count - 1, evenly spaced."""
    return sorted({round(place) for place in np.linspace(0, count - 1, min(count, most))})


def _made(number: int) -> NDArray[np.float32]:
    """Two seconds of a gliding voice-like tone in noise, another one for each number."""
    draw = np.random.default_rng(number)
    time = np.arange(2 * SAMPLE_RATE) / SAMPLE_RATE
    pitch = 90 + 25 * number + 20 * np.sin(2 * np.pi * draw.uniform(0.5, 3) * time)
    phase = 2 * np.pi * np.cumsum(pitch) / SAMPLE_RATE
    voice = sum(np.sin(k * phase) / k ** draw.uniform(0.5, 1.5) for k in range(1, 20))
    syllables = np.clip(np.sin(2 * np.pi * draw.uniform(2, 5) * time) + 0.5, 0, 1)
    noise = draw.standard_normal(len(time))
    return (0.1 * (voice * syllables + 10 ** draw.uniform(-2, -0.5) * noise)).astype(np.float32)
