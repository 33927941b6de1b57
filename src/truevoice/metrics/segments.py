"""Partly spoofed recordings: error rates over frames and over time, for systems that say where the spoof is.

A system gives each recording one score per frame of `frame_ms`; the reference gives spans of bona fide and spoofed
speech in milliseconds. Two figures are in use:

- segment EER: frames are trials. A frame belongs to the span that covers it after rounding to whole frames; later
  spans overwrite earlier ones, and what no span covers counts as spoof. At a coarser resolution frames are pooled
  within a recording, without overlap: the least score, and spoof if any part is; the last, shorter group too. At a
  finer resolution scores are repeated. The EER is the official one, over all frames of all recordings.
- range EER: time is the trial. Each frame's time within spoof spans and outside them counts for what it is, cut at the
  end of the recording, so the result does not depend on a frame size. Here all thresholds are tried, exactly.

Reference: L. Zhang et al., Range-based equal error rate for spoof localization, Interspeech 2023;
nii-yamagishilab/PartialSpoof, metric/SegmentEER.py, metric/RangeEER.py and metric/rttm_tool.py. The published range
EER is a bisection that need not end; its best visited point equals the `nearest` mode here.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from truevoice.errors import UsageError
from truevoice.metrics.official import official_eer
from truevoice.metrics.scores import Floats, check_class

RESOLUTIONS_MS = (10, 20, 40, 80, 160, 320, 640)


class Span(NamedTuple):
    """A stretch of a recording, [start, end) in milliseconds, and its label: `bonafide` or `spoof`."""

    start_ms: float
    end_ms: float
    label: str


class Recording(NamedTuple):
    """Frame scores of one recording, shape (frames,), higher = more bona fide; its reference; its length."""

    scores: ArrayLike
    spans: Sequence[Span]
    duration_ms: float


def segment_eer(
    recordings: Sequence[Recording], *, frame_ms: int = 20, resolution_ms: int | None = None
) -> tuple[float, float]:
    """`(eer, threshold)` over frames of `resolution_ms` (the scores' own where None), as the published script has it.

    The resolution is a multiple or a whole fraction of `frame_ms`; the field uses RESOLUTIONS_MS. The rates at the
    threshold are those of calling a frame bona fide where score > threshold. Raises `UsageError` for no recordings,
    bad scores or spans, other resolutions, a number of frames that differs by more than one from the recording's
    length, and where all frames are of one class.
    """
    resolution = frame_ms if resolution_ms is None else resolution_ms
    if resolution <= 0 or frame_ms <= 0 or (resolution % frame_ms and frame_ms % resolution):
        raise UsageError(f"a resolution of {resolution} ms is no multiple and no whole fraction of {frame_ms} ms")
    parts = [_frames_at(one, scores, frame_ms, resolution) for one, scores in _checked(recordings, frame_ms)]
    return _pooled_eer([scores for scores, _ in parts], [bonafide for _, bonafide in parts])


def utterance_eer(recordings: Sequence[Recording], *, frame_ms: int = 20) -> tuple[float, float]:
    """`(eer, threshold)` over recordings: each one's least frame score, and spoof if any frame is. Raises as above."""
    parts = [_frames_at(one, scores, frame_ms, frame_ms) for one, scores in _checked(recordings, frame_ms)]
    least = [scores.min(keepdims=True) for scores, _ in parts]
    return _pooled_eer(least, [np.array([bonafide.all()]) for _, bonafide in parts])


def range_eer(
    recordings: Sequence[Recording], *, frame_ms: int = 20, mode: Literal["interpolated", "nearest"] = "interpolated"
) -> tuple[float, float]:
    """`(eer, threshold)` over time; a frame is called spoof where score <= threshold.

    `interpolated` reads the EER where bona fide time called spoof and spoofed time called bona fide are equal shares on
    the line through the points; `nearest` is the mean of both at the nearest point. Raises `UsageError` as
    `segment_eer` does, for overlapping spoof spans, and where all time is of one class.
    """
    checked = _checked(recordings, frame_ms)
    scores = np.concatenate([values for _, values in checked])
    times = [_time_by_class(one, values.size, frame_ms) for one, values in checked]
    bonafide, spoof = (np.concatenate([time[k] for time in times]) for k in range(2))
    if bonafide.sum() <= 0 or spoof.sum() <= 0:
        raise UsageError("a range EER needs time of both classes: all of it is " + _only(bonafide.sum() > 0))
    distinct, level = np.unique(scores, return_inverse=True)
    called_spoof = np.concatenate([[0.0], np.cumsum(np.bincount(level, bonafide)) / bonafide.sum()])
    missed = 1 - np.concatenate([[0.0], np.cumsum(np.bincount(level, spoof)) / spoof.sum()])
    thresholds = np.concatenate([[-np.inf], distinct])
    gap = called_spoof - missed
    nearest = int(np.argmin(np.abs(gap)))
    if mode == "nearest":
        return float((called_spoof[nearest] + missed[nearest]) / 2), float(thresholds[nearest])
    right = int(np.argmax(gap >= 0))
    share = -gap[right - 1] / (gap[right] - gap[right - 1])
    rate = called_spoof[right - 1] + share * (called_spoof[right] - called_spoof[right - 1])
    return float(rate), float(thresholds[nearest])


def _checked(recordings: Sequence[Recording], frame_ms: float) -> list[tuple[Recording, Floats]]:
    """Each recording with its scores as float64, once spans and number of frames are seen to be in order."""
    if not recordings:
        raise UsageError("there are no recordings: a segment EER needs at least one")
    checked = []
    for number, one in enumerate(recordings):
        scores = check_class(one.scores, f"recording {number}: frame")
        frames = math.ceil(one.duration_ms / frame_ms)
        if abs(scores.size - frames) > 1:
            raise UsageError(
                f"recording {number}: {scores.size} frame scores, but {one.duration_ms:g} ms make {frames} frames"
            )
        for span in one.spans:
            if span.label not in ("bonafide", "spoof") or not 0 <= span.start_ms <= span.end_ms:
                raise UsageError(f"recording {number}: {tuple(span)} is no span (start, end, bonafide or spoof)")
        checked.append((one, scores))
    return checked


def _frames_at(one: Recording, scores: Floats, frame_ms: int, resolution: int) -> tuple[Floats, NDArray[np.bool_]]:
    """Scores and truths of a recording's frames at a resolution."""
    if resolution < frame_ms:
        scores = np.repeat(scores, frame_ms // resolution)
        bonafide = _labels(one, resolution)
    else:
        bonafide = _labels(one, frame_ms)
    frames = min(scores.size, bonafide.size)
    scores, bonafide = scores[:frames], bonafide[:frames]
    if resolution > frame_ms:
        starts = np.arange(0, frames, resolution // frame_ms)
        return np.minimum.reduceat(scores, starts), np.logical_and.reduceat(bonafide, starts)
    return scores, bonafide


def _labels(one: Recording, shift_ms: int) -> NDArray[np.bool_]:
    """True for bona fide frames; edges are rounded to whole frames, halves to even."""
    bonafide = np.zeros(math.ceil(one.duration_ms / shift_ms), dtype=bool)
    for span in one.spans:
        # Divided as the published script does, in seconds: an edge halfway between frames falls the same way.
        first, last = (round(edge / 1000 / (shift_ms / 1000)) for edge in (span.start_ms, span.end_ms))
        bonafide[first:last] = span.label == "bonafide"
    return bonafide


def _time_by_class(one: Recording, frames: int, frame_ms: float) -> tuple[Floats, Floats]:
    """Milliseconds of bona fide and of spoofed time in each frame; frames end with the recording."""
    edges = np.minimum(np.arange(frames + 1) * frame_ms, one.duration_ms)
    spans = sorted((span.start_ms, span.end_ms) for span in one.spans if span.label == "spoof")
    if any(next_start < end for (_, end), (next_start, _) in pairwise(spans)):
        raise UsageError("spoof spans of one recording overlap: a range EER cannot tell their time")
    spoof_until = np.zeros(frames + 1)
    for start, end in spans:
        spoof_until += np.clip(edges, start, end) - start
    spoof = np.diff(spoof_until)
    return np.diff(edges) - spoof, spoof


def _pooled_eer(scores: list[Floats], bonafide: list[NDArray[np.bool_]]) -> tuple[float, float]:
    pooled, truth = np.concatenate(scores), np.concatenate(bonafide)
    if truth.all() or not truth.any():
        raise UsageError("a segment EER needs frames of both classes: all of them are " + _only(bool(truth.all())))
    return official_eer(pooled[truth], pooled[~truth])


def _only(bonafide: bool) -> str:
    return "bona fide" if bonafide else "spoof"
