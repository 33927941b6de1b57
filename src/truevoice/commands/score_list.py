"""A score file of anyone's, as the subject of an evaluation."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from truevoice.commands.subject import Decisions, Subject, Tables, aside_reason, line_origin
from truevoice.data.trial import BONAFIDE, SPOOF
from truevoice.detectors.calibration import Calibration, at_prior
from truevoice.detectors.deciding import read_calibration, threshold_value
from truevoice.detectors.result import Result
from truevoice.errors import UsageError
from truevoice.evaluation.evaluation import Conditions, Threshold
from truevoice.evaluation.score_files import ScoreFile, read_scores
from truevoice.evaluation.score_rows import read_score_rows
from truevoice.evaluation.score_set import ScoreSet
from truevoice.scoring.session import Progress
from truevoice.windows import WindowPolicy


@dataclass(frozen=True)
class ScoreSource:
    """A score file, its key where the labels stand apart, and how to read both. dev_key: of the development set."""

    path: Path
    key: Path | None = None
    score_means: str = BONAFIDE
    score_column: str | None = None
    subset: str | None = None
    split: str | None = None
    tables: Tables = field(default_factory=Tables)
    dev_key: Path | None = None

    def of_dev(self, path: Path) -> ScoreSource:
        """How the development set's score file is read: by its own key, else by the labels in it, else by this key.
        Which part of the set is judged says nothing about it."""
        other = replace(self, path=path, key=self.dev_key or self.key, split=None, subset=None)
        if self.dev_key or self.key is None:
            return other
        tables = replace(self.tables, label_column=None)  # that column is of the key
        words = tables.words()
        rows = read_score_rows(
            path,
            path_column=words["path_column"],
            score_column=self.score_column,
            label_map=words["label_map"],
        )
        return replace(other, key=None, tables=tables) if any(rows.labels or ()) else other

    def open(self) -> ScoreFile:
        """Raises UsageError; see `read_scores`."""
        file = read_scores(
            self.path,
            key=self.key,
            subset=self.subset,
            score_means=self.score_means,
            score_column=self.score_column,
            **self.tables.words(),
        )
        if self.split:
            columns = file.score_set.columns
            wanted = [word.strip() for word in self.split.split(",") if word.strip()]
            known = sorted(set(columns.get("split", [])) - {""})
            if not set(wanted) <= set(known):
                raise UsageError(f"{self.path}: has no split {self.split!r}; it has {', '.join(known) or 'none'}")
            chosen = [i for i, split in enumerate(columns["split"]) if split in wanted]
            file = replace(file, score_set=file.score_set.take(chosen))
        return file


def check_no_score_options(key: object, score_means: str, score_column: object) -> None:
    """Options of score files do nothing for recordings: said, not passed over. Raises UsageError."""
    for option, given in (("--key", key), ("--score-means", score_means != BONAFIDE), ("--score-column", score_column)):
        if given:
            raise UsageError(f"{option} is about a score file: it needs --scores FILE")


def from_scores(source: ScoreSource, decisions: Decisions) -> Subject:
    """Takes a score file as it is. Its own threshold and P(spoof) count where nothing else is asked."""
    file = source.open()
    score_set = file.score_set
    if not len(score_set):
        raise UsageError(f"{source.path}: holds no usable trial: {aside_reason(score_set)}")
    line = read_calibration(decisions.calibration) if decisions.calibration else None
    if line and line.checksum and file.checksum and line.checksum != file.checksum:
        other = f"weights {line.checksum[:12]}, not {file.checksum[:12]}"
        raise UsageError(f"{decisions.calibration}: was made for {other}: run 'truevoice calibrate' for these")
    if decisions.prior is not None and line is not None:
        line = line.with_prior(decisions.prior)
    origin = "p_spoof of the file" if score_set.p_spoof is not None else ""
    own_prior = file.prior_spoof or 0.5
    prior = line.prior_spoof if line else decisions.prior or own_prior
    if line is not None:
        score_set = replace(score_set, p_spoof=line.p_spoofs(score_set.scores))
    elif score_set.p_spoof is not None and prior != own_prior:
        score_set = replace(score_set, p_spoof=at_prior(score_set.p_spoof, own_prior, prior))
    subset = f"subset {source.subset}" if source.subset else ""
    policy = _policy(file.windows)
    conditions = Conditions(
        data=f"{source.path}" + (f" with {source.key}" if source.key else ""),
        kind="score file",
        split="; ".join(filter(None, [source.split, subset])),
        n_bonafide=score_set.n_bonafide,
        n_spoof=score_set.n_spoof,
        model=file.model,
        checksum=file.checksum,
        windows=str(policy) if policy else file.windows,
        calibration=str(decisions.calibration or origin),
        prior_spoof=prior,
    )

    def sibling(path: Path, folder: Path | None, watch: Progress | None) -> ScoreSet:
        return source.of_dev(path).open().score_set

    def results(threshold: Threshold | None) -> Iterable[Result]:
        return _rows(score_set, file, conditions, threshold, policy)

    threshold = _given(decisions, line, file, source)
    return Subject(score_set, conditions, line, threshold, sibling, results, policy, source.subset or "")


def _given(decisions: Decisions, line: Calibration | None, file: ScoreFile, source: ScoreSource) -> Threshold | None:
    wanted = decisions.threshold
    if wanted is not None:
        named = isinstance(wanted, str) and line is not None and wanted in line.thresholds
        origin = f"{wanted} of {decisions.calibration}" if named else f"given: {wanted}"
        return Threshold(threshold_value(wanted, line), origin)
    if line is not None:
        return Threshold(line.threshold, line_origin(decisions, str(decisions.calibration)))
    return Threshold(file.threshold, f"stored in {source.path}") if file.threshold is not None else None


def _policy(spec: str) -> WindowPolicy | None:
    """The windows that a file states, if it is one of ours."""
    try:
        return WindowPolicy.parse(spec)
    except UsageError:
        return None


def _rows(
    score_set: ScoreSet,
    file: ScoreFile,
    conditions: Conditions,
    threshold: Threshold | None,
    policy: WindowPolicy | None,
) -> Iterable[Result]:
    for index, name in enumerate(score_set.names):
        score = float(score_set.scores[index])
        verdict = "" if threshold is None else BONAFIDE if score >= threshold.value else SPOOF
        yield Result(
            trial=name,
            label=BONAFIDE if score_set.bonafide[index] else SPOOF,
            score=score,
            p_spoof=None if score_set.p_spoof is None else float(score_set.p_spoof[index]),
            verdict=verdict,
            prior_spoof=conditions.prior_spoof if score_set.p_spoof is not None else None,
            threshold=threshold.value if threshold else None,
            model=file.model,
            checksum=file.checksum,
            windows=policy.to_dict() if policy else {},
        )
    for one in score_set.left_out:
        yield Result(trial=one.name, error=one.reason, model=file.model, checksum=file.checksum)
