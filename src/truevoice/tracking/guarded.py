"""A tracker that tells nothing twice, and that a run outlives."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from truevoice.errors import one_line
from truevoice.evaluation.score_set import ScoreSet
from truevoice.tracking.evidence import EvidenceRoom
from truevoice.tracking.ledger import Entry, Ledger
from truevoice.tracking.tracker import Backend


class GuardedTracker:
    """See `Tracker`. `tell` hears once, in a sentence, that a tracker failed and is switched off."""

    def __init__(
        self, name: str, backend: Backend, entry: Entry, ledger: Ledger, room: EvidenceRoom, tell: Callable[[str], None]
    ) -> None:
        self.name, self.place = name, backend.place
        self._backend: Backend | None = backend
        self._entry, self._ledger, self._room, self._tell = entry, ledger, room, tell

    @property
    def is_on(self) -> bool:
        return self._backend is not None

    def scalars(self, values: Mapping[str, float | None], step: int) -> None:
        known = {name: float(value) for name, value in values.items() if value is not None}
        news = self._entry.news(known, step)
        if news:
            self._attempt(lambda backend: backend.scalars(news, step), list(news), step)

    def scored(self, name: str, score_set: ScoreSet, threshold: float, step: int) -> None:
        mark = f"{name} (table)"
        if len(score_set) and self._entry.news({mark: 0.0}, step):
            made = self._room.of  # inside the attempt: pictures and clips can fail as well
            self._attempt(lambda backend: backend.scored(made(name, score_set, threshold), step), [mark], step)

    def close(self) -> None:
        self._attempt(lambda backend: backend.close(), [], 0)
        self._backend = None

    def _attempt(self, action: Callable[[Backend], None], names: list[str], step: int) -> None:
        backend = self._backend
        if backend is None:
            return
        try:
            action(backend)
            self._entry.note(names, step)
            self._entry.memory = backend.memory
            self._ledger.save()
        except Exception as error:  # whatever a library or a full disk raises: training is worth more
            self._backend = None
            why = one_line(error, 200) or type(error).__name__
            self._tell(f"{self.name}: {why}. It is switched off from here on; the run goes on without it.")
            try:
                backend.close()
            except Exception:  # its failure has been told
                pass
