"""A labelled set scored by a detector, as the subject of an evaluation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path

from truevoice.audio import DEFAULT_LIMITS, Limits
from truevoice.commands.score import choose_policy
from truevoice.commands.subject import Decisions, Subject, Tables, aside_reason, line_origin
from truevoice.data.manifest import Manifest
from truevoice.data.readers import open_set
from truevoice.data.trial import Trial
from truevoice.detectors.deciding import decided
from truevoice.detectors.detector import Detector
from truevoice.detectors.register import load
from truevoice.detectors.result import Result
from truevoice.errors import UsageError
from truevoice.evaluation.evaluation import Conditions, Threshold
from truevoice.evaluation.gather import gather
from truevoice.evaluation.score_set import ScoreSet
from truevoice.scoring.session import Progress, Session, score_session
from truevoice.windows import WindowPolicy, whole_policy

HARMLESS = frozenset({"limits", "jobs", "batch_size", "force"})  # of hearing: they change no figure


@dataclass(frozen=True)
class SetSource:
    """A labelled set and the part of it that is wanted (splits by commas; a subset by name)."""

    target: Path
    split: str | None = None
    subset: str | None = None
    tables: Tables = field(default_factory=Tables)

    def open(self) -> tuple[Manifest, list[Trial], str]:
        """The set, the trials that are wanted of it, and which part that is in words. Raises UsageError."""
        found = open_set(self.target, **self.tables.words())
        wanted = {"split": self.split, "subset": self.subset or found.default_subset or None}
        trials = list(found.trials)
        for column, words in wanted.items():
            if words:
                trials = _only(trials, column, words, self.target)
        if len(trials) < len(found.trials):
            aside = f"{len(found.trials) - len(trials):,} trials of other splits or subsets were set aside"
            if found.default_subset and not self.subset:
                aside += f"; published figures are those of subset {found.default_subset}, --subset takes others"
            found = replace(found, notes=[*found.notes, aside])
        if not trials:
            raise UsageError(f"{self.target}: holds no labelled recordings")
        there = sorted({trial.meta.get("split", "") for trial in trials} - {""})
        parts = [", ".join(there), f"subset {wanted['subset']}" if wanted["subset"] else ""]
        return found, trials, "; ".join(filter(None, parts))


def _only(trials: Sequence[Trial], column: str, words: str, where: Path) -> list[Trial]:
    wanted = [word.strip() for word in words.split(",") if word.strip()]
    there = {trial.meta.get(column, "") for trial in trials}
    if unknown := [word for word in wanted if word not in there]:
        known = ", ".join(sorted(there - {""})) or "none"
        raise UsageError(f"{where}: has no {column} {unknown[0]!r}; it has {known}")
    return [trial for trial in trials if trial.meta.get(column, "") in wanted]


@dataclass(frozen=True)
class Listening:
    """How a detector hears: which one, on what, through which windows. Names as in `truevoice.score`."""

    model: str | None = None
    checkpoint: str | Path | None = None
    device: str = "auto"
    engine: str = "auto"
    precision: str = "float32"
    windows: str | None = None
    window: str | int | None = None
    hop: str | int | None = None
    pooling: str | None = None
    limits: Limits = DEFAULT_LIMITS
    jobs: int = 0
    batch_size: int = 0
    force: bool = False
    detector: Detector | None = field(default=None, repr=False)

    def open(self, decisions: Decisions, *, as_published: bool) -> tuple[Detector, WindowPolicy]:
        """The detector and its windows. `as_published`: a detector that is not ours and has no calibration hears its
        authors' window (the first one), which their figures hold for."""
        detector = self.detector or load(
            self.model,
            checkpoint=self.checkpoint,
            device=self.device,
            engine=self.engine,
            precision=self.precision,
        )
        detector = decided(detector, **vars(decisions))
        default = None
        ours = detector.calibration or detector.windows or detector.card.shipped
        if as_published and not ours:
            default = whole_policy() if detector.card.heard == "whole" else None
            default = default or WindowPolicy("first", detector.window, detector.window)
        policy = choose_policy(detector, self.windows, self.window, self.hop, self.pooling, default=default)
        return detector, detector.checked_policy(policy)

    def run(
        self,
        detector: Detector,
        policy: WindowPolicy,
        trials: Sequence[Trial],
        out: Path | None = None,
        progress: Progress | None = None,
    ) -> Session:
        return score_session(
            detector,
            trials,
            policy,
            out=out,
            fresh=self.force,
            limits=self.limits,
            jobs=self.jobs,
            batch_size=self.batch_size,
            progress=progress,
        )


def check_not_heard(listening: Listening) -> None:
    """Options of hearing change nothing in a score file: said, not passed over. Raises UsageError."""
    for one in fields(listening):
        if one.name not in HARMLESS and getattr(listening, one.name) != one.default:
            raise UsageError(
                f"--{one.name} is about hearing recordings, but a score file (--scores) has its scores already"
            )


def from_set(
    source: SetSource,
    listening: Listening,
    decisions: Decisions,
    *,
    as_published: bool,
    out: Path | None = None,
    progress: Progress | None = None,
) -> Subject:
    """Scores a labelled set. Raises UsageError where nothing of it could be scored, and what loading raises."""
    found, trials, part = source.open()  # before the detector: a wrong path should be told at once
    detector, policy = listening.open(decisions, as_published=as_published)
    session = listening.run(detector, policy, trials, out, progress)
    score_set = gather(trials, session.results(), found.left_out)
    score_set = replace(score_set, notes=list(found.notes))
    if not len(score_set):
        why = aside_reason(score_set)
        raise UsageError(f"{source.target}: none of its {len(trials):,} recordings could be used: {why}")
    conditions = Conditions(
        data=str(source.target),
        kind=found.kind,
        split=part,
        n_bonafide=score_set.n_bonafide,
        n_spoof=score_set.n_spoof,
        model=detector.name,
        checksum=detector.checksum,
        engine=session.run.engine,
        windows=str(policy),
        calibration=_origin(detector, decisions),
        prior_spoof=detector.calibration.prior_spoof if detector.calibration else 0.5,
    )

    def sibling(path: Path, folder: Path | None, watch: Progress | None) -> ScoreSet:
        other, others, _ = replace(source, target=path, split=None, subset=None).open()
        scored = listening.run(detector, policy, others, folder, watch)
        return gather(others, scored.results(), other.left_out)

    def results(threshold: Threshold | None) -> Iterable[Result]:
        judge = replace(detector, threshold=threshold.value) if threshold else detector
        return map(judge.decide, session.results())

    threshold = _threshold(detector, decisions)
    subset = source.subset or found.default_subset
    return Subject(score_set, conditions, detector.calibration, threshold, sibling, results, policy, subset)


def _origin(detector: Detector, decisions: Decisions) -> str:
    if detector.calibration is None:
        return ""
    return str(decisions.calibration) if decisions.calibration else f"stored with {detector.name}"


def _threshold(detector: Detector, decisions: Decisions) -> Threshold | None:
    if decisions.threshold is not None and detector.working_point is not None:
        named = detector.calibration is not None and decisions.threshold in detector.calibration.thresholds
        origin = (
            f"{decisions.threshold} of {_origin(detector, decisions)}" if named else f"given: {decisions.threshold}"
        )
        return Threshold(detector.working_point, origin)
    if detector.calibration is None:
        return None
    return Threshold(detector.calibration.threshold, line_origin(decisions, _origin(detector, decisions)))
