"""The page of a training run's course, or of several: learning curves, what they say, and every epoch's figures.

It is made of metrics.jsonl alone, so that it can be made while a run goes on, and of runs that were stopped.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from truevoice.errors import TruevoiceError, UsageError, one_line
from truevoice.files import replace_file
from truevoice.report import numbers
from truevoice.report.charts.learning import (
    VALIDATION,
    Course,
    SubsetPoint,
    learning_chart,
    overfitting,
    runs_chart,
    subset_chart,
)
from truevoice.report.pages import render_page
from truevoice.report.run_history import RunHistory, number, read_history

View = dict[str, Any]

PAGE = "curves.html"
FIGURES = ("loss", "accuracy", "eer", "auc")
MOST_EPOCHS = 200  # rows of a table; metrics.jsonl holds them all


def learning_page(run: Path) -> list[Path]:
    """Writes RUN/curves.html and RUN/curves.svg, gives their paths. Raises as `write_learning_page` does."""
    return write_learning_page({run.resolve().name: run}, run / PAGE)


def write_learning_page(run_folders: Mapping[str, Path], target: Path) -> list[Path]:
    """Writes the page of runs by name to `target`, and its first chart beside it as .svg; gives both paths.

    Several runs are overlaid; where they learnt from different shares of the training trials, a second chart shows the
    EER against the share. A run that cannot be read, or has no epoch yet, is named on the page and left out. Raises
    UsageError where none is left, TruevoiceError where the disk refuses.
    """
    runs: dict[str, RunHistory] = {}
    missing: list[str] = []
    for name, folder in run_folders.items():
        try:
            history = read_history(folder)
        except UsageError as error:
            missing.append(str(error))
            continue
        if history.epochs:
            runs[name] = history
        else:
            missing.append(f"{folder}: no epoch is finished yet")
    if not runs:
        raise UsageError(missing[0] if missing else "no run is named, so there are no curves to draw")
    charts = _charts(runs)
    pieces = {
        target.with_suffix(".svg"): standalone(next(iter(charts.values()))),
        target: _render(runs, charts, missing),
    }
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        for path, text in pieces.items():
            replace_file(path, [text.encode(errors="backslashreplace")])
    except OSError as error:
        raise TruevoiceError(f"{target}: cannot be written ({error.strerror or one_line(error)})") from None
    return [target, target.with_suffix(".svg")]


def standalone(svg: str) -> str:
    """A chart as a file of its own: with the pages' colours, light and dark, and their paper behind it."""
    css = resources.files("truevoice.report").joinpath("templates/base.css").read_text(encoding="utf-8")
    colours = css[: css.index("  body {")]  # what stands before are the custom properties alone
    style = f'<style>{colours}</style><rect width="100%" height="100%" style="fill: var(--paper)"/>'
    head, _, body = svg.partition(">")
    return f'{head} xmlns="http://www.w3.org/2000/svg">{style}{body}\n'


def subset_points(runs: Mapping[str, RunHistory]) -> list[SubsetPoint]:
    """The EER of every set in each run's best epoch, for runs whose share of the training trials is known."""
    found = []
    for run in runs.values():
        eers = {name: eer for name in run.sets if (eer := run.at_best(name, "eer")) is not None}
        if run.subset is not None and eers:
            found.append(SubsetPoint(run.subset, eers))
    return sorted(found, key=lambda point: point.share)


def _charts(runs: Mapping[str, RunHistory]) -> dict[str, str]:
    if len(runs) == 1:
        run = next(iter(runs.values()))
        return {"learning": learning_chart(run.epochs, run.best_epoch)}
    found = {"runs": runs_chart([Course(name, run.epochs, run.best_epoch) for name, run in runs.items()])}
    points = subset_points(runs)
    if len({point.share for point in points}) > 1:
        found["subsets"] = subset_chart(points)
    return found


def _render(runs: Mapping[str, RunHistory], charts: Mapping[str, str], missing: list[str]) -> str:
    import markupsafe

    alone = len(runs) == 1
    views = [_run_view(name, run, f"learning-{at}") for at, (name, run) in enumerate(runs.items())]
    return render_page(
        "learning.html",
        title=f"Learning curves of {next(iter(runs))}" if alone else f"Learning curves of {len(runs)} runs",
        alone=alone,
        charts={key: markupsafe.Markup(svg) for key, svg in charts.items()},
        runs=views if alone else [{**view, "chart": markupsafe.Markup(view["draw"]())} for view in views],
        compared=[] if alone else _compared(runs),
        sets=_all_sets(runs),
        missing=missing,
        most=MOST_EPOCHS,
    )


