"""Weights & Biases: runs in the child process, see `truevoice.tracking.worker`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

PROJECT = "truevoice"
STEP = "global_step"  # an axis of our own: wandb's steps only ever rise, and a resumed run may have to go back


class WandbRun:
    """One run; one that goes on has the same id, so that `wandb sync` joins the parts."""

    def __init__(self, folder: str, name: str, id: str, config: dict[str, Any], resumed: bool) -> None:
        import wandb

        settings = wandb.Settings(console="off", silent=True, disable_git=True, save_code=False, x_disable_stats=True)
        self._run = wandb.init(
            project=os.environ.get("WANDB_PROJECT", PROJECT),
            name=name,
            id=id,
            dir=folder,
            config=config,
            resume="allow" if resumed else None,
            settings=settings,
        )
        if not self._run.disabled and Path(folder) not in Path(self._run.dir).resolve().parents:
            raise OSError(f"{folder}: cannot be written")  # wandb would go to a temporary folder
        self._run.define_metric(STEP, hidden=True)
        self._run.define_metric("*", step_metric=STEP)

    def scalars(self, values: Mapping[str, float], step: int) -> None:
        self._run.log({**values, STEP: step})

    def scored(self, name: str, pictures: Mapping[str, str], rows: list[dict[str, Any]], step: int) -> None:
        import wandb

        columns: list[Any] = list(rows[0])
        data = [
            [wandb.Audio(row[column]) if column == "audio" and row[column] else row[column] for column in columns]
            for row in rows
        ]
        shown: dict[str, Any] = {f"{name}/{kind}": wandb.Image(path) for kind, path in pictures.items()}
        self._run.log({**shown, f"{name}/errors": wandb.Table(columns=columns, data=data), STEP: step})

    def close(self) -> None:
        self._run.finish()
