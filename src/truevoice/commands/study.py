"""`truevoice study`: evaluate, look for leaks, fine-tune, evaluate again on every set, say what changed."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import truevoice
from truevoice.commands.compare import ROUNDS, write_both
from truevoice.commands.labelled_set import Listening, from_set
from truevoice.commands.study_repeat import repeat_facts
from truevoice.commands.study_sets import (
    CUSTOM,
    VALIDATION,
    Sets,
    StudySet,
    check_cluster,
    digest_of,
    gather_sets,
    left_out_findings,
)
from truevoice.commands.study_state import State
from truevoice.commands.subject import Decisions, Subject
from truevoice.comparison.comparison import compare_systems
from truevoice.comparison.generalising import summarise
from truevoice.comparison.reading import FIGURES, read_system
from truevoice.comparison.recordings import with_trials
from truevoice.comparison.study import Study
from truevoice.comparison.system import System
from truevoice.detectors.detector import Detector
from truevoice.detectors.register import load
from truevoice.doctor.finding import Finding
from truevoice.errors import TruevoiceError, UsageError
from truevoice.evaluation.evaluation import Threshold
from truevoice.evaluation.judging import judge
from truevoice.evaluation.options import Options
from truevoice.metrics import eer
from truevoice.models.converted import is_converted
from truevoice.report.evaluation_files import write_evaluation
from truevoice.report.run_history import METRICS, RunHistory, read_history
from truevoice.tracking import check_trackers
from truevoice.training.recipe import changed, to_dict
from truevoice.training.settings import Settings
from truevoice.windows import WindowPolicy

BEFORE, LEAKS, TRAINING, AFTER = "before", "leaks", "training", "after"
LEAKS_FILE = "leaks.json"
IN_EVALUATIONS = 1000  # rounds of the bootstrap in each evaluation's own report
HARMLESS = {"schedule": ("device", "workers", "eval_batch_size")}  # settings that change no result
OF_TRAINING = ("network.", "augment", "optimiser.", "loss.", "schedule.")

Tell = Callable[[str], None]
Progress = Callable[[int, int, str], None]
Trainer = Callable[..., Any]


def study(
    pretrained: str | Path,
    *,
    custom: str | Path,
    finetune_on: str | Path,
    out: str | Path,
    model: str = "",
    settings: Settings | None = None,
    test: Mapping[str, str] | None = None,
    custom_split: str = "",
    custom_label_map: str | None = None,
    max_train: int = 0,
    each_epoch: bool = False,
    log_to: Sequence[str] = (),
    cluster: str = "",
    rounds: int = ROUNDS,
    confidence: float = 0.95,
    seed: int = 0,
    players: bool = True,
    force: bool = False,
    jobs: int = 0,
    command: str = "",
    tell: Tell | None = None,
    progress: Progress | None = None,
    trainer: Trainer | None = None,
) -> Study:
    """Runs a study in the folder `out`, or goes on with the one there at the stage where it stopped.

    pretrained: the weights to start from: a weight file (then `model` names its detector), or a folder such as
    RUN/best. custom: a labelled set that is never trained on. finetune_on: the set that is learnt from, divided as in
    `truevoice train`; its test split, where it has one, is measured. settings: of the training; network.model,
    network.checkpoint and data.data are filled in. test: further labelled sets, by name. max_train: most training
    trials, 0 = all. each_epoch: measure custom and further sets after every epoch too, never to choose by.
    cluster, rounds, confidence, seed: of the paired bootstrap. command: the words that it was called by, for the
    report. trainer: in place of `truevoice.commands.train.train`, with its arguments.

    Thresholds: before, the one stored with the detector where it was made with these windows, else the EER threshold of
    the validation set; after likewise, of the fine-tuned detector. Both hear the same windows.

    Raises UsageError for a request that cannot be meant or another one than the folder holds, and what loading and
    training raise. What was done before an error stays.
    """
    if os.environ.get("WORLD_SIZE", "1") != "1":
        raise UsageError("a study runs in one process; train with torchrun, then evaluate and compare")
    options = Options(cluster=cluster, rounds=rounds, confidence=confidence, seed=seed)
    check_trackers(log_to)
    folder, say = Path(out), tell or _silent
    started = _load_pretrained(Path(pretrained), model or (settings.network.model if settings else ""), settings)
    tests = dict(test or {})
    plan = _settings(settings or Settings(), started, Path(pretrained), Path(finetune_on))
    gather = {"custom_split": custom_split, "custom_map": custom_label_map}
    sets = gather_sets(Path(custom), plan.data, tests, **gather)  # type: ignore[arg-type]
    if max_train:
        plan = _at_most(plan, max_train, len(sets.division.train))
        sets = gather_sets(Path(custom), plan.data, tests, **gather)  # type: ignore[arg-type]
    policy = _policy(started, plan)
    plan = changed(plan, {"data.windows": policy.kind, "data.leak_report": False})
    if each_epoch:
        further = {one.name: str(one.target) for one in sets.measured if one.role in ("custom", "other")}
        plan = changed(plan, {"data.test": further})
    plan.check()
    check_cluster(sets, cluster)
    # A wrong setting of training often shows when training begins: what was measured before does not hang on it.
    may_change = () if (folder / TRAINING / METRICS).exists() else OF_TRAINING
    asked, parts = _request(plan, started, policy, sets), (BEFORE, TRAINING, AFTER, LEAKS_FILE)
    state = State.begin(folder, asked, parts=parts, may_change=may_change, force=force)

    listening = Listening(device=plan.schedule.device, jobs=jobs, **_hearing(policy), force=force)
    stage = _Stage(folder, listening, say, progress)
    if BEFORE not in state.done or not stage.stands(BEFORE, sets.measured):
        say("1 of 5: evaluating the detector before")
        stage.measure(BEFORE, started, sets.measured)
        state.finish(BEFORE)
    wanted = settings is None or settings.data.leak_report
    if LEAKS not in state.done or (wanted and not state.done[LEAKS]["report"]):
        say("2 of 5: looking for leaks between the sets")
        state.finish(LEAKS, **_leaks(folder, sets, jobs, progress, wanted=wanted))
    if TRAINING not in state.done:
        say(f"3 of 5: fine-tuning on {len(sets.division.train):,} recordings")
        state.finish(TRAINING, **_train(plan, folder / TRAINING, trainer, log_to, say, progress, force=force))
    tuned = folder / TRAINING / "best"
    if AFTER not in state.done or not stage.stands(AFTER, sets.measured):
        say("4 of 5: evaluating the detector after")
        detector = load(None, checkpoint=tuned, device=plan.schedule.device)
        stage.of(detector, policy).measure(AFTER, detector, sets.measured)
        state.finish(AFTER, checksum=detector.checksum)
    say("5 of 5: comparing")
    repeat = repeat_facts(plan, Path(pretrained), started, tuned, state.done[AFTER]["checksum"], sets, policy, command)
    found = _compare(folder, sets, options, state, repeat)
    return _write(found, folder, players=players)


def _load_pretrained(path: Path, model: str, settings: Settings | None) -> Detector:
    if not path.exists():
        raise UsageError(f"{path}: no such weights (--pretrained): give a weight file, or a folder such as RUN/best")
    if not model and not is_converted(path):
        raise UsageError(f"{path}: which model is it? --model names one of 'truevoice models'")
    device = settings.schedule.device if settings else "auto"
    return load(model or None, checkpoint=path, device=device)


def _settings(settings: Settings, started: Detector, pretrained: Path, finetune_on: Path) -> Settings:
    """With what the study itself decides. Raises UsageError where the settings say otherwise."""
    for given, words in (
        (settings.network.checkpoint, "the weights to start from are --pretrained"),
        (settings.data.data, "the set to learn from is --finetune-on"),
    ):
        if given and given not in (str(pretrained), str(finetune_on)):
            raise UsageError(f"{given}: {words}; leave --checkpoint and --data out")
    values = {
        "network.model": started.card.name,
        "network.checkpoint": str(pretrained),
        "data.data": str(finetune_on),
        "data.test": {},
    }
    return changed(settings, values)


def _at_most(settings: Settings, most: int, there: int) -> Settings:
    """With a share of the training trials such that about `most` are left."""
    if most < 2:
        raise UsageError("--max-train must be 2 or more")
    if settings.data.subset not in ("100%", "1", "1.0"):
        raise UsageError("--max-train and --subset both say how much to learn from; give one")
    return settings if most >= there else changed(settings, {"data.subset": f"{most / there:.6f}"})


def _policy(detector: Detector, settings: Settings) -> WindowPolicy:
    """The windows that both detectors hear: those asked for, else as the model's authors do."""
    listening = Listening(detector=detector, windows=settings.data.windows or None)
    return listening.open(Decisions(), as_published=True)[1]


