"""Settings as YAML, as nested dictionaries and by dotted names; the presets; later layers over earlier ones."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields, is_dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

import yaml

from truevoice.errors import TruevoiceError, UsageError, one_line
from truevoice.files import replace_file
from truevoice.training.settings import Settings

Layer = Mapping[str, Any]
CONFIG = "config.yaml"
_WORDS = {"summary", "source"}  # of a preset, besides its settings


@dataclass(frozen=True)
class Preset:
    """A named recipe. summary: whose it is, in a sentence; source: paper or repository; layer: its settings."""

    name: str
    summary: str
    source: str
    layer: dict[str, Any]


@cache
def presets() -> dict[str, Preset]:
    """All presets by name, in alphabetical order."""
    found = {}
    for file in sorted(resources.files("truevoice.training").joinpath("presets").iterdir(), key=lambda f: f.name):
        name, dot, ending = file.name.rpartition(".")
        if not dot or ending != "yaml":
            continue
        raw = yaml.safe_load(file.read_text(encoding="utf-8"))
        if "space" not in raw:  # those are of `truevoice tune`
            layer = {key: value for key, value in raw.items() if key not in _WORDS}
            found[name] = Preset(name, raw["summary"], raw["source"], layer)
    return found


def find_preset(name: str) -> Preset:
    """Raises UsageError with the nearest names for an unknown one."""
    if name in presets():
        return presets()[name]
    raise UsageError(f"preset {one_line(name, 60)!r} is not known; {_near(name, presets())}")


def settle(*layers: Layer) -> Settings:
    """The default settings with each layer over the ones before it; a layer is a nested dictionary, and need not name
    everything. Dictionaries (network.arguments, data.test) and the list `augment` are replaced as wholes.

    Raises UsageError for an unknown name, with a suggestion, and for a value of another kind.
    """
    merged: dict[str, Any] = {}
    for layer in layers:
        for section, given in layer.items():
            if isinstance(given, Mapping) and section in merged:
                merged[section] = {**merged[section], **given}
            else:
                merged[section] = dict(given) if isinstance(given, Mapping) else given
    return _build(Settings, merged, "")


def changed(settings: Settings, values: Mapping[str, Any]) -> Settings:
    """The settings with values under dotted names in place: {"optimiser.lr": 1e-3, "network.arguments.channels": 4}.

    Raises UsageError as `settle` does.
    """
    tree = to_dict(settings)
    for name, value in values.items():
        *path, last = name.split(".")
        inside: Any = tree
        for step in path:
            if not isinstance(inside, dict) or step not in inside:
                raise UsageError(f"{one_line(name, 60)}: no such setting; {_near(name, names(settings))}")
            inside = inside[step]
        inside_open = path[-1:] in (["arguments"], ["test"])  # their keys are the user's
        if not isinstance(inside, dict) or (last not in inside and not inside_open):
            raise UsageError(f"{one_line(name, 60)}: no such setting; {_near(name, names(settings))}")
        inside[last] = value
    return _build(Settings, tree, "")


def names(settings: Settings) -> list[str]:
    """All dotted names."""
    found = []
    for section, content in to_dict(settings).items():
        found += [f"{section}.{name}" for name in content] if isinstance(content, dict) else [section]
    return found


def to_dict(settings: Settings) -> dict[str, Any]:
    """Plain dictionaries and lists, as YAML and JSON hold them. The inverse is `settle`."""
    return _plain(asdict(settings))


def to_yaml(settings: Settings) -> str:
    return yaml.safe_dump(to_dict(settings), sort_keys=False, allow_unicode=True, width=120)


def write_settings(settings: Settings, path: Path) -> None:
    """Raises TruevoiceError where it cannot be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, [to_yaml(settings).encode()])
    except OSError as error:
        raise TruevoiceError(f"{path}: cannot be written ({error.strerror or one_line(error)})") from None


def read_settings(path: str | Path) -> Settings:
    """Raises UsageError, as `settle` does and where the file is not there or no YAML."""
    return settle(read_layer(path))


