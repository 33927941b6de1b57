"""HTML: one self-contained page with the verdicts, the probabilities and a strip of time for each recording.

Every text from outside (names, errors) is escaped; nothing is loaded from elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from truevoice.detectors.result import Result
from truevoice.report.format import Format
from truevoice.report.pages import find_template
from truevoice.scoring.run import Run
from truevoice.scoring.timeline import flatten

STRIP_PIECES = 400  # a strip is a few hundred pixels wide; a three-hour recording has thousands of windows


def colour(p_spoof: float) -> str:
    """P(spoof) as a colour from blue (0) over grey to orange (1): told apart by colour-blind eyes too."""
    blue, middle, orange = (43, 108, 176), (203, 204, 207), (217, 95, 2)
    low, high, part = (blue, middle, 2 * p_spoof) if p_spoof < 0.5 else (middle, orange, 2 * p_spoof - 1)
    return "#" + "".join(f"{round(a + (b - a) * part):02x}" for a, b in zip(low, high))


def strip(result: Result, run: Run) -> list[dict[str, Any]]:
    """The recording's stretches as rectangles: `x` and `width` in per cent of its length, `fill`, `title`.

    Without calibration the colour is the score's rank within this recording, from its highest to its lowest.
    """
    pieces = flatten(result.segments)
    if not pieces:
        return []
    if len(pieces) > STRIP_PIECES:  # keep the most suspicious piece of each group
        size = -(-len(pieces) // STRIP_PIECES)
        groups = [pieces[i : i + size] for i in range(0, len(pieces), size)]
        worst = [(group, min(group, key=lambda piece: piece.score)) for group in groups]
        spread = [(group[0].start, group[-1].end, piece.score) for group, piece in worst]
    else:
        spread = [(piece.start, piece.end, piece.score) for piece in pieces]
    end = spread[-1][1]
    low, high = min(s for _, _, s in spread), max(s for _, _, s in spread)
    marks = []
    for start, stop, score in spread:
        if run.calibration:
            p_spoof = run.calibration.p_spoof(score)
            words = f"P(spoof) {p_spoof:.2f}"
        else:
            p_spoof = (high - score) / (high - low) if high > low else 0.5
            words = f"score {score:.2f}"
        marks.append(
            {
                "x": f"{100 * start / end:.3f}",
                "width": f"{100 * (stop - start) / end:.3f}",
                "fill": colour(p_spoof),
                "title": f"{start:.2f}–{stop:.2f} s: {words}",
            }
        )
    return marks


def render(results: Iterable[Result], run: Run) -> Iterator[str]:
    rows = ({"result": r, "strip": strip(r, run), "worst": r.worst(1)[0] if r.segments else None} for r in results)
    yield from find_template("scores.html").generate(run=run, rows=rows)


FORMAT = Format("html", ".html", render)
