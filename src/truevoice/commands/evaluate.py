"""`truevoice evaluate`: a labelled set, or anyone's score file → figures with intervals, findings, a report."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from truevoice.commands.labelled_set import Listening, SetSource, from_set
from truevoice.commands.score_list import ScoreSource, check_no_score_options, from_scores
from truevoice.commands.subject import Decisions, Subject, Tables, optional_path
from truevoice.detectors.detector import Detector
from truevoice.doctor.finding import Finding
from truevoice.errors import UsageError
from truevoice.evaluation.asv_scores import read_asv_scores
from truevoice.evaluation.evaluation import Evaluation, Threshold
from truevoice.evaluation.judging import judge
from truevoice.evaluation.options import Costs, Options
from truevoice.metrics import eer
from truevoice.scoring.session import Progress

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
    progress: Progress | None = None,
    detector: Detector | None = None,
    **scoring: Any,
) -> Evaluation:
    """Evaluates a detector on a labelled set, or a score file that anyone made.

    target: a folder (Real/Fake, a published set, or one with a manifest.csv) or a table with path and label. Or scores:
    a score file, with its labels inside or in `key`; score_means: "bonafide" where a higher score is more bona fide,
    "spoof" where it is the other way round. subset: eval, progress or hidden of ASVspoof 2021; split: splits to take,
    by commas. label_map: as in "1=spoof,0=bonafide".
    dev: another labelled set (with `scores`: another score file) on which the threshold is chosen. calibration, prior,
    threshold: as in `truevoice.score`. by: columns to break down by, by commas, "none" for none. cluster: the column
    whose values the bootstrap draws as wholes; rounds, confidence, seed: of the bootstrap. asv_scores, asv_key: of a
    speaker verification system, for the t-DCF. out: a folder for report.html, metrics.json and scores.csv.
    scoring: device, engine, windows, window, hop, pooling, limits, jobs, batch_size, force, as in `truevoice.score`; a
    published model defaults to its authors' window here.

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
        prior_spoof=0.5 if prior is None else prior,
    )
    if (target is None) == (scores is None):
        raise UsageError("evaluate takes a labelled set, or a score file with --scores: one of the two")
    if threshold is not None and dev is not None:
        raise UsageError("a threshold is either given (--threshold) or chosen on a development set (--dev), not both")
    folder = Path(out) if out is not None else None
    tables = Tables(path_column, label_column, label_map)
    decisions = Decisions(optional_path(calibration), prior, threshold)
    if scores is not None:
        given = {"model": model, "checkpoint": checkpoint, "detector": detector}
        if named := [name for name, value in given.items() if value is not None]:
            raise UsageError(f"{named[0]} scores recordings, but a score file (--scores) has its scores already")
        source = ScoreSource(Path(scores), optional_path(key), score_means, score_column, subset, split, tables)
        subject = from_scores(source, decisions)
    else:
        assert target is not None
        check_no_score_options(key, score_means, score_column)
        subject = from_set(
            SetSource(Path(target), split, subset, tables),
            Listening(model, checkpoint, detector=detector, **scoring),
            decisions,
            as_published=True,
            out=folder,
            progress=progress,
        )
    subject, findings = _with_dev(subject, dev, folder, progress)
    asv = read_asv_scores(Path(asv_scores), optional_path(asv_key), subset or "") if asv_scores else None
    found = judge(
        subject.score_set,
        subject.conditions,
        threshold=subject.threshold,
        calibration=subject.calibration,
        options=options,
        asv=asv,
    )
    found = replace(found, findings=[*findings, *found.findings])
    if folder is None:
        return found
    # A threshold chosen on these very trials makes figures, not verdicts.
    decided = None if found.threshold.on_test else found.threshold
    from truevoice.report.evaluation_files import write_evaluation

    return replace(found, written=write_evaluation(found, subject.results(decided), folder, players=players))


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
    shared = len(set(other.sources or other.names) & set(subject.score_set.sources or subject.score_set.names))
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
