"""From disk to a system: an evaluation's folder, a folder of such, a training run, anyone's score file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from truevoice.comparison.recordings import with_recordings
from truevoice.comparison.system import Side, System
from truevoice.doctor.finding import Finding
from truevoice.errors import UsageError, one_line
from truevoice.evaluation.evaluation import Conditions, Threshold
from truevoice.evaluation.score_files import read_scores
from truevoice.evaluation.score_set import ScoreSet
from truevoice.metrics import auc, eer

FIGURES, SCORES, RUN_SCORES = "metrics.json", "scores.csv", "scores"
VALIDATION = "validation"
SAME = 1e-6  # by how much a stored figure may miss that of its scores: more than rounding, less than a trial


def read_system(path: Path, *, name: str = "", **reading: Any) -> System:
    """What lies at `path`: a folder of `truevoice evaluate`, one whose folders are such, a run of `truevoice train`,
    or a score file. name: what to call it, "" = by its place. reading: of a score file, as `read_scores` takes it.

    Raises UsageError, one line, where it is none of these or its scores cannot be read.
    """
    name = name or _called(path)
    if not path.exists():
        raise UsageError(f"{path}: no such file or folder")
    if not path.is_dir():
        return System(name, str(path), "score file", {_set_name(path): _of_file(path, **reading)})
    if any(value for value in reading.values()):
        raise UsageError(
            f"{path}: is a folder of truevoice's own; --key, --score-means and columns are for score files"
        )
    if (path / FIGURES).is_file():
        return System(name, str(path), "evaluation", {path.name: _of_evaluation(path)})
    inner = sorted(one.parent for one in path.glob(f"*/{FIGURES}"))
    if inner:
        return System(name, str(path), "evaluations", {one.name: _of_evaluation(one) for one in inner})
    tables = sorted((path / RUN_SCORES).glob("*.csv"))
    if tables:
        threshold = _chosen_in_training(path)
        return System(name, str(path), "training run", {one.stem: _of_run(one, path, threshold) for one in tables})
    if (path / SCORES).is_file():
        return System(name, str(path), "scores", {path.name: _of_file(path / SCORES)})
    raise UsageError(
        f"{path}: holds neither {FIGURES} (of 'truevoice evaluate -o') nor {RUN_SCORES}/SET.csv (of 'truevoice "
        "train'); give such a folder, or a score file"
    )


def _called(path: Path) -> str:
    """The last two parts of a path, without extension: `study/before`."""
    parts = path.absolute().with_suffix("").parts
    return "/".join(part for part in parts[-2:] if part != "/") or str(path)


def _set_name(path: Path) -> str:
    return path.parent.name if path.name == SCORES else path.stem


def _of_file(path: Path, **reading: Any) -> Side:
    file = read_scores(path, **{name: value for name, value in reading.items() if value})
    _check_usable(file.score_set, path)
    conditions = Conditions(
        data=str(path),
        kind="score file",
        n_bonafide=file.score_set.n_bonafide,
        n_spoof=file.score_set.n_spoof,
        model=file.model,
        checksum=file.checksum,
        windows=file.windows,
    )
    threshold = None if file.threshold is None else Threshold(file.threshold, f"stored in {path}")
    return Side(with_recordings(file.score_set, ""), conditions, threshold)


def _of_evaluation(folder: Path) -> Side:
    stored = _read_json(folder / FIGURES)
    if not (folder / SCORES).is_file():
        raise UsageError(f"{folder}: holds {FIGURES} but no {SCORES}; run 'truevoice evaluate -o' again")
    try:
        conditions = Conditions(**stored["conditions"])
        threshold = Threshold(
            float(stored["threshold"]), str(stored["threshold_origin"]), bool(stored["threshold_on_test"])
        )
    except (KeyError, TypeError, ValueError) as error:
        raise UsageError(f"{folder / FIGURES}: is not of 'truevoice evaluate' ({one_line(error, 80)})") from None
    score_set = read_scores(folder / SCORES).score_set
    _check_usable(score_set, folder / SCORES)
    # A score file's own words for the trials are not in scores.csv; the set itself, where it is still there, has more.
    score_set = with_recordings(score_set, "" if conditions.kind == "score file" else conditions.data)
    return Side(score_set, conditions, threshold, _contradicted(stored, score_set, folder))


def _of_run(table: Path, run: Path, threshold: float | None) -> Side:
    file = read_scores(table)
    _check_usable(file.score_set, table)
    conditions = Conditions(
        data=str(table),
        kind="training run",
        n_bonafide=file.score_set.n_bonafide,
        n_spoof=file.score_set.n_spoof,
        model=file.model or run.name,
        checksum=file.checksum,
        windows=file.windows,
    )
    chosen = None
    if threshold is not None:
        origin = f"chosen on the validation set of {run}"
        chosen = Threshold(threshold, origin, on_test=table.stem == VALIDATION)
    return Side(with_recordings(file.score_set, ""), conditions, chosen)


def _chosen_in_training(run: Path) -> float | None:
    """The threshold of the validation set at the best epoch, None where the run does not say."""
    if not (run / "summary.json").is_file():
        return None
    found: Any = _read_json(run / "summary.json")
    for key in ("best", VALIDATION, "threshold"):
        found = found.get(key) if isinstance(found, Mapping) else None
    return float(found) if isinstance(found, int | float) else None


def _contradicted(stored: Mapping[str, Any], score_set: ScoreSet, folder: Path) -> list[Finding]:
    """An EER or AUC that is not that of the scores beside it: one of the two files was made by other means."""
    if not score_set.n_bonafide or not score_set.n_spoof:
        return []
    own = {"eer": eer(*score_set.split())[0], "auc": auc(*score_set.split())}
    wrong = [
        f"{name.upper()} {stored[name]:.4f} where the scores have {value:.4f}"
        for name, value in own.items()
        if isinstance(stored.get(name), int | float) and not abs(stored[name] - value) <= SAME
    ]
    if not wrong:
        return []
    told = f"{folder / FIGURES} does not belong to its {SCORES}: {', '.join(wrong)}. The scores were taken."
    return [Finding("figures-not-of-scores", "error", told, "Run 'truevoice evaluate -o' again.")]


def _check_usable(score_set: ScoreSet, path: Path) -> None:
    if not len(score_set):
        why = score_set.left_out[0].reason if score_set.left_out else "it is empty"
        raise UsageError(f"{path}: holds no usable trial: {why}")
    if not score_set.named:
        raise UsageError(f"{path}: its trials have no names to join them by; name the column with --path-column")


def _read_json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror})") from None
    except ValueError as error:
        raise UsageError(f"{path}: is not whole ({one_line(error, 80)}); make it again") from None
    if not isinstance(found, dict):
        raise UsageError(f"{path}: is no JSON object; make it again")
    return found
