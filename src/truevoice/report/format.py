"""What an output format is. Adding one: a file in `report/formats/` with a `Format`, and its line in the list there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from truevoice.detectors.result import Result
from truevoice.scoring.run import Run

Render = Callable[[Iterable[Result], Run], Iterator[str]]


@dataclass(frozen=True)
class Format:
    """name: as in `--format NAME`. extension: with its dot. render: results and their run → pieces of text.

    per_trial: one file a recording (labels, subtitles) instead of one for all. binary: set instead of `render` where
    the file is not text: results and their run → bytes. needs: a package of the extra called like the format.
    """

    name: str
    extension: str
    render: Render | None = None
    per_trial: bool = False
    binary: Callable[[Iterable[Result], Run], bytes] | None = None
    needs: str = ""
