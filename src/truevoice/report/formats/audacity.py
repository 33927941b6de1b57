"""Audacity label track: start, end (seconds, six decimals) and words, separated by tabs, one file a recording.

Reference: https://manual.audacityteam.org/man/importing_and_exporting_labels.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from truevoice.detectors.result import Result
from truevoice.report.format import Format
from truevoice.report.formats.labels import labelled
from truevoice.scoring.run import Run


def render(results: Iterable[Result], run: Run) -> Iterator[str]:
    for result in results:
        for stretch, _, words in labelled(result, run):
            yield f"{stretch.start:.6f}\t{stretch.end:.6f}\t{words}\n"


FORMAT = Format("audacity", ".txt", render, per_trial=True)
