"""A scoring session: trials through one detector, with or without a folder to go on in after a stop."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from truevoice.audio import DEFAULT_LIMITS, Limits
from truevoice.data.trial import Trial
from truevoice.detectors.detector import Detector
from truevoice.detectors.result import Result
from truevoice.scoring.journal import Journal
from truevoice.scoring.pipeline import score_listed
from truevoice.scoring.run import Run
from truevoice.windows import WindowPolicy

Progress = Callable[[int, int, Result | None], None]  # done, in all, the newest result


@dataclass(frozen=True)
class Session:
    """A finished session. `results` gives those of the trials asked for, in their order; `everything` also those of
    earlier sessions in the same folder, after them. With a folder both are read from its journal, so millions of
    results need no memory; verdicts are made as they are read."""

    run: Run
    results: Callable[[], Iterable[Result]]
    everything: Callable[[], Iterable[Result]]


def score_session(
    detector: Detector,
    trials: Sequence[Trial],
    policy: WindowPolicy,
    *,
    out: Path | None = None,
    fresh: bool = False,
    limits: Limits = DEFAULT_LIMITS,
    jobs: int = 0,
    batch_size: int = 0,
    progress: Progress | None = None,
) -> Session:
    """Scores trials; what the journal in `out` already holds is not scored again, unless `fresh`.

    A recording that cannot be read is a result with `error`. Raises UsageError where the folder holds scores of another
    detector, other weights or other windows, TruevoiceError where it cannot be written.
    """
    run = Run.of(detector, policy)
    started = time.perf_counter()
    journal = Journal(out, run.settings(), fresh=fresh) if out is not None else None
    found: dict[str, Result] = {}
    with journal or nullcontext():
        named = journal.rename(trials) if journal else list(trials)
        todo = [trial for trial in named if journal is None or not journal.is_done(trial)]
        run.kept = len(named) - len(todo)
        if progress:
            progress(run.kept, len(named), None)
        options = {"policy": policy, "limits": limits, "jobs": jobs, "batch_size": batch_size}
        for done, result in enumerate(score_listed(detector, todo, journal, **options), start=run.kept + 1):
            if journal is None:
                found[result.trial] = result
            if progress:
                progress(done, len(named), result)

    def results() -> Iterable[Result]:
        asked = journal.results(named) if journal else (found[trial.name] for trial in named)
        return map(detector.decide, asked)

    def everything() -> Iterable[Result]:
        return chain(results(), map(detector.decide, journal.earlier(named))) if journal else results()

    run.count(results())
    run.seconds = time.perf_counter() - started
    return Session(run, results, everything)
