"""`truevoice evaluate`: a labelled set, or anyone's score file → figures with intervals, findings, a report."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from truevoice.commands.labelled_set import Listening, SetSource, check_not_heard, from_set
from truevoice.commands.score_list import ScoreSource, check_no_score_options, from_scores
from truevoice.commands.subject import Decisions, Subject, Tables, optional_path
from truevoice.detectors.detector import Detector
from truevoice.doctor.finding import Finding
from truevoice.errors import TruevoiceError, UsageError
from truevoice.evaluation.asv_scores import read_asv_scores
from truevoice.evaluation.evaluation import Evaluation, Threshold
from truevoice.evaluation.judging import judge
from truevoice.evaluation.options import Costs, Options
from truevoice.evaluation.score_set import ScoreSet
from truevoice.metrics import eer
from truevoice.scoring.session import Progress
from truevoice.tracking import check_trackers
from truevoice.tracking.evaluated import log_evaluation

Source = str | Path


def evaluate(
    target: Source | None = None,
    *,
    model: str | None = None,
    checkpoint: Source | None = None,
    scores: Source | None = None,
    key: Source | None = None,
    subset: str | None = None,
    split: str | None = None,
    score_means: str = "bonafide",
    path_column: str | None = None,
    label_column: str | None = None,
    score_column: str | None = None,
    label_map: str | None = None,
    dev: Source | None = None,
    dev_key: Source | None = None,
    calibration: Source | None = None,
    threshold: float | str | None = None,
    prior: float | None = None,
    by: str | None = None,
    cluster: str = "",
    rounds: int = 1000,
    confidence: float = 0.95,
    seed: int = 0,
    costs: Costs | None = None,
    asv_scores: Source | None = None,
    asv_key: Source | None = None,
    out: Source | None = None,
    players: bool = True,
    log_to: Sequence[str] = (),
    progress: Progress | None = None,
    detector: Detector | None = None,
    **scoring: Any,
) -> Evaluation:
    """Evaluates a detector on a labelled set, or a score file that anyone made.

    target: a folder (Real/Fake, a published set, or one with a manifest.csv) or a table with path and label. Or scores:
    a score file, with its labels inside or in `key`; score_means: "bonafide" where a higher score is more bona fide,
    "spoof" where it is the other way round. subset: eval, progress or hidden of ASVspoof 2021; split: splits to take,
    by commas. label_map: as in "1=spoof,0=bonafide".
    dev: another labelled set (with `scores`: another score file, its labels inside, or in `dev_key`, or else in `key`)
    on which the threshold is chosen. calibration, prior, threshold: as in `truevoice.score`. by: columns to break down
    by, by commas, "none" for none. cluster: the column whose values the bootstrap draws as wholes; rounds, confidence,
    seed: of the bootstrap. asv_scores, asv_key: of a speaker verification system, for the t-DCF. out: a folder for
    report.html, metrics.json and scores.csv. log_to: trackers (tensorboard, wandb, trackio) that show figures, pictures
    and the table of errors; their files go to `out`.
    scoring: device, engine, precision, windows, window, hop, pooling, limits, jobs, batch_size, force, as in
    `truevoice.score`; a published model defaults to its authors' window here.

    Rates are fractions. Raises UsageError and the errors of `truevoice.load`; a recording that cannot be read is
    counted and left out.
    """
    options = Options(
        by=None if by is None else tuple(name.strip() for name in by.split(",") if name.strip() not in ("", "none")),
        cluster=cluster,
        rounds=rounds,
        confidence=confidence,
        seed=seed,
        costs=costs or Costs(),
    )
    if (target is None) == (scores is None):
        raise UsageError("evaluate takes a labelled set, or a score file with --scores: one of the two")
    if threshold is not None and dev is not None:
        raise UsageError("a threshold is either given (--threshold) or chosen on a development set (--dev), not both")
    folder = Path(out) if out is not None else None
    trackers = check_trackers(log_to)  # before the work
    if trackers and folder is None:
        raise UsageError("--log-to writes into the folder of the evaluation: name one with -o")
    tables = Tables(path_column, label_column, label_map)
    decisions = Decisions(optional_path(calibration), prior, threshold)
    listening = Listening(model, checkpoint, detector=detector, **scoring)
    if dev_key is not None and (scores is None or dev is None):
        raise UsageError("--dev-key has the labels of a development score file: it needs --scores FILE and --dev FILE")
    if scores is not None:
        check_not_heard(listening)
        source = ScoreSource(Path(scores), optional_path(key), score_means, score_column, subset, split, tables)
        source = replace(source, dev_key=optional_path(dev_key))
        subject = from_scores(source, decisions)
        if folder is not None:
            _make(folder)  # before the work: a million trials take a while
    else:
        assert target is not None
        check_no_score_options(key, score_means, score_column)
        subject = from_set(
            SetSource(Path(target), split, subset, tables),
            listening,
            decisions,
            as_published=True,
            out=folder,
            progress=progress,
        )
    subject, findings = _with_dev(subject, dev, folder, progress)
    asv = read_asv_scores(Path(asv_scores), optional_path(asv_key), subject.subset) if asv_scores else None
    found = judge(
        subject.score_set,
        subject.conditions,
        threshold=subject.threshold,
        calibration=subject.calibration,
        options=options,
        asv=asv,
    )
    found = replace(found, findings=[*findings, *_of_calibration(subject), *found.findings])
    if folder is None:
        return found
    # A threshold chosen on these very trials makes figures, not verdicts.
    decided = None if found.threshold.on_test else found.threshold
    from truevoice.report.evaluation_files import write_evaluation

    written = write_evaluation(found, subject.results(decided), folder, players=players)
    places, failed = log_evaluation(found, trackers, folder)
    return replace(found, written=[*written, *places], findings=[*found.findings, *failed])


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise TruevoiceError(f"{folder}: cannot be written ({error.strerror}): choose another -o") from None


def _of_calibration(subject: Subject) -> list[Finding]:
    """Where the calibration does not fit what it is used on: other windows, or the very trials it was made of."""
    line, conditions = subject.calibration, subject.conditions
    found: list[Finding] = []
    if line is None:
        return found
    if line.windows and subject.policy and line.windows != subject.policy:
        told = f"The calibration was measured with windows of {line.windows}, the scores with {subject.policy}."
        remedy = "Run 'truevoice calibrate' with these windows, or leave --windows out."
        found.append(Finding("calibration-windows", "warning", told, remedy))
    if line.fitted_on.get("data") == conditions.data and line.fitted_on.get("split", "") == conditions.split:
        told = "The calibration was made of the very trials it is judged on, so every figure but EER and AUC flatters."
        remedy = "Calibrate on a development set (truevoice calibrate --dev)."
        found.append(Finding("calibrated-on-test", "warning", told, remedy))
    return found


def _identities(score_set: ScoreSet) -> set[str]:
    """What tells a trial in every file: the full path of its recording, or its name."""
    if score_set.sources:
        return set(map(os.path.abspath, score_set.sources))
    return set(score_set.names) if score_set.named else set()


def _with_dev(
    subject: Subject, dev: Source | None, folder: Path | None, progress: Progress | None
) -> tuple[Subject, list[Finding]]:
    """The subject at the EER threshold of the development set, and what is wrong with that set."""
    if dev is None:
        return subject, []
    other = subject.sibling(Path(dev), folder / "dev" if folder else None, progress)
    if not other.n_bonafide or not other.n_spoof:
        raise UsageError(
            f"{dev}: all its {len(other):,} trials are of one class, so no threshold can be chosen on them"
        )
    _, value = eer(*other.split())
    origin = f"EER threshold of the development set {dev} ({len(other):,} trials)"
    shared = len(_identities(other) & _identities(subject.score_set))
    findings = []
    if shared:
        findings.append(
            Finding(
                "shared-with-dev",
                "warning",
                f"{shared:,} trials stand both in the development set and in the set that is judged",
                "Choose the threshold on other recordings, or the figures at it are optimistic.",
            )
        )
    return replace(subject, threshold=Threshold(value, origin)), findings
