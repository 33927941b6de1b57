"""The report of a study: before and after on every set, what changed in plain words, and how to do it again."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

from truevoice.comparison.study import Study
from truevoice.report import numbers
from truevoice.report.charts.learning import learning_chart, overfitting
from truevoice.report.comparison_page import BEFORE_AFTER, finding_views, set_views, sound, table_view
from truevoice.report.pages import render_page, versions

ROLES = {
    "own": "of the data it was fine-tuned on, not learnt from",
    "custom": "never trained on",
    "other": "never trained on",
    "validation": "not learnt from, but the epoch and the threshold were chosen on it",
}
LIST = "sha256 of names, labels and sizes"


def render_study(study: Study, *, players: bool = True) -> str:
    """The whole page. players: put recordings of flipped trials in it, at most about 3 MB of them."""
    import yaml

    comparison, repeat = study.comparison, study.repeat
    weights = repeat["weights"]
    settings = repeat["settings"]
    custom = [name for name, role in study.roles.items() if role == "custom"]
    return render_page(
        "study.html",
        title=f"{weights['before']['model']} before and after fine-tuning on {settings['data']['data']}",
        names=BEFORE_AFTER,
        study=study,
        summary=study.summary,
        custom=custom[0] if custom else "",
        roles=[(name, ROLES[study.roles[name]]) for name in comparison.sets],
        method=comparison.method(),
        table=table_view(comparison),
        sets=set_views(comparison, BEFORE_AFTER, players=players),
        findings=finding_views(comparison, study.findings),
        learning=_learning(study),
        overfitting=overfitting(study.epochs).told,
        training=_training_rows(study.training, settings),
        leaks=_leak_view(study.leaks),
        repeat=_repeat_rows(repeat),
        command=repeat["command"] or _command(settings, weights),
        settings=yaml.safe_dump(settings, sort_keys=False, allow_unicode=True, width=100),
        versions=versions(),
        **sound(),
    )


def _learning(study: Study) -> Any:
    """The learning curves as an `<svg>`, "" where the training wrote no epochs."""
    import markupsafe

    if not study.epochs:
        return ""
    return markupsafe.Markup(learning_chart(study.epochs, study.training.get("best_epoch")))


def _training_rows(facts: Mapping[str, Any], settings: Mapping[str, Any]) -> list[tuple[str, str]]:
    trained, every = facts.get("trained"), facts.get("parameters")
    rows = [
        ("Learnt from", f"{numbers.plural(facts['n_train'], 'recording')}"),
        ("Division", "; ".join(facts["division"])),
        ("Which parameters", settings["network"]["trainable"]),
        ("Parameters trained", f"{trained:,} of {every:,}" if trained is not None and every else ""),
        ("Epochs", f"{facts['epochs']}, the best is {facts.get('best_epoch', numbers.NONE)}"),
        ("Ended", str(facts.get("stopped", ""))),
        ("Time", f"{facts['seconds']:,.0f} s" if "seconds" in facts else ""),
    ]
    return [(name, value) for name, value in rows if value]


def _leak_view(report: Mapping[str, Any]) -> dict[str, Any]:
    """The AUC of every cue on every set, and what each two sets share; {} where no report was asked for."""
    if not report:
        return {}
    names = list(report["sets"])
    telling = report["telling_auc"]
    rows = []
    for cue in [*report["together"], *report["cues"]]:
        limits = [max(telling, cue["chance"].get(name, 1.0)) for name in names]
        values = [cue["auc"].get(name) for name in names]
        cells = [
            ("" if value is None else f"{value:.2f}", value is not None and value > limit)
            for value, limit in zip(values, limits)
        ]
        rows.append({"name": cue["name"], "cells": cells})
    shared = [(f"{pair['first']} and {pair['second']}", told) for pair in report["shared"] if (told := _shared(pair))]
    return {"sets": names, "rows": rows, "shared": shared, "telling": telling}


def _shared(pair: Mapping[str, Any]) -> str:
    counts = [
        (len(pair["same"]), "recording that sounds the same", "recordings that sound the same"),
        (
            len(pair["remade"]),
            "recording that is a likely copy made anew",
            "recordings that are likely copies made anew",
        ),
        (len(pair["speakers"]), "speaker", "speakers"),
        (len(pair["names"]), "near-identical name", "near-identical names"),
    ]
    return ", ".join(numbers.plural(count, one, many) for count, one, many in counts if count)


def _repeat_rows(repeat: Mapping[str, Any]) -> list[tuple[str, str]]:
    rows = [(f"Weights {name}", f"{one['path']} (sha256 {one['sha256']})") for name, one in repeat["weights"].items()]
    rows += [
        (
            f"Set {name}",
            f"{one['data']}, {one['part'] or 'all'}: {one['recordings']:,} recordings ({LIST} {one['sha256_of_list']})",
        )
        for name, one in repeat["sets"].items()
    ]
    rows.append(("Windows", repeat["windows"]))
    rows.append(("Seeds", ", ".join(f"{name} {seed}" for name, seed in repeat["seeds"].items())))
    rows.append(("Versions", ", ".join(f"{name} {version}" for name, version in repeat["versions"].items())))
    rows.append(("Machine", repeat["machine"]))
    return rows


def _command(settings: Mapping[str, Any], weights: Mapping[str, Any]) -> str:
    """For a study that was started from Python: the words that say the same, but for the settings below."""
    words = ["truevoice", "study", "--model", settings["network"]["model"], "--pretrained", weights["before"]["path"]]
    return shlex.join([*words, "--finetune-on", settings["data"]["data"], "--config", "settings.yaml"])
