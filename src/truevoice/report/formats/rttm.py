"""RTTM (NIST rich transcription time marks): one SPEAKER line a stretch, its name field `bonafide` or `spoof`.

The confidence field holds P(spoof) by the calibration of whole recordings: for single stretches a guide. Without
calibration it is <NA>; without a threshold there are no lines, only a comment.
Reference: NIST RT-09 evaluation plan, appendix A; used for spoofed spans by WeDefense (arXiv 2601.15240).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from truevoice.detectors.result import Result
from truevoice.report.format import Format
from truevoice.report.formats.labels import labelled
from truevoice.scoring.run import Run


def render(results: Iterable[Result], run: Run) -> Iterator[str]:
    if run.working_point is None:
        yield f";; {run.model} has no calibration, so no stretch can be called bonafide or spoof\n"
        return
    for result in results:
        name = "_".join(result.trial.split()) or "unnamed"  # fields are separated by blanks
        for stretch, kind, _ in labelled(result, run):
            confidence = f"{run.calibration.p_spoof(stretch.score):.4f}" if run.calibration else "<NA>"
            length = stretch.end - stretch.start
            yield f"SPEAKER {name} 1 {stretch.start:.3f} {length:.3f} <NA> <NA> {kind} {confidence} <NA>\n"


FORMAT = Format("rttm", ".rttm", render)
