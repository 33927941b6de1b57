"""A fingerprint of the sound of a recording, the same for a copy at another level, in another format or rate.

After J. Haitsma and T. Kalker, A highly robust audio fingerprinting system, ISMIR 2002: of overlapping long frames the
energy in 33 bands from 300 to 2000 Hz; a bit says whether the difference between neighbouring bands grew since the
frame before; 32 bits are a word, one frame. A gain changes no sign, a codec few. Copies are sought by equal words and
held against each other by the share of differing bits where they overlap (the paper's figures for other sounds: 0.5,
with a threshold of 0.35 for the same).

Ours: frames of 0.41 s every 12.8 ms (the paper: 0.37 s, 11.6 ms), the first 6.5 s after the first sound, and no word
of a frame that is nearly silent.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from truevoice.audio import SAMPLE_RATE

RATE = 5000  # Hz that the sound is brought to; bands end at 2 kHz
FRAME, HOP = 2048, 64  # samples at RATE
FRAMES = 512  # words a recording at most
LOW, HIGH, BANDS = 300.0, 2000.0, 33
QUIET = 1e-5  # energy of a frame beside the loudest, under which it says nothing
COMMONEST = 64  # recordings with a word, above which it tells nothing apart
VOTES = 3  # equal words at one shift, before two recordings are held against each other
CANDIDATES = 200_000  # pairs held against each other at most, those with most votes first
OVERLAP = 24  # frames, and half of the shorter print: what two prints must share
SAME, ALIKE = 0.16, 0.30  # shares of differing bits: below the first the same sound, below the second the same words

Words = NDArray[np.uint32]


class Match(NamedTuple):
    """Two recordings by position; `differing`: share of differing bits where they overlap, 0 to ALIKE."""

    first: int
    second: int
    differing: float


def fingerprint(wave: NDArray[np.float32]) -> Words:
    """Mono float32 at 16 kHz, (samples,) → words, (frames,) uint32; 0 for a frame that is nearly silent."""
    loud = np.flatnonzero(np.abs(wave) > 0.01 * np.abs(wave).max(initial=0.0))
    if not len(loud):
        return np.zeros(0, np.uint32)
    start = int(loud[0])
    sound = _slower(wave[start : start + (FRAMES * HOP + FRAME) * SAMPLE_RATE // RATE])
    padded = np.pad(sound, (FRAME // 2, FRAME // 2))
    frames = np.lib.stride_tricks.sliding_window_view(padded, FRAME)[::HOP][: FRAMES + 1]
    power = np.abs(np.fft.rfft(frames * _WINDOW, axis=1)[:, : _EDGES[-1] + 1]) ** 2
    energy = np.add.reduceat(power, _EDGES[:-1], axis=1)
    slope = energy[:, :-1] - energy[:, 1:]
    bits = slope[1:] - slope[:-1] > 0
    words = (bits.astype(np.uint32) << np.arange(BANDS - 1, dtype=np.uint32)).sum(axis=1, dtype=np.uint32)
    total = energy[1:].sum(axis=1)
    return np.where(total > QUIET * total.max(initial=0.0), words, np.uint32(0))


def _slower(wave: NDArray[np.float32]) -> NDArray[np.float32]:
    """To RATE, by cutting the spectrum of the whole."""
    length = -(-len(wave) // 64) * 64  # a length that the transform is fast with
    spectrum = np.fft.rfft(wave, length)
    out = length * RATE // SAMPLE_RATE
    return np.fft.irfft(spectrum[: out // 2 + 1], out).astype(np.float32)


def _edges() -> NDArray[np.int64]:
    """First bin of each band and the end of the last; bands at equal ratios, each a bin wide at least."""
    edges = np.round(np.geomspace(LOW, HIGH, BANDS + 1) * FRAME / RATE).astype(int)
    return np.maximum.accumulate(edges)


_EDGES = _edges()
_WINDOW = np.hanning(FRAME).astype(np.float32)


def matches(prints: Sequence[Words], sets: Sequence[int]) -> list[Match]:
    """Pairs of recordings of different sets whose prints agree, the closest first.

    prints: N fingerprints; sets: (N,) the set of each. Cost: that of sorting all words, plus the candidates.
    """
    found = []
    for first, second, shift in _candidates(prints, np.asarray(sets)):
        differing = _differing(prints[first], prints[second], shift)
        if differing <= ALIKE:
            found.append(Match(first, second, differing))
    return sorted(found, key=lambda match: (match.differing, match.first, match.second))


def _candidates(prints: Sequence[Words], sets: NDArray[np.int64]) -> list[tuple[int, int, int]]:
    """(first, second, frames that the second lags): pairs of different sets with several equal words at one shift."""
    words, owners, times = _listed(prints)
    if not len(words):
        return []
    pairs = [_pairs(words, owners, times, sets, step) for step in range(1, COMMONEST)]
    keys, shifts = (np.concatenate(part) for part in zip(*pairs))
    if not len(keys):
        return []
    # Shifts in cells of four frames, each counted with its neighbour, since a codec moves a frame by less than that.
    cells = np.stack([keys * 2048 + (shifts + 1024) // 2])
    values, counts = np.unique(cells, return_counts=True)
    following = np.append(np.where(np.diff(values) == 1, counts[1:], 0), 0)
    votes = counts + following
    strong = np.flatnonzero(votes >= VOTES)
    order = strong[np.argsort(-votes[strong], kind="stable")]
    _, best = np.unique(values[order] // 2048, return_index=True)  # one shift a pair: that with most votes
    chosen = order[np.sort(best)][:CANDIDATES]
    key, cell = values[chosen] // 2048, values[chosen] % 2048
    return list(zip((key // len(prints)).tolist(), (key % len(prints)).tolist(), (cell * 2 - 1024 + 1).tolist()))


def _listed(prints: Sequence[Words]) -> tuple[Words, NDArray[np.int64], NDArray[np.int64]]:
    """All words that tell something, sorted, with the recording and the frame of each; once a recording."""
    lengths = np.array([len(own) for own in prints], dtype=np.int64)
    words = np.concatenate([*prints, np.zeros(0, np.uint32)])
    owners = np.repeat(np.arange(len(prints)), lengths)
    times = np.arange(len(words)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    order = np.lexsort((times, owners, words))
    words, owners, times = words[order], owners[order], times[order]
    again = np.append(False, (words[1:] == words[:-1]) & (owners[1:] == owners[:-1]))
    kept = ~again & (words != 0)
    words, owners, times = words[kept], owners[kept], times[kept]
    _, place, counts = np.unique(words, return_inverse=True, return_counts=True)
    telling = (counts[place] > 1) & (counts[place] <= COMMONEST)
    return words[telling], owners[telling], times[telling]


def _pairs(
    words: Words, owners: NDArray[np.int64], times: NDArray[np.int64], sets: NDArray[np.int64], step: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(pair as one number, shift) of words that are equal `step` places on, in recordings of different sets."""
    equal = np.flatnonzero(words[step:] == words[:-step]) if step < len(words) else np.zeros(0, np.int64)
    equal = equal[sets[owners[equal]] != sets[owners[equal + step]]]
    first, second = owners[equal], owners[equal + step]
    return first * len(sets) + second, times[equal + step] - times[equal]


def _differing(first: Words, second: Words, shift: int) -> float:
    """Share of differing bits over the overlap, at the best of the shifts nearby; 1 where it is too short."""
    return min(_at_shift(first, second, shift + nudge) for nudge in range(-3, 4))


def _at_shift(first: Words, second: Words, shift: int) -> float:
    start = max(0, -shift)
    ours = first[start : start + max(0, min(len(first) - start, len(second) - start - shift))]
    theirs = second[start + shift : start + shift + len(ours)]
    heard = (ours != 0) & (theirs != 0)
    shorter = min(np.count_nonzero(first), np.count_nonzero(second))
    if heard.sum() < max(OVERLAP, shorter // 2):
        return 1.0
    return float(np.bitwise_count(ours[heard] ^ theirs[heard]).mean()) / (BANDS - 1)
