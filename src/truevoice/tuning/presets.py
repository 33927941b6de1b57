"""Named searches: a file of `training/presets` with a `space`, the recipe that it starts from, and its method."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from functools import cache
from importlib import resources

import yaml

from truevoice.errors import UsageError, one_line
from truevoice.training.recipe import presets as recipes
from truevoice.tuning.plan import Method
from truevoice.tuning.space import Axis, axes_of


@dataclass(frozen=True)
class SearchPreset:
    """recipe: the name of the training preset under it; method: how it searches."""

    name: str
    summary: str
    source: str
    recipe: str
    method: Method
    axes: tuple[Axis, ...]


@cache
def search_presets() -> dict[str, SearchPreset]:
    """All of them by name, in alphabetical order."""
    found = {}
    for file in sorted(resources.files("truevoice.training").joinpath("presets").iterdir(), key=lambda f: f.name):
        name, _, ending = file.name.rpartition(".")
        if ending != "yaml":
            continue
        raw = yaml.safe_load(file.read_text(encoding="utf-8"))
        if "space" in raw:
            words = {key: raw[key] for key in ("summary", "source", "recipe", "method")}
            found[name] = SearchPreset(name, axes=tuple(axes_of(raw["space"])), **words)
    return found


def find_search_preset(name: str) -> SearchPreset | None:
    """The search of that name, or None where it is the name of a training preset. Raises UsageError for neither."""
    if name in search_presets():
        return search_presets()[name]
    if name in recipes():
        return None
    known = [*search_presets(), *recipes()]
    near = difflib.get_close_matches(name, known, n=2, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}?" if near else f"known: {', '.join(known)}"
    raise UsageError(f"preset {one_line(name, 60)!r} is not known; {hint}")
