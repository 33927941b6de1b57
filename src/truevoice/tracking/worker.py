"""The far end of `truevoice.tracking.child`: `python -m truevoice.tracking.worker wandb`."""

from __future__ import annotations

import json
import os
import signal
import sys
import warnings
from collections.abc import Callable, Mapping
from typing import Any, Protocol, TextIO

from truevoice.errors import one_line


class Library(Protocol):
    """What the messages ask for. pictures: PNG files by name; rows: cells by column, the sound's file under `audio`."""

    def scalars(self, values: Mapping[str, float], step: int) -> None: ...

    def scored(self, name: str, pictures: Mapping[str, str], rows: list[dict[str, Any]], step: int) -> None: ...

    def close(self) -> None: ...


def _open_wandb(**opening: Any) -> Library:
    from truevoice.tracking.wandb_run import WandbRun

    return WandbRun(**opening)


def _open_trackio(**opening: Any) -> Library:
    from truevoice.tracking.trackio_run import TrackioRun

    return TrackioRun(**opening)


LIBRARIES: dict[str, Callable[..., Library]] = {"wandb": _open_wandb, "trackio": _open_trackio}


def serve(kind: str, asked: TextIO, answers: TextIO) -> None:
    """Answers every line of `asked` by one line; at its end, or after `close`, the library is closed."""
    library: Library | None = None
    try:
        for line in asked:
            message = json.loads(line)
            what = message.pop("do")
            try:
                if what == "open":
                    library = LIBRARIES[kind](**message)
                elif library is not None:
                    getattr(library, what)(**message)
                answer: dict[str, str] = {}
            except Exception as error:
                answer = {"error": one_line(error, 200) or type(error).__name__}
            if what == "close":
                library = None
            answers.write(json.dumps(answer) + "\n")
            answers.flush()
            if what == "close":  # the input may never end: forked data loaders hold its other end too
                break
    except BrokenPipeError:  # the run is gone
        pass
    finally:
        if library is not None:
            library.close()


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    warnings.simplefilter("ignore")
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what libraries print is no answer
    serve(sys.argv[1], sys.stdin, answers)


if __name__ == "__main__":
    main()
