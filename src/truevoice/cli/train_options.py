"""Settings of training as options: each section of `truevoice.training.settings` as a group of flags, all optional.

The settings' own docstrings are their help, so that nothing is said twice. What is given on the command line lies over
the file of --config, and that over the --preset.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields, make_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args, get_origin, get_type_hints

from cyclopts import Parameter

from truevoice.errors import UsageError, one_line
from truevoice.training import settings

GROUPS = {
    settings.Network: "Network",
    settings.Data: "Data",
    settings.Optimiser: "Optimiser",
    settings.Loss: "Loss",
    settings.Schedule: "Schedule",
}
SHORT = {"model": ["--model", "-m"]}


def _default(value: Any) -> str:
    """As help shows it; nothing where there is nothing to say."""
    if isinstance(value, tuple | list):
        return " ".join(map(str, value))
    return "" if value in ("", None) or value == {} else str(value)


def _section(kind: type) -> Any:
    """The section as a dataclass whose every field may be None, which says that it was not given.

    A dictionary is given as NAME=VALUE, several times.
    """
    hints = get_type_hints(kind)

    def option(name: str, default: Any) -> Any:
        taken = hints[name]
        if get_origin(taken) is dict:
            taken = tuple[str, ...]
        elif get_origin(taken) is Literal:
            taken = Literal[tuple(choice for choice in get_args(taken) if choice)]
        shown = _default(default)
        how = Parameter(
            name=SHORT.get(name),
            negative_iterable=(),
            group=GROUPS[kind],
            show_default=(lambda _: shown) if shown else False,
        )
        return Annotated[taken | None, how]

    defaults = kind()

    made = make_dataclass(
        f"Given{kind.__name__}",
        [(one.name, option(one.name, getattr(defaults, one.name)), None) for one in fields(kind)],
        frozen=True,
        namespace={"__module__": __name__, "__doc__": kind.__doc__},
    )
    return Parameter(name="*")(made)


if TYPE_CHECKING:
    GivenNetwork = settings.Network
    GivenData = settings.Data
    GivenOptimiser = settings.Optimiser
    GivenLoss = settings.Loss
    GivenSchedule = settings.Schedule
else:
    GivenNetwork = _section(settings.Network)
    GivenData = _section(settings.Data)
    GivenOptimiser = _section(settings.Optimiser)
    GivenLoss = _section(settings.Loss)
    GivenSchedule = _section(settings.Schedule)

Preset = Annotated[str | None, Parameter(name="--preset")]
Config = Annotated[Path | None, Parameter(name="--config")]
Augment = Annotated[tuple[str, ...] | None, Parameter(name="--augment", negative_iterable=())]


def given_settings(
    preset: str | None,
    config: Path | None,
    augment: Iterable[str] | None,
    *sections: Any,
) -> settings.Settings:
    """The settings of a preset, with a file's over them, with the options' over those.

    sections: instances of the Given… classes, or None. Raises UsageError.
    """
    from truevoice.training.recipe import find_preset, read_layer, settle

    layers: list[dict[str, Any]] = [find_preset(preset).layer] if preset else []
    if config:
        layers.append(read_layer(config))
    over: dict[str, Any] = {}
    for section in sections:
        if section is not None:
            name = type(section).__name__.removeprefix("Given").lower()
            over[name] = {key: _value(key, value) for key, value in vars(section).items() if value is not None}
    steps = tuple(augment or ())
    if steps:
        from truevoice.augment import parse_step

        over["augment"] = [] if steps == ("none",) else [parse_step(word) for word in steps]
    found = settle(*layers, over)
    arguments = {**_last(layers, "network", "arguments"), **over.get("network", {}).get("arguments", {})}
    return settle(*layers, over, {"network": {"arguments": arguments}}) if arguments else found


def _last(layers: Sequence[dict[str, Any]], section: str, name: str) -> dict[str, Any]:
    """The value in the last layer that has it: one argument on the command line leaves a preset's others."""
    return next((layer[section][name] for layer in reversed(layers) if name in layer.get(section, {})), {})


def _value(name: str, value: Any) -> Any:
    if name not in ("arguments", "test"):
        return value
    import yaml

    pairs = {}
    for word in value:
        key, equals, content = word.partition("=")
        if not key or not equals or not content:
            raise UsageError(f"--{name} takes NAME=VALUE, not {one_line(word, 60)!r}")
        pairs[key] = yaml.safe_load(content) if name == "arguments" else content
    return pairs
