"""How far a study is: its request and its finished stages, in OUT/state.json, so that it can go on after a stop."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from truevoice.errors import TruevoiceError, UsageError, one_line
from truevoice.files import replace_file

FILE = "state.json"
SHOWN = 60


@dataclass
class State:
    """request: what was asked, in plain values. done: by stage, what is to be remembered of it."""

    folder: Path
    request: dict[str, Any]
    done: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def begin(cls, folder: Path, request: Mapping[str, Any], *, force: bool = False) -> State:
        """That of the folder, or a new one. Raises UsageError where it was begun with another request, and names the
        first difference; TruevoiceError where it cannot be written."""
        asked = json.loads(json.dumps(request))  # as a file gives it back: tuples are lists
        path = folder / FILE
        if path.is_file() and not force:
            try:
                stored = json.loads(path.read_text(encoding="utf-8"))
                before, done = stored["request"], dict(stored["done"])
            except (OSError, ValueError, KeyError, TypeError) as error:
                raise UsageError(
                    f"{path}: is not whole ({one_line(error, SHOWN)}); give another -o, or --force to begin anew"
                ) from None
            different = next(differences(before, asked), None)
            if different is not None:
                name, was, now = different
                raise UsageError(
                    f"{folder}: holds a study begun with {name} {_told(was)}, and now it is {_told(now)}; give another "
                    "-o, or --force to begin anew"
                )
            return cls(folder, asked, done)
        state = cls(folder, asked)
        state.write()
        return state

    def finish(self, stage: str, **remembered: Any) -> None:
        self.done[stage] = remembered
        self.write()

    def write(self) -> None:
        text = json.dumps({"request": self.request, "done": self.done}, indent=1, ensure_ascii=False) + "\n"
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
