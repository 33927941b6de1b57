"""How far a study is: its request and its finished stages, in OUT/state.json, so that it can go on after a stop."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from truevoice.errors import TruevoiceError, UsageError, one_line
from truevoice.files import replace_file

FILE = "state.json"
SHOWN = 60


@dataclass
class State:
    """request: what was asked, in plain values. done: by stage, what is to be remembered of it. stale: whether files of
    a study that was given up may still be there."""

    folder: Path
    request: dict[str, Any]
    done: dict[str, Any] = field(default_factory=dict)
    stale: bool = False

    @classmethod
    def begin(
        cls,
        folder: Path,
        request: Mapping[str, Any],
        *,
        parts: Sequence[str] = (),
        may_change: Sequence[str] = (),
        force: bool = False,
    ) -> State:
        """That of the folder, or a new one. may_change: how the names begin of what may differ from the one there.
        force: give the study there up; its `parts`, names in the folder, are taken away.

        Raises UsageError where it was begun with another request, and names the first difference; TruevoiceError where
        it cannot be written."""
        asked = json.loads(json.dumps(request))  # as a file gives it back: tuples are lists
        path = folder / FILE
        if path.is_file() and not force:
            try:
                stored = json.loads(path.read_text(encoding="utf-8"))
                before, done = stored["request"], dict(stored["done"])
                stale = bool(stored.get("stale"))
            except (OSError, ValueError, KeyError, TypeError) as error:
                raise UsageError(
                    f"{path}: is not whole ({one_line(error, SHOWN)}); give another -o, or --force to begin anew"
                ) from None
            free = tuple(may_change)
            for name, was, now in differences(before, asked):
                if name.startswith(free):
                    continue
                raise UsageError(
                    f"{folder}: holds a study begun with {name} {_told(was)}, and now it is {_told(now)}; give another "
                    "-o, or --force to begin anew"
                )
            state = cls(folder, asked, done, stale)
        else:
            state = cls(folder, asked, stale=path.is_file())
        state.write()
        if state.stale:  # a kill in here is made good by the next start
            state.clear(parts)
        return state

    def clear(self, parts: Sequence[str]) -> None:
        try:
            for part in (self.folder / name for name in parts):
                if part.is_dir():
                    shutil.rmtree(part)
                else:
                    part.unlink(missing_ok=True)
        except OSError as error:
            raise TruevoiceError(f"{error.filename}: cannot be taken away ({error.strerror})") from None
        self.stale = False
        self.write()

    def finish(self, stage: str, **remembered: Any) -> None:
        self.done[stage] = remembered
        self.write()

    def write(self) -> None:
        content = {"request": self.request, "done": self.done, **({"stale": True} if self.stale else {})}
        text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            replace_file(self.folder / FILE, [text.encode(errors="backslashreplace")])
        except OSError as error:
            raise TruevoiceError(f"{self.folder}: cannot be written ({error.strerror}): choose another -o") from None


def differences(before: Any, now: Any, name: str = "") -> Iterator[tuple[str, Any, Any]]:
    """(dotted name, value before, value now) for every value that differs; None where there is none."""
    if isinstance(before, dict) and isinstance(now, dict):
        for key in dict.fromkeys([*before, *now]):
            yield from differences(before.get(key), now.get(key), f"{name}.{key}".lstrip("."))
    elif before != now:
        yield name, before, now


def _told(value: Any) -> str:
    return "none" if value in (None, "", [], {}) else one_line(value, SHOWN)