def _hearing(policy: WindowPolicy) -> dict[str, Any]:
    return {"windows": policy.kind, "window": policy.window, "hop": policy.hop, "pooling": policy.pooling}


def _request(settings: Settings, started: Detector, policy: WindowPolicy, sets: Sets) -> dict[str, Any]:
    """What must be the same for the study to go on."""
    plain = to_dict(settings)
    for section, names in HARMLESS.items():
        plain[section] = {name: value for name, value in plain[section].items() if name not in names}
    listed = {one.name: {"data": str(one.target), "recordings": one.digest} for one in sets.measured}
    learnt = digest_of(sets.division.train)
    return {**plain, "weights": started.checksum, "windows": policy.spec, "sets": listed, "learnt_from": learnt}


@dataclass(frozen=True)
class _Stage:
    """Measures a detector on every set, into OUT/STAGE/SET/."""

    folder: Path
    listening: Listening
    say: Tell
    progress: Progress | None

    def of(self, detector: Detector, policy: WindowPolicy) -> _Stage:
        """For a fine-tuned detector: the same windows, but where it was trained on others its authors' own."""
        fits = policy.kind == "whole" or policy.window == detector.window
        if fits:
            return self
        own = {"windows": None if policy.kind == "whole" else policy.kind, "window": None, "hop": None}
        return replace(self, listening=replace(self.listening, **own))  # type: ignore[arg-type]

    def stands(self, name: str, sets: Sequence[StudySet]) -> bool:
        """Whether all that the stage wrote is still there; what was deleted is measured again."""
        return all((self.folder / name / one.name / FIGURES).is_file() for one in sets)

    def measure(self, name: str, detector: Detector, sets: Sequence[StudySet]) -> None:
        chosen: Threshold | None = None
        for one in sets:  # validation comes first
            self.say(f"   {one.name}: {len(one.trials):,} recordings")
            subject = from_set(
                one,
                replace(self.listening, detector=detector),
                Decisions(),
                as_published=True,
                out=self.folder / name / one.name,
                progress=self._watch(f"{name}: {one.name}"),
            )
            if chosen is None:
                chosen = _threshold(subject)
            judged = replace(chosen, on_test=one.is_validation and (name == AFTER or chosen.on_test))
            options = Options(rounds=IN_EVALUATIONS)
            found = judge(
                subject.score_set,
                subject.conditions,
                threshold=judged,
                calibration=subject.calibration,
                options=options,
            )
            write_evaluation(found, subject.results(judged), self.folder / name / one.name, players=False)

    def _watch(self, words: str) -> Any:
        progress = self.progress
        return None if progress is None else lambda done, total, _: progress(done, total, words)


