"""The journal of a run: every finished result is handed to the operating system before the next is awaited.

A file of JSON lines: the first says which detector and which windows, each further one is a result. A run that was
killed leaves at most one torn line, which is cut off. A result counts only for the recording as it was: its full path,
size and time of change are kept with it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from truevoice.data.trial import Trial
from truevoice.detectors.result import Result
from truevoice.errors import TruevoiceError, UsageError

FILE = "journal.jsonl"
FORMAT = 1

Fingerprint = list[Any]  # full path, size in bytes, time of change in ns


def fingerprint(trial: Trial) -> Fingerprint | None:
    """What tells whether a recording is still the one that was scored; None for standard input or a missing file."""
    try:
        found = os.stat(trial.key)
    except (OSError, ValueError):
        return None
    return [trial.key, found.st_size, found.st_mtime_ns]


class Journal:
    """Opens or begins `folder/journal.jsonl` for runs with `settings` (what identifies detector and windows).

    Raises UsageError where the folder holds a run with other settings or another run is writing to it, TruevoiceError
    where it cannot be written.
    """

    def __init__(self, folder: Path, settings: dict[str, Any], *, fresh: bool = False) -> None:
        self.path = folder / FILE
        self._settings = settings
        self._where: dict[str, tuple[int, Fingerprint | None]] = {}  # trial → its line's offset, its fingerprint
        self._failed: set[str] = set()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._file = self.path.open("a+b")
        except OSError as error:
            raise TruevoiceError(f"{folder}: cannot be written ({error.strerror}): choose another -o") from None
        try:
            self._lock()
            if fresh:
                self._file.truncate(0)
            self._read()
        except BaseException:
            self._file.close()
            raise

    def _lock(self) -> None:
        """One run at a time: two would tear each other's lines. The lock ends with the process, however it ends."""
        try:
            import fcntl
        except ImportError:  # no such locks on Windows
            return
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise UsageError(f"{self.path.parent}: another run is writing to it: wait, or choose another -o") from None

    def _read(self) -> None:
        self._file.seek(0)
        end = 0
        for line in self._file:
            if end == 0:
                self._check_first(line)
            if not line.endswith(b"\n"):
                break  # torn by a kill: only the last line can be
            if end:
                self._note(line, end)
            end += len(line)
        self._file.truncate(end)
        self._file.seek(0, os.SEEK_END)
        if end == 0:
            self._write({"truevoice_journal": FORMAT, "settings": self._settings})

    def _check_first(self, line: bytes) -> None:
        """The first line must be ours, or the torn beginning of ours: nobody else's file is touched."""
        try:
            settings = json.loads(line)["settings"]
            if not isinstance(settings, dict):
                raise TypeError
        except (ValueError, KeyError, TypeError):
            if b'{"truevoice_journal"'.startswith(line[:20]) and not line.endswith(b"\n"):
                return
            raise UsageError(f"{self.path}: is not a journal of ours: choose another -o") from None
        self._check_settings(settings)

    def _note(self, line: bytes, offset: int) -> None:
        """Takes one result into the index; a damaged line in the middle is left out, and its recording scored again."""
        try:
            entry = json.loads(line)
            result, file = entry["result"], entry["file"]
            self._where[result["trial"]] = (offset, file)
            (self._failed.add if result["error"] else self._failed.discard)(result["trial"])
        except (ValueError, KeyError, TypeError):
            return

    def _check_settings(self, found: dict[str, Any]) -> None:
        found = {"precision": "float32", **found}  # journals of old know no other
        different = [key for key in self._settings if found.get(key) != self._settings[key]]
        if different:
            what = "; ".join(f"{key} {found.get(key)}, now {self._settings[key]}" for key in different)
            raise UsageError(
                f"{self.path.parent}: holds a run with other settings ({what}): choose another -o or --force"
            )

    def rename(self, trials: Sequence[Trial]) -> list[Trial]:
        """The trials, those renamed to their full path whose name stands in the journal for another recording."""
        renamed = []
        for trial in trials:
            file = self._where[trial.name][1] if trial.name in self._where else None
            other = file is not None and file[0] != trial.key
            renamed.append(replace(trial, name=trial.key) if other else trial)
        return renamed

    def is_done(self, trial: Trial) -> bool:
        """Scored without error, and the recording has not changed since. Standard input is never done."""
        if trial.name not in self._where or trial.name in self._failed:
            return False
        now = fingerprint(trial)
        return now is not None and now == self._where[trial.name][1]

    def add(self, result: Result, file: Fingerprint | None) -> None:
        """Writes one result; it replaces an older one of the same trial. `file`: the fingerprint before decoding."""
        offset = self._write({"result": result.to_dict(), "file": file})
        self._where[result.trial] = (offset, file)
        (self._failed.add if result.error else self._failed.discard)(result.trial)

    def _write(self, entry: dict[str, Any]) -> int:
        offset = self._file.tell()
        # Names that are no UTF-8 become JSON's own escapes, and come back as they were.
        line = json.dumps(entry, ensure_ascii=False, separators=(",", ":")).encode(errors="backslashreplace")
        try:
            self._file.write(line + b"\n")
            self._file.flush()
        except OSError as error:
            raise self._full(error) from None
        return offset

    def results(self, trials: Sequence[Trial]) -> Iterator[Result]:
        """The results of these trials, in this order, each with the truth as it is stated now."""
        with self.path.open("rb") as file:
            for trial in trials:
                if trial.name in self._where:
                    result = self._result_at(file, trial.name)
                    yield replace(result, label=trial.label) if trial.label else result

    def earlier(self, trials: Sequence[Trial]) -> Iterator[Result]:
        """The results of all other trials that were ever scored into this folder, in the order of their scoring."""
        names = {trial.name for trial in trials}
        with self.path.open("rb") as file:
            for name in self._where:
                if name not in names:
                    yield self._result_at(file, name)

    def _result_at(self, file: Any, name: str) -> Result:
        file.seek(self._where[name][0])
        return Result.from_dict(json.loads(file.readline())["result"])

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        try:
            self._file.close()
        except OSError as error:
            raise self._full(error) from None

    def _full(self, error: OSError) -> TruevoiceError:
        return TruevoiceError(f"{self.path}: cannot be written ({error.strerror}); what is in it is kept")
