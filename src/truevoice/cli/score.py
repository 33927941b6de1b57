"""`truevoice score` on the command line."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from truevoice.cli.options import FormatNames, Out, Quiet
from truevoice.errors import UsageError

UNTOLD = {"srt", "audacity", "rttm"}  # formats that have no place for an error


def score_command(
    *sources: str,
    model: Annotated[str | None, Parameter(name=["--model", "-m"])] = None,
    checkpoint: Path | None = None,
    out: Out = None,
    format: FormatNames = None,
    windows: Literal["overlap", "first"] | None = None,
    window: str | None = None,
    hop: str | None = None,
    pooling: Literal["mean", "median", "lowest-quarter", "min"] | None = None,
    calibration: Path | None = None,
    prior: float | None = None,
    threshold: str | None = None,
    device: str = "auto",
    engine: Literal["auto", "onnx", "torch"] = "auto",
    jobs: Annotated[int, Parameter(name=["--jobs", "-j"])] = 0,
    batch_size: int = 0,
    max_duration: float = 12 * 3600.0,
    max_decoded: float = 32 * 1024.0,
    force: Annotated[bool, Parameter(negative=())] = False,
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
    windows
        overlap: windows over the whole recording; first: only its first window, as papers do.
    window
        Window length: samples (64600) or seconds (4s).
    hop
        Step between windows: samples or seconds (0.5s).
    pooling
        How the windows' scores become one.
    calibration
        File of `truevoice calibrate` that gives P(spoof) and thresholds.
    prior
        P(spoof) assumed beforehand, 0 to 1; moves P(spoof) and the verdict.
    threshold
        Verdict bonafide from this score on; or the name of one of the calibration's thresholds.
    device
        auto, cpu, cuda, cuda:1, mps.
    engine
        ONNX Runtime or torch.
    jobs
        Decoding threads; 0 = as many as cores.
    batch_size
        Windows a batch; 0 = what the engine likes.
    max_duration
        Longest recording taken, in seconds.
    max_decoded
        Largest recording taken once decoded, in MB.
    force
        Begin anew in a folder that holds another run.
    quiet
        No table, no progress: files and exit status only.
    """
    from truevoice.audio import Limits
    from truevoice.audio.source import STDIN
    from truevoice.cli import STDIN_WORD
    from truevoice.cli.screen import progress_bar, score_table
    from truevoice.commands.score import score
    from truevoice.detectors.detector import NO_CALIBRATION
    from truevoice.report.writing import encode, parse_formats
    from truevoice.scoring.inputs import expand

    limits = Limits(max_duration=max_duration, max_decoded_bytes=max_decoded * 2**20)
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
            device=device,
            engine=engine,
            windows=windows,
            window=window,
            hop=hop,
            pooling=pooling,
            calibration=calibration,
            prior=prior,
            threshold=threshold,
            limits=limits,
            jobs=jobs,
            batch_size=batch_size,
            out=out,
            formats=format or "csv,json",
            force=force,
            progress=progress,
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
