"""Arguments of a network as a user gives them (channels=1), checked against its constructor."""

from __future__ import annotations

import difflib
import inspect
import types
import typing
from collections.abc import Mapping, Sequence
from typing import Any

from truevoice.detectors.card import Card
from truevoice.errors import UsageError, one_line
from truevoice.models.build import class_of
from truevoice.models.front_ends.encoder import KINDS

OF_THE_ENCODER = ("dim", "states")  # what a back-end is told of the encoder it stands on
WORDS = {int: "a whole number", float: "a number", bool: "true or false", str: "a word", types.NoneType: "null"}


def checked_arguments(card: Card, given: Mapping[str, Any]) -> dict[str, Any]:
    """`given` in the types of the network's constructor; words, as the command line gives them, are read as YAML.

    Raises UsageError for a name that the network does not know, with the nearest ones, and for a value of another type.
    """
    made_by = class_of(card)
    hints = typing.get_type_hints(made_by.__init__)
    known = [name for name in inspect.signature(made_by).parameters if name in hints]
    if card.front_end is not None and card.front_end.kind in KINDS:
        known = [name for name in known if name not in OF_THE_ENCODER]
    for name in given:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"it knows {', '.join(known) or 'none'}"
            raise UsageError(f"{card.name} has no argument {one_line(name, 40)!r}; {hint}")
    return {name: _typed(card.name, name, value, hints[name]) for name, value in given.items()}


def _typed(model: str, name: str, value: Any, hint: Any) -> Any:
    kinds = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    for kind in kinds:
        fits, found = _as(value, kind)
        if fits:
            return found
    wanted = " or ".join(WORDS.get(kind, "a list") for kind in kinds)
    raise UsageError(f"{model}: {name}={one_line(value, 40)} is not {wanted}")


def _as(value: Any, kind: Any) -> tuple[bool, Any]:
    """Whether the value is of that type, and the value in it."""
    if kind is str:
        return isinstance(value, str), value
    parsed = _parsed(value) if isinstance(value, str) else value
    if kind is types.NoneType:
        return parsed is None, None
    if kind is float:
        return isinstance(parsed, int | float) and not isinstance(parsed, bool), parsed
    if kind in (int, bool):
        return type(parsed) is kind, parsed
    if typing.get_origin(kind) is Sequence and isinstance(parsed, list | tuple):
        return True, list(parsed)
    return False, None


def _parsed(text: str) -> Any:
    import yaml

    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        return text