def _threshold(subject: Subject) -> Threshold:
    """The detector's own where it was made with these windows, else that of equal errors on validation."""
    line = subject.calibration
    if subject.threshold is not None and line is not None and line.windows in (None, subject.policy):
        return subject.threshold
    origin = f"EER threshold of the validation set ({len(subject.score_set):,} trials)"
    if not subject.score_set.n_bonafide or not subject.score_set.n_spoof:
        raise UsageError(f"{subject.conditions.data}: one class of the validation set could not be heard at all")
    return Threshold(eer(*subject.score_set.split())[1], origin, on_test=True)


def _leaks(folder: Path, sets: Sets, jobs: int, progress: Progress | None, *, wanted: bool) -> dict[str, Any]:
    """Looks for recordings and give-aways that the sets share, and writes leaks.json."""
    if not wanted:
        return {"report": {}, "findings": []}
    from truevoice.leaks.report import leak_report

    splits = {"train": sets.division.train, **{one.name: list(one.trials) for one in sets.measured}}
    found = leak_report(splits, jobs=jobs, progress=progress and (lambda done, total: progress(done, total, LEAKS)))
    found.write(folder / LEAKS_FILE)
    return {"report": found.to_dict(), "findings": [finding.to_dict() for finding in found.findings]}


def _train(
    settings: Settings,
    run: Path,
    trainer: Trainer | None,
    log_to: Sequence[str],
    say: Tell,
    progress: Progress | None,
    *,
    force: bool,
) -> dict[str, Any]:
    if trainer is None:
        from truevoice.commands.train import train

        trainer = train
    # A study that was stopped in training goes on there; one begun anew trains anew.
    found = trainer(settings, run, resume=not force, force=force, log_to=tuple(log_to), tell=say, progress=progress)
    if not (run / "best").is_dir():
        raise TruevoiceError(f"{run}: training left no best/; see {run / METRICS}")
    return {"skipped": [vars(one) for one in getattr(found, "skipped", [])]}