def read_layer(path: str | Path) -> dict[str, Any]:
    """The file's content, checked for its names and kinds."""
    try:
        raw = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageError(f"{path}: no such file; --print-config writes one") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: cannot be read ({one_line(error, 80)})") from None
    except yaml.YAMLError as error:
        raise UsageError(f"{path}: is no YAML ({one_line(error, 120)})") from None
    if raw is None:
        raise UsageError(f"{path}: is empty; --print-config shows what a file of settings holds")
    if not isinstance(raw, dict):
        raise UsageError(f"{path}: holds no settings; --print-config shows what a file of settings holds")
    layer = {str(key): value for key, value in raw.items() if key not in _WORDS}
    try:
        settle(layer)
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from None
    return layer


def _build(cls: Any, raw: Layer, where: str) -> Any:
    known = [one.name for one in fields(cls)]
    for key in raw:
        if key not in known:
            full = f"{where}{one_line(key, 60)}"
            raise UsageError(f"{full}: no such setting; {_near(str(key), known)}")
    hints = get_type_hints(cls)
    return cls(**{key: _converted(value, hints[key], f"{where}{key}") for key, value in raw.items()})


def _converted(value: Any, kind: Any, where: str) -> Any:
    if is_dataclass(kind):
        if not isinstance(value, Mapping):
            raise UsageError(f"{where}: is a section of settings, not {_shown(value)}")
        return _build(kind, value, f"{where}.")
    origin = get_origin(kind)
    if origin is Literal:
        return _one_of(value, get_args(kind), where)
    if origin is tuple:
        return _tuple(value, get_args(kind), where)
    if origin is dict:
        if not isinstance(value, Mapping):
            raise UsageError(f"{where}: must be names with values (name: value), not {_shown(value)}")
        inner = get_args(kind)[1]
        return {str(key): _converted(one, inner, f"{where}.{key}") for key, one in value.items()}
    return _simple(value, kind, where)


def _one_of(value: Any, choices: Iterable[Any], where: str) -> Any:
    word = "" if value is None else str(value)
    if word in choices:
        return word
    raise UsageError(f"{where}: {_shown(value)} is not known; {_near(word, [one for one in choices if one])}")


def _tuple(value: Any, inner: tuple[Any, ...], where: str) -> tuple[Any, ...]:
    given = [value] if isinstance(value, str) else value
    if not isinstance(given, list | tuple):
        raise UsageError(f"{where}: must be a list, not {_shown(value)}")
    many = len(inner) == 2 and inner[1] is Ellipsis
    if not many and len(given) != len(inner):
        raise UsageError(f"{where}: takes {len(inner)} values, not {len(given)}")
    kinds = [inner[0]] * len(given) if many else list(inner)
    return tuple(_converted(one, kind, f"{where}[{at}]") for at, (one, kind) in enumerate(zip(given, kinds)))


def _simple(value: Any, kind: Any, where: str) -> Any:
    if kind is Any:
        return value
    if kind is str:
        if isinstance(value, str | int | float | Path) and not isinstance(value, bool):
            return str(value)
        if value is None:
            return ""
    elif kind is bool:
        if isinstance(value, bool):
            return value
        if str(value).lower() in ("true", "false", "yes", "no"):
            return str(value).lower() in ("true", "yes")
    elif kind in (int, float) and not isinstance(value, bool):
        try:
            number = float(value)  # YAML takes 1e-6, without a point, for a word
        except (TypeError, ValueError):
            number = math.nan
        if kind is float and not math.isnan(number):
            return number
        if kind is int and number == number // 1 and math.isfinite(number):
            return int(number)
    words = {int: "a whole number", float: "a number", bool: "true or false", str: "a word"}
    raise UsageError(f"{where}: must be {words.get(kind, 'of another kind')}, not {_shown(value)}")


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list | tuple) else value


def _shown(value: Any) -> str:
    return "nothing" if value is None else repr(one_line(value, 40))


def _near(word: str, known: Iterable[str]) -> str:
    there = list(known)
    near = difflib.get_close_matches(word, there, n=2, cutoff=0.5)
    last = word.rsplit(".", 1)[-1]
    near = near or [one for one in there if last and (one.endswith(last) or last in one)][:2]
    return f"did you mean {' or '.join(near)}?" if near else f"known: {', '.join(there)}"
