"""trackio: runs in the child process, see `truevoice.tracking.worker`. Its folder is TRACKIO_DIR, set there."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

PROJECT = "truevoice"


class TrackioRun:
    """One run, on this machine. trackio only warns where something goes wrong; here a warning of its is an error."""

    def __init__(self, folder: str, name: str, id: str, config: dict[str, Any], resumed: bool) -> None:
        import trackio

        self._warned: list[str] = []
        warnings.showwarning = self._hear
        warnings.simplefilter("always")
        self._run = trackio.init(
            project=PROJECT,
            name=f"{name}-{id}",  # trackio knows runs by name, and many folders may share one TRACKIO_DIR
            config=config,
            resume="allow" if resumed else "never",
            embed=False,
            auto_log_gpu=False,
            auto_log_cpu=False,
        )
        self._check()

    def scalars(self, values: Mapping[str, float], step: int) -> None:
        self._run.log(dict(values), step=step)
        self._check()

    def scored(self, name: str, pictures: Mapping[str, str], rows: list[dict[str, Any]], step: int) -> None:
        import trackio

        shown: dict[str, Any] = {f"{name}/{kind}": trackio.Image(path) for kind, path in pictures.items()}
        table: list[Any] = []
        for number, row in enumerate(rows, 1):
            sound = None
            if row["audio"]:
                caption = f"error rank {row['error rank']}: {row['trial']}, {row['truth']} called {row['called']}"
                # By itself as well, for trackio's page plays no sound within a table; it is one file all the same.
                sound = shown[f"{name}/clip/{number:02d}"] = trackio.Audio(row["audio"], caption=caption)
            table.append({**row, "audio": sound})
        self._run.log({**shown, f"{name}/errors": trackio.Table(data=table)}, step=step)
        self._check()

    def close(self) -> None:
        self._run.finish()
        self._check()

    def _hear(self, message: Warning | str, category: type[Warning], *rest: Any, **more: Any) -> None:
        if "trackio" in str(message).lower():
            self._warned.append(str(message))

    def _check(self) -> None:
        if self._warned:
            raise RuntimeError(self._warned.pop(0))
