"""A tracker in a process of its own: the library's threads, prints, exit hooks and environment stay out of the run's.

Messages are lines of JSON; each is answered by {} or {"error": "..."}. When the run is killed, the other end sees its
input end and finishes what it holds.
"""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import truevoice
from truevoice.errors import TruevoiceError
from truevoice.tracking.evidence import Evidence
from truevoice.tracking.ledger import Entry

PATIENCE = 120.0  # seconds for an answer
LAST_PATIENCE = 600.0  # the same for the last one, when an online run sends what is left


class ChildBackend:
    """The near end. folder: the run's; place: where the library's files go. environment: variables of the child that
    differ from ours; None takes one away."""

    def __init__(
        self,
        kind: str,
        folder: Path,
        entry: Entry,
        config: Mapping[str, Any],
        *,
        place: Path,
        resumed: bool,
        environment: Mapping[str, str | None],
    ) -> None:
        self.memory: dict[str, Any] = entry.memory
        self.place = place
        self._kind = kind
        self._answers: queue.Queue[str] = queue.Queue()
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "truevoice.tracking.worker", kind],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_environment(environment),
            text=True,
            encoding="utf-8",
            start_new_session=True,  # Ctrl-C is for the run, which then closes its trackers
        )
        threading.Thread(target=self._listen, daemon=True).start()
        opening = {"folder": str(folder.resolve()), "name": entry.name, "id": entry.id, "resumed": resumed}
        try:
            self._ask("open", PATIENCE, config=dict(config), **opening)
        except BaseException:
            self._end()
            raise

    def scalars(self, values: Mapping[str, float], step: int) -> None:
        self._ask("scalars", PATIENCE, values=dict(values), step=step)

    def scored(self, evidence: Evidence, step: int) -> None:
        with tempfile.TemporaryDirectory(prefix="truevoice-") as place:
            folder = Path(place)
            pictures = {"roc": evidence.roc, "confusion": evidence.confusion}
            shown = {name: str(_put(folder / f"{name}.png", png)) for name, png in pictures.items() if png}
            rows: list[dict[str, Any]] = []
            for number, row in enumerate(evidence.rows):
                clip = row.clip
                sound = str(_put(folder / f"{number:03d}{clip.suffix}", clip.data)) if clip is not None else None
                rows.append({**row.cells(), "audio": sound})
            self._ask("scored", PATIENCE, name=evidence.name, pictures=shown, rows=rows, step=step)

    def close(self) -> None:
        try:
            if self._process.poll() is None:
                self._ask("close", LAST_PATIENCE)
        finally:
            self._end()

    def _ask(self, what: str, patience: float, **content: Any) -> None:
        line = json.dumps({"do": what, **content}, default=str, ensure_ascii=True)
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(line + "\n")
            self._process.stdin.flush()
            answer = self._answers.get(timeout=patience)
        except queue.Empty:
            self._process.kill()
            raise TruevoiceError(f"no answer in {patience:.0f} s") from None
        except OSError:  # a broken pipe
            answer = ""
        if not answer:
            self._answers.put("")  # for whoever asks again, such as close(): nothing else will come
            raise TruevoiceError("its process has ended")
        if error := json.loads(answer).get("error"):
            raise TruevoiceError(error)

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._answers.put(line)
        self._answers.put("")

    def _end(self) -> None:
        try:
            if self._process.stdin is not None:
                self._process.stdin.close()
        except OSError:  # what was not yet written to an ended process
            pass
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _put(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def _environment(changes: Mapping[str, str | None]) -> dict[str, str]:
    ours = str(Path(truevoice.__file__).parents[1])  # the child must find this package, wherever we found it
    paths = [ours, *filter(None, [os.environ.get("PYTHONPATH")])]
    merged = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), **changes}
    return {name: value for name, value in merged.items() if value is not None}
