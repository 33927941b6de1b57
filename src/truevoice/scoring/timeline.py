"""From overlapping windows to stretches of time that do not overlap: what an editor's label track needs."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from truevoice.detectors.result import Segment


def flatten(segments: Sequence[Segment]) -> tuple[Segment, ...]:
    """Windows in time order → adjoining stretches, each with the mean score of the windows that cover it.

    Time that no window covers is left out.
    """
    edges = sorted({segment.start for segment in segments} | {segment.end for segment in segments})
    stretches = []
    active: list[Segment] = []
    coming = 0
    ordered = sorted(segments, key=lambda segment: segment.start)
    for start, end in pairwise(edges):
        while coming < len(ordered) and ordered[coming].start <= start:
            active.append(ordered[coming])
            coming += 1
        active = [segment for segment in active if segment.end > start]
        if active:
            stretches.append(Segment(start, end, sum(segment.score for segment in active) / len(active)))
    return tuple(stretches)


def spans(segments: Sequence[Segment], threshold: float) -> tuple[tuple[Segment, str], ...]:
    """Stretches of one kind: neighbours on the same side of the threshold are joined, their scores averaged over time.

    Gives (stretch, `bonafide` or `spoof`) in time order. The threshold was chosen for whole recordings, so for single
    windows it points, it does not prove.
    """
    joined: list[tuple[Segment, str]] = []
    for piece in flatten(segments):
        kind = "bonafide" if piece.score >= threshold else "spoof"
        if joined and joined[-1][1] == kind and joined[-1][0].end == piece.start:
            last = joined[-1][0]
            long, short = last.end - last.start, piece.end - piece.start
            score = (last.score * long + piece.score * short) / (long + short)
            joined[-1] = (Segment(last.start, piece.end, score), kind)
        else:
            joined.append((piece, kind))
    return tuple(joined)