def _compare(folder: Path, sets: Sets, options: Options, state: State, repeat: dict[str, Any]) -> Study:
    before, after = (_with_trials(read_system(folder / name, name=name), sets) for name in (BEFORE, AFTER))
    comparison = compare_systems(before, after, options, untested=[VALIDATION])
    roles = {one.name: one.role for one in sets.measured}
    ordered = {one.name: comparison.sets[one.name] for one in _in_order(sets.measured)}
    comparison = replace(comparison, sets=ordered)
    leaks = state.done[LEAKS]["report"]
    judged = [(one, roles[name]) for name, one in ordered.items()]
    summary = summarise(judged, options.confidence, learnt=_learnt(leaks), can_tell=comparison.can_tell)
    history = read_history(folder / TRAINING)
    unheard = {one for system in (before, after) for side in system.sides.values() for one in side.score_set.left_out}
    skipped = state.done[TRAINING].get("skipped", [])
    names = {one.name for one in unheard} | {str(one["name"]) for one in skipped}
    findings = [*left_out_findings(sets), *(Finding(**one) for one in state.done[LEAKS]["findings"])]
    if skipped:
        told = f"{len(skipped):,} recordings could not be used in training, such as {skipped[0]['name']}."
        findings.append(Finding("training-skipped", "warning", told, "See skipped.csv in the training's folder."))
    return Study(
        comparison=comparison,
        roles=roles,
        summary=summary,
        leaks=leaks,
        training=_training_facts(folder / TRAINING, history, sets),
        epochs=history.epochs,
        repeat=repeat,
        findings=findings,
        failed=len(names),
    )


def _learnt(leaks: Mapping[str, Any]) -> int:
    """Recordings of the custom set that sound the same as one that was learnt from, or validated on."""
    seen = ("train", VALIDATION)
    pairs = [pair for pair in leaks.get("shared", ()) if pair["second"] == CUSTOM]
    return len({same["second"] for pair in pairs if pair["first"] in seen for same in pair["same"]})


def _in_order(sets: Sequence[StudySet]) -> list[StudySet]:
    """As the report shows them: the fine-tuning's own, the custom one, the others, validation last."""
    order = {"own": 0, "custom": 1, "other": 2, "validation": 3}
    return sorted(sets, key=lambda one: order[one.role])


def _with_trials(system: System, sets: Sets) -> System:
    """With the recordings and columns of the sets as they were opened here."""
    by_set = {one.name: {trial.name: trial for trial in one.trials} for one in sets.measured}
    sides = {
        name: replace(side, score_set=with_trials(replace(side.score_set, notes=[]), by_set[name]))
        for name, side in system.sides.items()
        if name in by_set
    }
    return replace(system, sides=sides)


def _training_facts(run: Path, history: RunHistory, sets: Sets) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "division": sets.division.notes,
        "n_train": len(sets.division.train),
        "epochs": len(history.epochs),
        "best_epoch": history.best_epoch,
        "stopped": history.stopped,
        "seconds": sum(float(epoch.get("seconds") or 0) for epoch in history.epochs),
    }
    with (run / METRICS).open(encoding="utf-8") as lines:
        started = json.loads(next(lines))
    return {**facts, **{name: started[name] for name in ("trained", "parameters") if name in started}}


def _write(found: Study, folder: Path, *, players: bool) -> Study:
    """report.html and study.json."""
    from truevoice.report.study_page import render_study

    page = render_study(found, players=players)
    return found.at(write_both(folder, page, "study.json", {**found.to_dict(), "truevoice": truevoice.__version__}))


def _silent(_: str) -> None:
    pass
