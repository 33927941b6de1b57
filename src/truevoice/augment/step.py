"""One step of augmentation: its parameters and their bounds, how likely it is, and what it acts on."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from truevoice.augment.draws import Draws
from truevoice.errors import UsageError, one_line

Wave = NDArray[np.floating]
PLACES = ("window", "recording")


def number(default: float, least: float, most: float, *, ordered: bool = True) -> Any:
    """A parameter from `least` to `most`; with `ordered`, min_NAME may not lie above max_NAME."""
    return field(default=default, metadata={"least": least, "most": most, "ordered": ordered})


def words(default: str | tuple[str, ...], choices: Iterable[str]) -> Any:
    """A parameter that is one of `choices`, or, where the default is a tuple, one or more of them."""
    return field(default=default, metadata={"choices": tuple(choices)})


@dataclass(frozen=True, kw_only=True)
class Step:
    """What all steps have: `probability` that it is applied, and `on`: the window (default) or the whole recording."""

    kind: ClassVar[str]
    main: ClassVar[str] = ""  # the parameter that stands after the colon in a word of the command line

    probability: float = number(1.0, 0, 1)
    on: str = words("window", PLACES)

    def check(self) -> None:
        """Raises UsageError for parameters that do not go together, and for what this machine cannot do."""

    def apply(self, wave: Wave, draws: Draws) -> Wave:
        """(n,) with n ≥ 1 → the changed wave; `wave` itself is left as it is."""
        raise NotImplementedError

    def to_dict(self) -> dict[str, Any]:
        """The step as plain values, such as YAML holds; `build` reads them again."""
        values = {one.name: getattr(self, one.name) for one in parameters(self)}
        return {"kind": self.kind} | {
            name: list(value) if isinstance(value, tuple) else value for name, value in values.items()
        }


def parameters(step: Step | type[Step]) -> list[Field[Any]]:
    """The fields that a user may set."""
    return [one for one in fields(step) if one.init]


def build(step: type[Step], given: Mapping[str, Any]) -> Step:
    """A step from its parameters by name. Raises UsageError, one line: unknown name, wrong type, out of its bounds."""
    known = {one.name: one for one in parameters(step)}
    values = {}
    for name, value in given.items():
        if name not in known:
            raise UsageError(f"has no parameter {one_line(name, 80)!r}; {suggestion(str(name), known)}")
        values[name] = _value(known[name], value)
    made = step(**values)
    _check_order(made)
    made.check()
    return made


def suggestion(word: str, known: Iterable[str]) -> str:
    """What a user may have meant, else all that there is."""
    near = difflib.get_close_matches(word[:80], list(known), n=3)
    return f"did you mean {' or '.join(near)}?" if near else f"known: {', '.join(known)}"


def _value(one: Field[Any], value: Any) -> Any:
    assert one.default is not MISSING
    if "least" in one.metadata:
        return _number(one, value)
    if isinstance(one.default, tuple):
        items = [value] if isinstance(value, str) else value
        if not isinstance(items, list | tuple) or not items:
            raise UsageError(f"{one.name} is a list of words, not {one_line(repr(value), 80)}")
        return tuple(_word(one, item) for item in items)
    return _word(one, value)


def _word(one: Field[Any], value: Any) -> str:
    if not isinstance(value, str):
        raise UsageError(f"{one.name} is a word, not {one_line(repr(value), 80)}")
    choices = one.metadata.get("choices")
    if choices and value not in choices:
        raise UsageError(f"{one.name} {one_line(value, 80)!r} is not known; {suggestion(value, choices)}")
    return value


def _number(one: Field[Any], value: Any) -> float:
    least, most = one.metadata["least"], one.metadata["most"]
    whole = isinstance(one.default, int) and one.type == "int"
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise UsageError(f"{one.name} is a number, not {one_line(repr(value), 80)}")
    if whole and value != int(value):
        raise UsageError(f"{one.name} is a whole number, not {value:g}")
    if not least <= value <= most:
        raise UsageError(f"{one.name} {value:g} is outside {least:g} to {most:g}")
    return int(value) if whole else float(value)


def _check_order(step: Step) -> None:
    for one in parameters(step):
        if not one.metadata.get("ordered"):
            continue
        other = one.name.replace("min", "max", 1)
        if other != one.name and hasattr(step, other) and getattr(step, one.name) > getattr(step, other):
            raise UsageError(
                f"{one.name} {getattr(step, one.name):g} lies above {other} {getattr(step, other):g}: exchange them"
            )
