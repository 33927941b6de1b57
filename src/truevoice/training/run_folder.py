"""The folder of a training run: what lies where, whether it holds a run already, and folders that change as wholes.

Needs no torch.
"""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from truevoice.data.trial import BONAFIDE, SPOOF, LeftOut
from truevoice.errors import TruevoiceError, UsageError, one_line
from truevoice.evaluation.score_set import ScoreSet
from truevoice.files import replace_file

CONFIG, METRICS, SUMMARY = "config.yaml", "metrics.jsonl", "summary.json"
BEST, LAST, STATE, SCORES = "best", "last", "state", "scores"
SKIPPED, LEAKS = "skipped.csv", "leaks.json"


class RunFolder:
    """Paths within RUN, and how it is entered."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.best, self.last, self.scores = path / BEST, path / LAST, path / SCORES
        self.state = self.last / STATE
        self.config, self.metrics, self.summary = path / CONFIG, path / METRICS, path / SUMMARY
        self.skipped, self.leaks = path / SKIPPED, path / LEAKS

    def enter(self, *, resume: bool, force: bool) -> bool:
        """Makes the folder ready; returns whether there is a checkpoint to go on from.

        With `resume` but without a checkpoint, or with `force`, what an earlier run left is removed. Raises UsageError
        where it holds a run and neither is asked, or a folder of a run's name that no run wrote (it would be lost);
        TruevoiceError where it cannot be written.
        """
        if self.path.exists() and not self.path.is_dir():
            raise UsageError(f"{self.path}: is a file; -o names a folder")
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            for name in (BEST, LAST):
                recover(self.path / name)
            held = self.metrics.exists()  # a run's first file
            strange = [one.name for one in (self.best, self.last, self.scores) if one.exists()]
            if strange and not held:
                raise UsageError(
                    f"{self.path}: holds {strange[0]}/ without {METRICS}, so not of a run; -o names another"
                )
            if held and not resume and not force:
                raise UsageError(
                    f"{self.path}: holds a run already; --resume goes on with it, --force begins anew, "
                    "-o names another folder"
                )
            if resume and not force and self.state.is_dir():
                return True
            if held:
                self._clear()
        except OSError as error:
            raise unwritable(self.path, error) from None
        return False

    def _clear(self) -> None:
        for folder in (self.last, self.best, self.scores):
            shutil.rmtree(folder, ignore_errors=True)
        for file in (self.metrics, self.summary, self.skipped, self.leaks):
            file.unlink(missing_ok=True)

    def write_scores(self, score_sets: dict[str, ScoreSet]) -> None:
        """scores/SET.csv: path, label, score, the manifest's columns, as `truevoice evaluate --scores` reads them."""
        try:
            self.scores.mkdir(exist_ok=True)
            for name, score_set in score_sets.items():
                replace_file(self.scores / f"{name}.csv", [_score_table(score_set).encode(errors="backslashreplace")])
        except OSError as error:
            raise unwritable(self.scores, error) from None

    def write_skipped(self, skipped: Iterable[LeftOut]) -> None:
        rows = [[one.name, one.reason] for one in skipped]
        if rows:
            self._write(self.skipped, _table(["recording", "reason"], rows))

    def write_summary(self, facts: dict[str, Any]) -> None:
        self._write(self.summary, json.dumps(facts, indent=1, ensure_ascii=False) + "\n")

    def _write(self, path: Path, text: str) -> None:
        try:
            replace_file(path, [text.encode(errors="backslashreplace")])
        except OSError as error:
            raise unwritable(path, error) from None


def has_checkpoint(run: Path) -> bool:
    """Whether `--resume` would go on there, also where a process was killed while it changed last/."""
    return any((last / STATE).is_dir() for last in (run / LAST, _aside(run / LAST)))


def unwritable(path: Path, error: OSError) -> TruevoiceError:
    return TruevoiceError(f"{path}: cannot be written ({error.strerror or one_line(error)})")


def beside(folder: Path) -> Path:
    """Where the next content of `folder` is written."""
    return folder.with_name(f".{folder.name}.next")


def staged(folder: Path) -> Path:
    """An empty folder for the next content of `folder`."""
    new = beside(folder)
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    return new


def put_in_place(folder: Path) -> None:
    """What was staged for `folder` becomes it. A process that is killed meanwhile leaves one of the two whole, and
    `recover` finds it."""
    new, before = beside(folder), _aside(folder)
    _to_disk(new)
    shutil.rmtree(before, ignore_errors=True)
    if folder.exists():
        folder.rename(before)
    new.rename(folder)
    _sync(folder.parent)
    shutil.rmtree(before, ignore_errors=True)


def drop_staged(folder: Path) -> None:
    shutil.rmtree(beside(folder), ignore_errors=True)


def recover(folder: Path) -> None:
    """Brings back what a process killed in `put_in_place` had moved aside, and removes what it had not finished."""
    before = _aside(folder)
    if before.exists() and not folder.exists():
        before.rename(folder)
    shutil.rmtree(before, ignore_errors=True)
    drop_staged(folder)


def _aside(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.before")


def _to_disk(folder: Path) -> None:
    for inside, _, files in os.walk(folder):
        for name in files:
            _sync(Path(inside) / name)
        _sync(Path(inside))


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _score_table(score_set: ScoreSet) -> str:
    names = [name for name in score_set.columns if name not in ("path", "label", "score")]
    paths = score_set.sources or score_set.names
    rows = [
        [path, BONAFIDE if truth else SPOOF, repr(score), *(score_set.columns[name][at] for name in names)]
        for at, (path, truth, score) in enumerate(zip(paths, score_set.bonafide, score_set.scores.tolist()))
    ]
    return _table(["path", "label", "score", *names], rows)


def _table(header: list[str], rows: list[list[str]]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerow(header)
    # Python leaves a lone carriage return unquoted, and then reads it as the end of a row.
    careful = any("\r" in cell for row in rows for cell in row)
    csv.writer(buffer, lineterminator="\n", quoting=csv.QUOTE_ALL if careful else csv.QUOTE_MINIMAL).writerows(rows)
    return buffer.getvalue()
