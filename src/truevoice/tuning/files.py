"""What a search leaves on disk besides its trials: trials.csv, study.json, best.yaml, report.html."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import truevoice
from truevoice.errors import TruevoiceError, one_line
from truevoice.files import replace_file
from truevoice.report.tuning_page import render_search
from truevoice.training.recipe import changed, write_settings
from truevoice.tuning.plan import Plan
from truevoice.tuning.record import Record, best_of, ranked

TABLE, STUDY, BEST, REPORT = "trials.csv", "study.json", "best.yaml", "report.html"
FEWEST_FOR_WEIGHTS = 4  # trials
_FIGURES = ("eer", "auc", "accuracy", "loss")
_TWO_SIDED = 1.959964  # standard deviations of 95 %


def write_tables(out: Path, plan: Plan, found: Sequence[Record]) -> dict[str, Any]:
    """trials.csv, study.json and best.yaml as the search stands. To be called in one's turn."""
    document = study_document(out, plan, found)
    _write(out, plan, found, document)
    return document


def write_report(out: Path, plan: Plan, found: Sequence[Record], study: Any) -> dict[str, Any]:
    """All of them and the page; what is in study.json is given. study: Optuna's, for what each setting weighs."""
    document = study_document(out, plan, found)
    document["importance"], document["importance_absent"] = _importance(plan, found, study)
    _write(out, plan, found, document)
    _put(out / REPORT, render_search(document))
    return document


def study_document(out: Path, plan: Plan, found: Sequence[Record]) -> dict[str, Any]:
    """study.json: the search, its best trial, all its trials; rates are fractions."""
    import optuna

    best = best_of(found, plan.higher_is_better)
    asked = plan.to_dict()
    states = ("complete", "pruned", "failed", "running", "waiting")
    return {
        **{key: asked[key] for key in ("method", "figure", "prune", "prune_after", "seed")},
        "higher_is_better": plan.higher_is_better,
        "n_trials": plan.trials,
        "counts": {state: sum(one.state == state for one in found) for state in states},
        "best": best and {**_row(out, best), "checkpoint": f"{best.folder}/best"},
        "near_best": near_best(plan.figure, found, best),
        "importance": {},
        "importance_absent": "",
        "space": asked["space"],
        "settings": asked["settings"],
        "trials": [_row(out, one) for one in found],
        "ranked": [_row(out, one) for one in ranked(found, plan.higher_is_better)],
        "truevoice": truevoice.__version__,
        "optuna": optuna.__version__,
    }


def near_best(figure: str, found: Sequence[Record], best: Record | None) -> dict[str, Any] | None:
    """How many trials lie so near the best that chance may have put them in this order; None where that is not known.

    The width is 1.96 standard errors: of an EER with the rule of S. Bengio and J. Mariethoz for the half total error
    rate (Odyssey 2004), of an accuracy the binomial one. The trials of a search hear the same recordings, so this is
    the error of one of them, not of a difference.
    """
    counts = best.figures.get("validation", {}) if best else {}
    bonafide, spoof = counts.get("n_bonafide", 0), counts.get("n_spoof", 0)
    if best is None or best.value is None or not bonafide or not spoof or figure not in ("eer", "accuracy"):
        return None
    shares = (1 / bonafide + 1 / spoof) / 4 if figure == "eer" else 1 / (bonafide + spoof)
    width = _TWO_SIDED * math.sqrt(best.value * (1 - best.value) * shares)
    values = [
        one.value for one in found if one.state == "complete" and one.trial != best.trial and one.value is not None
    ]
    return {"width": width, "count": sum(abs(value - best.value) <= width for value in values)}


def _importance(plan: Plan, found: Sequence[Record], study: Any) -> tuple[dict[str, float], str]:
    from optuna.importance import FanovaImportanceEvaluator, get_param_importances

    complete = [one for one in found if one.state == "complete"]
    varied = [axis.name for axis in plan.axes if len({repr(one.params[axis.name]) for one in complete}) > 1]
    if len(complete) < FEWEST_FOR_WEIGHTS:
        return {}, f"Needs {FEWEST_FOR_WEIGHTS} trials that ran to their end; there are {len(complete)}."
    if not varied or len({one.value for one in complete}) < 2:
        return {}, "All trials came to the same."
    evaluator = FanovaImportanceEvaluator(seed=plan.seed)
    shares = get_param_importances(study, evaluator=evaluator, params=varied)
    return {name: float(share) for name, share in shares.items()}, ""


def _write(out: Path, plan: Plan, found: Sequence[Record], document: dict[str, Any]) -> None:
    _put(out / TABLE, _table(plan, found))
    _put(
        out / STUDY,
        json.dumps({k: v for k, v in document.items() if k != "ranked"}, indent=1, ensure_ascii=False) + "\n",
    )
    best = best_of(found, plan.higher_is_better)
    if best is not None:
        write_settings(changed(plan.settings, best.params), out / BEST)


def _row(out: Path, one: Record) -> dict[str, Any]:
    return {
        "trial": one.trial,
        "folder": one.folder,
        "state": one.state,
        "value": one.value,
        "params": one.params,
        "best_epoch": one.best_epoch,
        "epochs": {str(epoch): value for epoch, value in one.epochs.items()},
        "figures": one.figures,
        "seconds": round(one.seconds, 3),
        "reason": one.reason,
        "attempts": one.attempts,
        "curves": (out / one.folder / "curves.html").exists(),
    }


def _table(plan: Plan, found: Sequence[Record]) -> str:
    """One row a trial by number; a column a setting, and one a set and figure."""
    sets = list(dict.fromkeys(name for one in found for name in one.figures))
    names = [axis.name for axis in plan.axes]
    measured = [(one, figure) for one in sets for figure in _FIGURES]
    head = ["trial", "folder", "state", plan.figure, "best_epoch", "epochs", *names]
    head += [f"{one} {figure}" for one, figure in measured]
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow([*head, "seconds", "attempts", "reason"])
    for one in found:
        values = [one.params.get(name, "") for name in names]
        figures = [one.figures.get(where, {}).get(figure, "") for where, figure in measured]
        value = "" if one.value is None else one.value
        row = [one.trial, one.folder, one.state, value, one.best_epoch or "", len(one.epochs), *values, *figures]
        writer.writerow([*row, f"{one.seconds:.1f}", one.attempts, one_line(one.reason)])
    return buffer.getvalue()


def _put(path: Path, text: str) -> None:
    try:
        replace_file(path, [text.encode(errors="backslashreplace")])
    except OSError as error:
        raise TruevoiceError(f"{path}: cannot be written ({error.strerror or one_line(error)})") from None
