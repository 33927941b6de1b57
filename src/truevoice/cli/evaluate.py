"""`truevoice evaluate` on the command line."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from truevoice.cli.options import FormatNames, Hearing, Model, Out, Quiet, Truth
from truevoice.errors import UsageError


def evaluate_command(
    target: Path | None = None,
    *,
    model: Model = None,
    checkpoint: Path | None = None,
    out: Out = None,
    truth: Truth | None = None,
    dev: Path | None = None,
    dev_key: Path | None = None,
    calibration: Path | None = None,
    threshold: str | None = None,
    prior: float | None = None,
    by: str | None = None,
    cluster: str = "",
    rounds: int = 1000,
    confidence: float = 0.95,
    seed: int = 0,
    p_spoof: float = 0.05,
    c_miss: float = 1.0,
    c_fa: float = 10.0,
    asv_scores: Path | None = None,
    asv_key: Path | None = None,
    hearing: Hearing | None = None,
    players: bool = True,
    log_to: str = "",
    format: FormatNames = None,
    quiet: Quiet = False,
) -> int:
    """Parses, calls `truevoice.commands.evaluate.evaluate`, prints.

    Parameters
    ----------
    target
        Folder (Real/Fake, a published set, one with a manifest.csv) or table with path and label.
    model
        Detector: a name of `truevoice models`, or an ONNX graph's path.
    checkpoint
        Weight file for the model, where the package does not bring it.
    out
        Folder for report.html, metrics.json and scores.csv (and for going on after a stop).
    dev
        Another labelled set, on which the threshold is chosen (with --scores: another score file).
    dev_key
        The labels of --dev, where that is a score file and they do not stand in it.
    calibration
        File of `truevoice calibrate`.
    threshold
        Accept as bona fide from this score on; or the name of one of the calibration's thresholds.
    prior
        P(spoof) assumed beforehand, for P(spoof) and for PPV and NPV at a prior.
    by
        Columns to break down by, by commas; none for none.
    cluster
        Column whose values the bootstrap draws as wholes: speaker, source.
    rounds
        Of the bootstrap; 0 = no intervals.
    confidence
        Of the intervals.
    seed
        Of the bootstrap.
    p_spoof
        Prior of spoof in the detection cost.
    c_miss
        Cost of rejecting a bona fide trial.
    c_fa
        Cost of accepting a spoof.
    asv_scores
        Scores of a speaker verification system, for the t-DCF.
    asv_key
        ASV/trial_metadata.txt, where those scores have no key column.
    players
        Put the worst errors' sound into the report.
    log_to
        tensorboard, wandb, trackio, by commas: figures, pictures and the errors' table there too; needs -o.
    format
        json or csv on screen, in place of the table.
    quiet
        No table, no progress: files and exit status only.
    """
    from truevoice.cli.evaluation_screen import figures_csv, show_evaluation
    from truevoice.cli.screen import progress_bar
    from truevoice.commands.evaluate import evaluate
    from truevoice.evaluation.options import Costs
    from truevoice.report.evaluation_files import metrics_document

    if format not in (None, "json", "csv"):
        raise UsageError(f"format {format!r} is not known here: choose json or csv")
    with progress_bar(quiet) as progress:
        found = evaluate(
            target,
            model=model,
            checkpoint=checkpoint,
            **vars(truth or Truth()),
            dev=dev,
            dev_key=dev_key,
            calibration=calibration,
            threshold=threshold,
            prior=prior,
            by=by,
            cluster=cluster,
            rounds=rounds,
            confidence=confidence,
            seed=seed,
            costs=Costs(p_spoof, c_miss, c_fa),
            asv_scores=asv_scores,
            asv_key=asv_key,
            out=out,
            players=players,
            log_to=log_to.split(","),
            progress=progress,
            **(hearing or Hearing()).words(),
        )
    if format == "json":
        sys.stdout.write(json.dumps(metrics_document(found), indent=1, ensure_ascii=False) + "\n")
    elif format == "csv":
        sys.stdout.write(figures_csv(found))
    elif not quiet:
        show_evaluation(found)
    return 2 if any(one.reason.startswith("not scored") for one in found.left_out) else 0
