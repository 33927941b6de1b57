"""The journal of a run: every finished result is on disk before the next is awaited, so nothing done is done twice.

A file of JSON lines: the first says which detector and which windows, each further one is a result. A run that was
killed leaves at most one torn line, which is cut off. A result counts only for the recording as it was: size and time
of change are kept with it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from truevoice.detectors.result import Result
from truevoice.errors import TruevoiceError, UsageError
from truevoice.scoring.inputs import Trial

FILE = "journal.jsonl"
FORMAT = 1


def fingerprint(source: str) -> list[int] | None:
    """[size in bytes, time of change in ns] of a file; None where there is none (standard input, a missing file)."""
    try:
        stat = os.stat(source)
    except (OSError, ValueError):
        return None
    return [stat.st_size, stat.st_mtime_ns]


class Journal:
    """Opens or begins `folder/journal.jsonl` for runs with `settings` (what identifies detector and windows).

    Raises UsageError where the folder holds a run with other settings, TruevoiceError where it cannot be written.
    """

    def __init__(self, folder: Path, settings: dict[str, Any], *, fresh: bool = False) -> None:
        self.path = folder / FILE
        self._settings = settings
        self._where: dict[str, tuple[int, list[int] | None]] = {}  # trial → its line's offset, its fingerprint
        self._failed: set[str] = set()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if fresh:
                self.path.unlink(missing_ok=True)
            self._file = self.path.open("a+b")
        except OSError as error:
            raise TruevoiceError(f"{folder}: cannot be written ({error.strerror}): choose another -o") from None
        self._read()

    def _read(self) -> None:
        self._file.seek(0)
        end = 0
        for line in self._file:
            if not line.endswith(b"\n"):
                break  # torn by a kill
            if not self._note(line, end):
                break
            end += len(line)
        self._file.truncate(end)
        self._file.seek(0, os.SEEK_END)
        if end == 0:
            self._write({"truevoice_journal": FORMAT, "settings": self._settings})

    def _note(self, line: bytes, offset: int) -> bool:
        """Takes one line into the index; False where it is torn or foreign."""
        try:
            entry = json.loads(line)
            if offset == 0:
                self._check_settings(entry["settings"])
            else:
                trial = entry["result"]["trial"]
                self._where[trial] = (offset, entry["file"])
                (self._failed.add if entry["result"]["error"] else self._failed.discard)(trial)
        except (ValueError, KeyError, TypeError):
            if offset == 0:
                raise UsageError(f"{self.path}: is not a journal of ours: choose another -o") from None
            return False
        return True

    def _check_settings(self, found: dict[str, Any]) -> None:
        different = [key for key in self._settings if found.get(key) != self._settings[key]]
        if different:
            what = "; ".join(f"{key} {found.get(key)}, now {self._settings[key]}" for key in different)
            raise UsageError(
                f"{self.path.parent}: holds a run with other settings ({what}): choose another -o or --force"
            )

    def is_done(self, trial: Trial) -> bool:
        """Scored without error, and the recording has not changed since. Standard input is never done."""
        known = self._where.get(trial.name)
        return (
            known is not None and trial.name not in self._failed and known[1] == fingerprint(trial.source) is not None
        )

    def add(self, result: Result, file: list[int] | None) -> None:
        """Writes one result; it replaces an older one of the same trial. `file`: the fingerprint before decoding."""
        offset = self._write({"result": result.to_dict(), "file": file})
        self._where[result.trial] = (offset, file)
        (self._failed.add if result.error else self._failed.discard)(result.trial)

    def _write(self, entry: dict[str, Any]) -> int:
        offset = self._file.tell()
        try:
            self._file.write(json.dumps(entry, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")
            self._file.flush()
        except OSError as error:
            raise TruevoiceError(f"{self.path}: cannot be written ({error.strerror}); what is in it is kept") from None
        return offset

    def results(self, first: list[str]) -> Iterator[Result]:
        """Every trial of the journal exactly once: those named in `first` in that order, then earlier ones."""
        order = dict.fromkeys([name for name in first if name in self._where])
        order.update(dict.fromkeys(self._where))
        with self.path.open("rb") as file:
            for name in order:
                file.seek(self._where[name][0])
                yield Result.from_dict(json.loads(file.readline())["result"])

    def close(self) -> None:
        self._file.close()
