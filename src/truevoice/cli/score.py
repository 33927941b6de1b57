"""`truevoice score` on the command line."""

from __future__ import annotations

import sys
from pathlib import Path

from truevoice.cli.options import FormatNames, Hearing, Model, Out, Quiet
from truevoice.errors import UsageError

UNTOLD = {"srt", "audacity", "rttm"}  # formats that have no place for an error


def score_command(
    *sources: str,
    model: Model = None,
    checkpoint: Path | None = None,
    out: Out = None,
    format: FormatNames = None,
    calibration: Path | None = None,
    prior: float | None = None,
    threshold: str | None = None,
    hearing: Hearing | None = None,
    quiet: Quiet = False,
) -> int:
    """Parses, calls `truevoice.commands.score.score`, prints.

    Parameters
    ----------
    sources
        What to score.
    model
        Detector: a name of `truevoice models`, or an ONNX graph's path.
    checkpoint
        Weight file for the model, where the package does not bring it.
    out
        Folder for the results (and for going on after a stop).
    format
        Comma-separated: csv, json, jsonl, parquet, audacity, srt, rttm, html. Without -o, one of them, on screen.
    calibration
        File of `truevoice calibrate` that gives P(spoof) and thresholds.
    prior
        P(spoof) assumed beforehand, 0 to 1; moves P(spoof) and the verdict.
    threshold
        Verdict bonafide from this score on; or the name of one of the calibration's thresholds.
    quiet
        No table, no progress: files and exit status only.
    """
    from truevoice.audio.source import STDIN
    from truevoice.cli import STDIN_WORD
    from truevoice.cli.screen import progress_bar, score_table
    from truevoice.commands.score import score
    from truevoice.detectors.detector import NO_CALIBRATION
    from truevoice.report.writing import encode, parse_formats
    from truevoice.scoring.inputs import expand

    named = [STDIN if source == STDIN_WORD else source for source in sources]
    chosen = parse_formats(format) if format else []
    if out is None and len(chosen) > 1:
        raise UsageError("several formats need a folder to go to: add -o DIR")
    if out is None and chosen and chosen[0].binary:
        raise UsageError(f"format {chosen[0].name} is not text: add -o DIR")
    if out is None and chosen and chosen[0].per_trial and len(expand(named).trials) > 1:
        raise UsageError(f"format {chosen[0].name} makes one file a recording: add -o DIR")
    with progress_bar(quiet) as progress:
        scores = score(
            named,
            model=model,
            checkpoint=checkpoint,
            calibration=calibration,
            prior=prior,
            threshold=threshold,
            out=out,
            formats=format or "csv,json",
            progress=progress,
            **(hearing or Hearing()).words(),
        )
    if out is None and chosen:
        sys.stdout.flush()
        for piece in encode(scores, scores.run, chosen[0]):  # bytes: a file format is UTF-8 whatever the terminal is
            sys.stdout.buffer.write(piece)
        for result in scores if chosen[0].name in UNTOLD else ():
            if result.error:
                print(f"truevoice: {result.trial}: {result.error}", file=sys.stderr)
        if scores.run.working_point is None and not quiet:
            print(f"truevoice: {scores.run.model} has {NO_CALIBRATION}", file=sys.stderr)
    elif not quiet:
        score_table(scores)
    return 2 if scores.run.failed else 0
