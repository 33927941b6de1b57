"""SubRip subtitles: the verdict of each stretch over the running recording, one file a recording."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from truevoice.detectors.result import Result
from truevoice.report.format import Format
from truevoice.report.formats.labels import labelled
from truevoice.scoring.run import Run


def clock(seconds: float) -> str:
    """Seconds as HH:MM:SS,mmm."""
    milliseconds = round(seconds * 1000)
    minutes, rest = divmod(milliseconds, 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{rest // 1000:02d},{rest % 1000:03d}"


def render(results: Iterable[Result], run: Run) -> Iterator[str]:
    for result in results:
        for number, (stretch, _, words) in enumerate(labelled(result, run), start=1):
            yield f"{number}\n{clock(stretch.start)} --> {clock(stretch.end)}\n{words}\n\n"


FORMAT = Format("srt", ".srt", render, per_trial=True)