def _all_sets(runs: Mapping[str, RunHistory]) -> list[str]:
    found = dict.fromkeys(name for run in runs.values() for name in run.sets)
    return sorted(found, key=lambda name: name != VALIDATION)


def _run_view(name: str, run: RunHistory, key: str) -> View:
    epochs = run.epochs[-MOST_EPOCHS:]
    return {
        "name": name,
        "told": _told(run),
        "sets": run.sets,
        "epochs": [_epoch_view(epoch, run) for epoch in epochs],
        "hidden": len(run.epochs) - len(epochs),
        "unread": run.unread,
        "draw": lambda: learning_chart(run.epochs, run.best_epoch, key=key),
    }


def _told(run: RunHistory) -> list[str]:
    """What the curves say, in sentences."""
    said = []
    if run.best_epoch is not None:
        figures = "; ".join(f"{name}: {eer}" for name in run.sets if (eer := _eer_at_best(run, name)) != numbers.NONE)
        said.append(
            f"The best epoch is {run.best_epoch} of {len(run.epochs)}{f', with EERs {figures}' if figures else ''}."
        )
    said.append(overfitting(run.epochs).told)
    said.append(f"Training ended: {run.stopped}." if run.stopped else "Training has not ended, or was stopped.")
    return said


def _eer_at_best(run: RunHistory, name: str) -> str:
    figures: Mapping[str, Any] = next(
        (one["sets"].get(name, {}) for one in run.epochs if one["epoch"] == run.best_epoch), {}
    )
    return numbers.per_cent(number(figures, "eer"), _fewest(figures))


def _fewest(figures: Mapping[str, Any]) -> int:
    return int(min(number(figures, "n_bonafide") or 0, number(figures, "n_spoof") or 0))


def _epoch_view(epoch: Mapping[str, Any], run: RunHistory) -> View:
    loss, seconds = number(epoch, "train_loss"), number(epoch, "seconds")
    cells = []
    for name in run.sets:
        figures = epoch["sets"].get(name, {})
        cells += [_written(figures, figure) for figure in FIGURES]
    return {
        "epoch": epoch["epoch"],
        "step": epoch["step"],
        "best": epoch["epoch"] == run.best_epoch,
        "train_loss": numbers.score(loss),
        "seconds": numbers.NONE if seconds is None else f"{seconds:,.0f}",
        "cells": cells,
    }


def _written(figures: Mapping[str, Any], figure: str) -> str:
    value = number(figures, figure)
    if figure in ("eer", "accuracy"):
        return numbers.per_cent(value, _fewest(figures))
    return numbers.score(value) if figure == "loss" else numbers.decimal(value, _fewest(figures))


def _compared(runs: Mapping[str, RunHistory]) -> list[View]:
    """One row a run, at its best epoch; then mean and standard deviation of the runs with the same share."""
    rows: list[View] = []
    for name, run in runs.items():
        cells = [_eer_at_best(run, one) for one in _all_sets(runs)]
        best = numbers.NONE if run.best_epoch is None else str(run.best_epoch)
        trials = numbers.NONE if run.trained_on is None else f"{run.trained_on:,}"
        rows.append(
            {"name": name, "share": _share(run.subset), "trials": trials, "best": best, "cells": cells, "mean": False}
        )
    by_share: dict[float | None, list[RunHistory]] = {}
    for run in runs.values():
        by_share.setdefault(run.subset, []).append(run)
    for known, alike in by_share.items():
        if len(alike) > 1:
            which = "all runs" if len(by_share) == 1 else "runs on " + _share(known)
            cells = [_mean([run.at_best(one, "eer") for run in alike]) for one in _all_sets(runs)]
            blank = dict.fromkeys(("share", "trials", "best"), "")
            rows.append({**blank, "name": f"mean ± sd of {which}", "cells": cells, "mean": True})
    return rows


def _share(share: float | None) -> str:
    return numbers.NONE if share is None else f"{100 * share:g}\u00a0%"


def _mean(eers: list[float | None]) -> str:
    known = [100 * eer for eer in eers if eer is not None]
    if not known:
        return numbers.NONE
    spread = f" ± {np.std(known, ddof=1):.2f}" if len(known) > 1 else ""
    return f"{np.mean(known):.2f}{spread}\u00a0%"
