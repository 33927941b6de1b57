"""The lines that all label formats share: which stretch of time gets which words."""

from __future__ import annotations

from collections.abc import Iterator

from truevoice.detectors.result import Result, Segment
from truevoice.scoring.run import Run
from truevoice.scoring.timeline import flatten, spans


def labelled(result: Result, run: Run) -> Iterator[tuple[Segment, str, str]]:
    """(stretch, `bonafide` or `spoof` or "", words): joined stretches where there is a threshold, else all of them."""
    threshold = run.working_point
    if threshold is None:
        for stretch in flatten(result.segments):
            yield stretch, "", f"score {stretch.score:.2f}"
        return
    for stretch, kind in spans(result.segments, threshold):
        # The score, not P(spoof): the calibration was measured on whole recordings.
        yield stretch, kind, f"{kind}-like, score {stretch.score:.2f}"
