"""What a search varies: one axis a setting, by its dotted name, with its values or its range."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml

from truevoice.errors import UsageError, one_line
from truevoice.training.recipe import changed, names, to_dict
from truevoice.training.settings import Settings

Value = str | int | float | bool
EXAMPLES = "optimiser.lr=1e-5..1e-3:log or schedule.batch_size=16,32"
MOST_CELLS = 100_000
# With these the trials of a search would be judged on different recordings, or by different figures.
_JUDGES = {
    *("data.data", "data.val_splits", "data.val_data", "data.val_fraction", "data.group_by", "data.split_seed"),
    *("data.hold_out", "data.hold_out_by", "data.label_map", "data.path_column", "data.label_column"),
    *("data.train_splits", "data.leak_report", "schedule.best_by", "schedule.deterministic", "schedule.fsdp"),
}
_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_RANGE = re.compile(rf"({_NUMBER})\.\.({_NUMBER})((?::[a-z]+(?:=[^:]*)?)*)")


@dataclass(frozen=True)
class Axis:
    """One setting and what it may be: `values`, or else all between `low` and `high`, both included.

    log: drawn evenly by their logarithm. step: only low, low + step, ...; 0: all. Whole numbers where low and high are.
    """

    name: str
    values: tuple[Value, ...] = ()
    low: float = 0
    high: float = 0
    log: bool = False
    step: float = 0

    @property
    def is_range(self) -> bool:
        return not self.values

    def ends(self) -> tuple[Value, ...]:
        """The values that stand for all when they are checked."""
        return self.values or (self.low, self.high)

    def to_dict(self) -> dict[str, Any]:
        """As a file of `--space` may hold it, with its name."""
        if self.values:
            return {"name": self.name, "values": list(self.values)}
        return {key: value for key, value in asdict(self).items() if key != "values"}

    @classmethod
    def of_dict(cls, raw: Mapping[str, Any]) -> Axis:
        """The inverse of `to_dict`."""
        return cls(**{**raw, "values": tuple(raw.get("values", ()))})


def parse_vary(word: str) -> Axis:
    """ "optimiser.lr=1e-5..1e-3:log", "schedule.batch_size=16,32", "loss.margin=0.1..0.5:step=0.1",
    "optimiser.lr=1e-5..1e-3:log:points=5" (five values, spread evenly) -> the axis. Raises UsageError."""
    name, equals, text = (part.strip() for part in word.partition("="))
    if not equals or not name or not text:
        raise UsageError(f"--vary takes NAME=VALUES, not {one_line(word, 60)!r}; it reads like {EXAMPLES}")
    found = _RANGE.fullmatch(text)
    if not found:
        if ".." in text and re.match(_NUMBER, text):
            raise UsageError(f"--vary {name}: {one_line(text, 60)!r} is no range; it reads like {EXAMPLES}")
        return _of_values(name, [scalar(part.strip()) for part in text.split(",")])
    options: dict[str, Any] = {"low": scalar(found[1]), "high": scalar(found[2])}
    for option in filter(None, found[3].split(":")):
        key, _, value = option.partition("=")
        options[key] = scalar(value) if value else True
    return _of_range(name, options)


def read_space(path: Path) -> list[Axis]:
    """The axes of a YAML file: `NAME: [values]`, or `NAME: {low: 1e-5, high: 1e-3, log: true}` (step, points as well).

    Raises UsageError, which names the file.
    """
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageError(f"{path}: no such file; --space names a YAML file of settings to vary") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: cannot be read ({one_line(error, 80)})") from None
    except yaml.YAMLError as error:
        raise UsageError(f"{path}: is no YAML ({one_line(error, 120)})") from None
    if isinstance(raw, Mapping) and isinstance(raw.get("space"), Mapping):
        raw = raw["space"]
    try:
        return axes_of(raw)
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from None


def axes_of(raw: Any) -> list[Axis]:
    """Axes of `{name: [values] or {low, high, ...}}`. Raises UsageError."""
    if not isinstance(raw, Mapping) or not raw:
        raise UsageError("holds no settings to vary; a line reads like 'schedule.batch_size: [16, 32]'")
    found = []
    for name, given in raw.items():
        if isinstance(given, Mapping):
            options = {str(key): scalar(value) if isinstance(value, str) else value for key, value in given.items()}
            found.append(_of_range(str(name), options))
        else:
            listed = given if isinstance(given, list) else [given]
            found.append(_of_values(str(name), [scalar(one) if isinstance(one, str) else one for one in listed]))
    return found


def scalar(word: str) -> Value:
    """A word of the command line as the whole number, number, truth value or word that it is."""
    for kind in (int, float):
        try:
            number = kind(word)
        except ValueError:
            continue
        return number if math.isfinite(number) else word
    return {"true": True, "false": False}.get(word.lower(), word)


def _of_values(name: str, values: Sequence[Any]) -> Axis:
    for one in values:
        if not isinstance(one, str | int | float | bool) or one == "":
            raise UsageError(f"{name}: each value must be a word or a number, not {one_line(one, 60)!r}")
    unique = {(type(one), one): one for one in values}  # 1 and True are equal in Python, not here
    if len(unique) < len(values):
        raise UsageError(f"{name}: a value is named twice")
    return Axis(name, tuple(values))


def _of_range(name: str, options: Mapping[str, Any]) -> Axis:
    known = {"low", "high", "log", "step", "points"}
    if unknown := sorted(set(options) - known):
        raise UsageError(f"{name}: {one_line(unknown[0], 40)!r} is not known of a range; known: {', '.join(known)}")
    numbers = {key: options[key] for key in ("low", "high", "step", "points") if key in options}
    for key, value in numbers.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise UsageError(f"{name}: {key} must be a number, not {one_line(value, 40)!r}")
    if "low" not in numbers or "high" not in numbers:
        raise UsageError(f"{name}: a range needs low and high")
    low, high, log = numbers["low"], numbers["high"], bool(options.get("log"))
    wrong = [
        (low >= high, f"low ({low:g}) must be below high ({high:g})"),
        (log and low <= 0, f"log needs a low above 0, not {low:g}"),
        (log and "step" in numbers, "log and step exclude each other"),
        ("points" in numbers and "step" in numbers, "points and step exclude each other"),
        (numbers.get("step", 1) <= 0, "step must be above 0"),
        ("points" in numbers and (numbers["points"] < 2 or numbers["points"] % 1 != 0), "points must be 2 or more"),
    ]
    for is_wrong, words in wrong:
        if is_wrong:
            raise UsageError(f"{name}: {words}")
    if "points" in numbers:
        return _of_values(name, _spread(low, high, log, int(numbers["points"])))
    return Axis(name, low=low, high=high, log=log, step=numbers.get("step", 0))


def _spread(low: float, high: float, log: bool, points: int) -> list[Value]:
    """Evenly spread values, rounded to four digits that count; whole numbers where both ends are."""
    parts = [i / (points - 1) for i in range(points)]
    values = [low * (high / low) ** part if log else low + (high - low) * part for part in parts]
    whole = isinstance(low, int) and isinstance(high, int)
    return list(dict.fromkeys(round(one) if whole else float(f"{one:.4g}") for one in values))


def settle_axes(axes: Iterable[Axis], settings: Settings) -> tuple[Axis, ...]:
    """The axes with their values of the settings' kinds, in the order given.

    Raises UsageError: nothing to vary, an unknown name (with a suggestion), a name given twice, a value that the
    setting cannot have, a setting by which trials could no longer be compared.
    """
    found: dict[str, Axis] = {}
    for axis in axes:
        if axis.name in found:
            raise UsageError(f"{axis.name} is varied twice")
        found[axis.name] = _settled(axis, settings)
    if not found:
        raise UsageError(f"what is to be varied? --vary {EXAMPLES}, --space FILE.yaml, or --preset mel-cnn-grid")
    if settings.schedule.best_by == "loss" and any(name.startswith("loss.") for name in found):
        raise UsageError("losses of different kinds cannot be compared: choose --best-by eer or auc, or vary no loss")
    return tuple(found.values())


def _settled(axis: Axis, settings: Settings) -> Axis:
    if axis.name in _JUDGES:
        raise UsageError(f"{axis.name} cannot be varied: its trials would not be comparable")
    kept = []
    for value in axis.ends():
        try:
            tried = changed(settings, {axis.name: value})
            tried.check()
        except UsageError as error:
            raise UsageError(f"--vary {axis.name}={one_line(value, 40)}: {error}") from None
        kept.append(_found(tried, axis.name))
    if not all(isinstance(one, str | int | float | bool) for one in kept):
        near = [name for name in names(settings) if name.startswith(axis.name)]
        raise UsageError(f"{axis.name} is no single value{f'; vary {axis.name}.NAME' if near else ''}")
    if not axis.is_range:
        return Axis(axis.name, tuple(kept))
    if any(isinstance(one, str | bool) for one in kept):
        raise UsageError(f"{axis.name} has no range: name its values, as in {axis.name}=one,other")
    whole = all(isinstance(one, int) for one in kept)
    step = axis.step
    if whole and step % 1:
        raise UsageError(f"{axis.name}: takes whole numbers, so step must be one")
    return Axis(axis.name, (), kept[0], kept[1], axis.log, int(step) if whole else step)


def _found(settings: Settings, name: str) -> Any:
    inside: Any = to_dict(settings)
    for step in name.split("."):
        inside = inside[step]
    return inside


def grid_of(axes: Sequence[Axis]) -> list[dict[str, Value]]:
    """Every combination of the values. Raises UsageError where an axis is a range, or where they are far too many."""
    for axis in axes:
        if axis.is_range:
            word = f"{axis.low:g}..{axis.high:g}{':log' if axis.log else ''}:points=5"
            raise UsageError(f"a grid needs values, and {axis.name} is a range: name them, or {axis.name}={word}")
    if math.prod(len(axis.values) for axis in axes) > MOST_CELLS:
        raise UsageError(f"the grid has more than {MOST_CELLS:,} combinations: choose --method random or tpe")
    combinations = itertools.product(*(axis.values for axis in axes))
    return [dict(zip((axis.name for axis in axes), values)) for values in combinations]
