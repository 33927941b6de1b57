"""Steps as words of the command line: rawboost:5@0.8, codec:mp3+opus@0.3, noise:FOLDER, gain:min_db=-6,max_db=0."""

from __future__ import annotations

import re
from typing import Any

from truevoice.augment.kinds import KINDS
from truevoice.augment.step import parameters, suggestion
from truevoice.errors import UsageError, one_line


def parse_step(word: str) -> dict[str, Any]:
    """ "KIND[:VALUE][,NAME=VALUE…][@PROBABILITY]" as a step for `Chain.from_list`.

    VALUE sets the kind's main parameter (the algorithm, the codecs, the folder or the colours of noise); several are
    joined by +. Raises UsageError for an unknown kind, a kind without a main parameter, or a probability that is none.
    """
    rest, probability = _probability(word)
    kind, _, rest = rest.partition(":")
    if kind not in KINDS:
        raise UsageError(f"augmentation {one_line(word, 80)!r} is not known; {suggestion(kind, KINDS)}")
    step: dict[str, Any] = {"kind": kind, **probability}
    pieces = rest.split(",") if rest else []
    named = {}
    while pieces and (found := re.fullmatch(r"\s*([a-z_0-9]+)=(.*)", pieces[-1])):
        named[found[1]] = _value(kind, found[1], found[2].strip())
        pieces.pop()
    main = ",".join(pieces).strip()  # a folder may hold commas
    if main:
        name = _main_parameter(kind, main, word)
        step[name] = _value(kind, name, main)
    return {**step, **dict(reversed(named.items()))}


def _probability(word: str) -> tuple[str, dict[str, float]]:
    """A folder's name may hold an @, so only a number after the last one counts."""
    rest, at, share = word.rpartition("@")
    if not at:
        return word, {}
    try:
        value = float(share)
    except ValueError:
        if "/" in share or "\\" in share:
            return word, {}
        raise UsageError(f"{one_line(word, 80)!r}: after @ stands a probability from 0 to 1") from None
    if not 0 <= value <= 1:
        raise UsageError(f"{one_line(word, 80)!r}: the probability after @ lies between 0 and 1")
    return rest, {"probability": value}


def _main_parameter(kind: str, main: str, word: str) -> str:
    name = KINDS[kind].main
    if not name:
        raise UsageError(f"{one_line(word, 80)!r}: {kind} takes NAME=VALUE after the colon; {_names(kind)}")
    for one in parameters(KINDS[kind]):  # colours of noise instead of a folder
        if isinstance(one.default, tuple) and set(main.split("+")) <= set(one.metadata.get("choices", ())):
            return one.name
    return name


def _names(kind: str) -> str:
    return f"it has {', '.join(one.name for one in parameters(KINDS[kind]))}"


def _value(kind: str, name: str, text: str) -> Any:
    """A list where the parameter is one, a number where it is one; `Chain.from_list` checks what comes of it."""
    default = {one.name: one.default for one in parameters(KINDS[kind])}.get(name)
    if isinstance(default, tuple):
        return text.split("+")
    if isinstance(default, int | float):
        for number in (int, float):
            try:
                return number(text)
            except ValueError:
                continue
    return text
