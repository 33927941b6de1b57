"""`truevoice calibrate`: a development set → a map from scores to log-likelihood ratios, and named thresholds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from truevoice.commands.labelled_set import Listening, SetSource, check_not_heard, from_set
from truevoice.commands.score_list import ScoreSource, check_no_score_options, from_scores
from truevoice.commands.subject import Decisions, Subject, Tables, check_prior, optional_path
from truevoice.detectors.calibrating import calibrate_scores
from truevoice.detectors.calibration import Calibration
from truevoice.detectors.detector import Detector
from truevoice.errors import TruevoiceError, UsageError
from truevoice.files import replace_file
from truevoice.scoring.session import Progress
from truevoice.windows import WindowPolicy

Source = str | Path


def calibrate(
    dev: Source | None = None,
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
    prior: float = 0.5,
    false_alarms: float = 0.05,
    misses: float = 0.05,
    out: Source | None = None,
    progress: Progress | None = None,
    detector: Detector | None = None,
    **scoring: Any,
) -> Calibration:
    """Fits LLR = slope · score + offset by logistic regression on a labelled set, and measures thresholds on it.

    dev: a labelled set as in `truevoice.evaluate`; or scores: a score file, with its labels inside or in `key`.
    prior: P(spoof) that the default threshold and P(spoof) assume. Thresholds: `balanced` (the default: P(spoof) one
    half at that prior), `eer`, `low-false-alarm` (at most the share `false_alarms` of bona fide trials called spoof),
    `high-recall` (at most the share `misses` of spoofs called bona fide). out: the JSON file to write.
    scoring: as in `truevoice.score`; the windows are stored, and become the default wherever the calibration is used.

    Raises UsageError where a class is missing, all scores are equal, or bona fide trials score lower than spoofs.
    """
    if (dev is None) == (scores is None):
        raise UsageError("calibrate takes a labelled set (--dev), or a score file with --scores: one of the two")
    for name, share in (("false-alarms", false_alarms), ("misses", misses)):
        if not 0 < share < 1:
            raise UsageError(f"--{name} is a share between 0 and 1, not {share:g}")
    check_prior(prior)
    tables = Tables(path_column, label_column, label_map)
    listening = Listening(model, checkpoint, detector=detector, **scoring)
    if scores is not None:
        check_not_heard(listening)
        source = ScoreSource(Path(scores), optional_path(key), score_means, score_column, subset, split, tables)
        subject = from_scores(source, Decisions())
    else:
        assert dev is not None
        check_no_score_options(key, score_means, score_column)
        subject = from_set(
            SetSource(Path(dev), split, subset, tables), listening, Decisions(), as_published=False, progress=progress
        )
    found = fit_calibration(subject, subject.policy, prior, false_alarms, misses)
    if out is not None:
        _write(found, Path(out))
    return found


def fit_calibration(
    subject: Subject, policy: WindowPolicy | None, prior: float, false_alarms: float, misses: float
) -> Calibration:
    """The calibration of a subject's scores. Raises UsageError as `calibrate` does."""
    score_set, conditions = subject.score_set, subject.conditions
    if not score_set.n_bonafide or not score_set.n_spoof:
        raise UsageError(f"{conditions.data}: all {len(score_set):,} trials are of one class; a calibration needs both")
    try:
        return calibrate_scores(
            *score_set.split(),
            prior=prior,
            false_alarms=false_alarms,
            misses=misses,
            policy=policy,
            fitted_on={"data": conditions.data, "split": conditions.split},
            model=conditions.model,
            checksum=conditions.checksum,
        )
    except UsageError as error:
        raise UsageError(f"{conditions.data}: {error}") from None


def _write(calibration: Calibration, path: Path) -> None:
    text = json.dumps(calibration.to_dict(), indent=1, ensure_ascii=False) + "\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, [text.encode()])
    except OSError as error:
        raise TruevoiceError(f"{path}: cannot be written ({error.strerror})") from None
