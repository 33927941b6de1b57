"""What each tracker of a folder has been told already, so that a run that goes on tells nothing twice."""

from __future__ import annotations

import json
import uuid
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

LEDGER = "trackers.json"


@dataclass
class Entry:
    """One tracker's run. name: as it is shown; id: unique everywhere, 12 hexadecimal digits.

    last: step of the last value by its name. memory: what the tracker's library needs to know again.
    """

    name: str
    id: str
    last: dict[str, int] = field(default_factory=dict)
    memory: dict[str, Any] = field(default_factory=dict)

    def news(self, values: dict[str, float], step: int) -> dict[str, float]:
        """Those values that are later than what stands there."""
        return {name: value for name, value in values.items() if step > self.last.get(name, -1)}

    def note(self, names: list[str], step: int) -> None:
        self.last.update(dict.fromkeys(names, step))


class Ledger:
    """The file `trackers.json` of a folder. A damaged one is told of in `note`, and counts as none."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / LEDGER
        self.note = ""
        self._runs: dict[str, int] = {}
        self._entries: dict[str, Entry] = {}
        try:
            raw = json.loads(self.path.read_text(encoding="utf-8"))
            self._runs = {str(tracker): int(count) for tracker, count in raw["runs"].items()}
            self._entries = {tracker: Entry(**entry) for tracker, entry in raw["trackers"].items()}
        except FileNotFoundError:
            pass
        except (ValueError, TypeError, KeyError, AttributeError):
            self.note = f"{self.path}: is damaged, so the trackers begin new runs"

    def entry(self, tracker: str, run: str, *, resume: bool) -> Entry:
        """The tracker's entry to go on with, or a new one; a second run in a folder is called RUN-2."""
        if resume and tracker in self._entries:
            return self._entries[tracker]
        count = self._runs[tracker] = self._runs.get(tracker, 0) + 1
        made = Entry(run if count == 1 else f"{run}-{count}", uuid.uuid4().hex[:12])
        self._entries[tracker] = made
        return made

    def save(self) -> None:
        """Raises OSError. Moved into place, but not forced to the disk: it is written after every step."""
        entries = {tracker: asdict(entry) for tracker, entry in self._entries.items()}
        part = self.path.with_name(f".{LEDGER}.part")
        part.write_text(json.dumps({"runs": self._runs, "trackers": entries}), encoding="utf-8")
        part.replace(self.path)
