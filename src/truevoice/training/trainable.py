"""Which parameters of a network learn: from words (`all`, `ssl.layers[20-23]`, `GAT_layer_*`, `lora`) to tensors.

What does not learn runs without gradients and in eval mode: no dropout there, and no batch norm's statistics move.

A *layer* is a module with parameters and without modules in it. `first:N` and `last:N` count layers in the order in
which they are first called; one that is never called (some are in checkpoints only) stands where its parent is.
Parameters beside layers (tokens, positions, attention vectors) learn with `all` or by name. `none` leaves the
output layer, the last linear one, to learn. `ssl` is the whole front-end with weights of its own, `ssl.layers[20-23]`
its transformer layers from 0, whatever they are called within. Anything else is the name of a parameter or a module, or
a pattern for it (* and ?), with or without `back_end.` before it.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase

import torch
from torch import Tensor, nn

from truevoice.errors import UsageError, one_line
from truevoice.models.heads import output_layer
from truevoice.training.layers import Named, encoder_layers, front_end, in_order, is_layer

ALL, NONE, LORA, SSL = "all", "none", "lora", "ssl"
ENDS = re.compile(r"(first|last):(\d+)")
RANGES = re.compile(r"ssl\.layers\[([^\]]*)\]")
NUMBER = re.compile(r"(?<=\.)\d+(?=\.|$)")  # of one among several modules
MOST_LINES = 16


@dataclass(frozen=True)
class Trainable:
    """What learns. `names`: its parameters; `n_trained` of `n_all` values; `frozen`: modules that are wholly frozen, by
    name, none within another; `groups`: the outermost modules of which all learns, and single parameters besides, each
    with its number of values. `remarks`: what a user should know."""

    names: tuple[str, ...]
    n_trained: int
    n_all: int
    frozen: tuple[str, ...]
    groups: tuple[tuple[str, int], ...] = ()
    remarks: tuple[str, ...] = ()

    def lines(self) -> list[str]:
        """What the run prints: how many of how many, and which, modules of the same kind in one line."""
        share = 100 * self.n_trained / max(self.n_all, 1)
        told = [f"{self.n_trained:,} of {self.n_all:,} parameters learn ({share:.2f} %)"]
        kinds: dict[str, list[tuple[str, int]]] = {}
        for name, size in self.groups:
            kinds.setdefault(NUMBER.sub("*", name), []).append((name, size))
        for kind, members in list(kinds.items())[:MOST_LINES]:
            told.append(f"  {_range(kind, [name for name, _ in members])}: {sum(size for _, size in members):,}")
        if len(kinds) > MOST_LINES:
            told.append(f"  and {len(kinds) - MOST_LINES} more kinds of modules")
        return told + list(self.remarks)


def _range(kind: str, names: list[str]) -> str:
    """One name as it is; of several that differ in their numbers, what is common, and how many they are."""
    if len(names) == 1:
        return names[0]
    numbers = [NUMBER.findall(name) for name in names]
    if kind.count("*") == 1:
        found = [int(one) for (one,) in numbers]
        if found == list(range(found[0], found[-1] + 1)):
            return kind.replace("*", f"[{found[0]}-{found[-1]}]")
    return f"{kind} ({len(names)} of them)"


def select(network: nn.Module, spec: str, example: Tensor) -> Trainable:
    """Lets the parameters that `spec` names learn and freezes all others; they are found again by name in the result.

    Parameters that need no gradient to begin with (positions that are given) never learn. `example`: (1, T) waves, for
    the order in which layers are called. "lora" stands for adapters that are in the network already. Afterwards
    `keep_frozen_in_eval` is to follow every `network.train()`. Raises UsageError for words that name nothing, with the
    nearest names, and where nothing would learn.
    """
    parameters = {name: one for name, one in network.named_parameters() if one.requires_grad}
    order = _Once(lambda: in_order(network, example))
    chosen: set[str] = set()
    for word in words_of(spec):
        chosen |= _named(network, word, parameters, order)
    if not chosen:
        raise UsageError(f"--trainable {one_line(spec, 60)}: nothing would learn")
    for name, parameter in parameters.items():
        parameter.requires_grad_(name in chosen)
    frozen = _freeze(network, order)
    keep_frozen_in_eval(network.train())
    names = tuple(name for name in parameters if name in chosen)
    learns = sum(parameters[name].numel() for name in names)
    total = sum(parameter.numel() for parameter in network.parameters())
    return Trainable(names, learns, total, frozen, tuple(_groups(network)))


def _groups(module: nn.Module, name: str = "") -> Iterator[tuple[str, int]]:
    """The outermost modules within `module` of which all learns, and the parameters between them."""
    inside = f"{name}." if name else ""
    for own, parameter in module.named_parameters(recurse=False):
        if parameter.requires_grad:
            yield inside + own, parameter.numel()
    for own, child in module.named_children():
        learns = [parameter.requires_grad for parameter in child.parameters()]
        if learns and all(learns):
            yield inside + own, sum(parameter.numel() for parameter in child.parameters())
        elif any(learns):
            yield from _groups(child, inside + own)


def keep_frozen_in_eval(network: nn.Module) -> None:
    """Puts what `select` froze back into eval mode; to be called after every `network.train()`, wrapped or not."""
    for module in network.modules():
        if getattr(module, "kept_in_eval", False):
            module.training = False


def words_of(spec: str) -> list[str]:
    """The words of a specification, parted by commas or plus signs outside brackets. Raises UsageError for none."""
    words = [word.strip() for word in re.split(r"[,+](?![^\[\]]*\])", spec)]
    if not all(words):
        raise UsageError(f"--trainable {one_line(spec, 60)!r}: an empty word; as in all, none, ssl.layers[20-23], lora")
    return words


def wants_lora(spec: str) -> bool:
    return LORA in words_of(spec)


class _Once:
    """The layers in order, worked out when they are first asked for: that takes a run of the network."""

    def __init__(self, find: Callable[[], list[Named]]) -> None:
        self._find = find
        self._found: list[Named] | None = None

    def __call__(self) -> list[Named]:
        if self._found is None:
            self._found = self._find()
        return self._found


def _named(network: nn.Module, word: str, parameters: dict[str, nn.Parameter], order: _Once) -> set[str]:
    """The names of the parameters that one word stands for."""
    if word == ALL:
        return set(parameters)
    if word == NONE:
        return _within(parameters, [output_layer(network)])
    if word == LORA:
        return {name for name in parameters if ".lora_" in name}
    if found := ENDS.fullmatch(word):
        return _at_the_ends(network, word, found[1], int(found[2]), parameters, order)
    if word == SSL:
        return _within(parameters, [_front_end(network, word)])
    if found := RANGES.fullmatch(word):
        layers = encoder_layers(network)
        if not layers:
            raise UsageError(f"--trainable {word}: this network has no encoder with transformer layers")
        return _within(parameters, [layers[index] for index in _indices(word, found[1], len(layers))])
    return _matching(network, word, parameters)


def _front_end(network: nn.Module, word: str) -> str:
    if name := front_end(network):
        return name
    raise UsageError(f"--trainable {word}: this network has no front-end with weights of its own")


def _at_the_ends(
    network: nn.Module, word: str, end: str, count: int, parameters: dict[str, nn.Parameter], order: _Once
) -> set[str]:
    layers = [name for name, module in order() if is_layer(module) and _within(parameters, [name])]
    if not 1 <= count <= len(layers):
        raise UsageError(f"--trainable {word}: this network has {len(layers)} layers")
    taken = layers[:count] if end == "first" else layers[-count:]
    return _within(parameters, taken)


def _indices(word: str, ranges: str, count: int) -> list[int]:
    """ "20-23" or "0,5-" -> the numbers, each below `count`."""
    found: list[int] = []
    for part in ranges.split(","):
        first, dash, last = (one.strip() for one in part.partition("-"))
        if not first.isdecimal() or (last and not last.isdecimal()):
            raise UsageError(f"--trainable {word}: give numbers and ranges, as in ssl.layers[0,20-23]")
        begin, end = int(first), int(last) if last else count - 1 if dash else int(first)
        if begin > end or end >= count:
            raise UsageError(f"--trainable {word}: this encoder has {count} layers, 0 to {count - 1}")
        found += range(begin, end + 1)
    return found


def _matching(network: nn.Module, pattern: str, parameters: dict[str, nn.Parameter]) -> set[str]:
    aliases = {name: _aliases(network, name) for name in parameters}
    found = {
        name
        for name, others in aliases.items()
        if any(fnmatchcase(one, pattern) or fnmatchcase(one, f"{pattern}.*") for one in others)
    }
    if found:
        return found
    known = {one for others in aliases.values() for name in others for one in _parents(name)}
    near = difflib.get_close_matches(pattern, sorted(known | {ALL, NONE, LORA, SSL}), n=3)
    tops = sorted({name.partition(".")[0] for others in aliases.values() for name in others})
    hint = f"did you mean {' or '.join(near)}?" if near else f"its parts: {one_line(', '.join(tops), 160)}"
    raise UsageError(f"--trainable {one_line(pattern, 60)}: no parameter of this network is called so; {hint}")


def _aliases(network: nn.Module, name: str) -> list[str]:
    """A parameter's name, that within the back-end, and that within the encoder as `ssl.…`."""
    found = [name, name.removeprefix("back_end.")]
    for index, layer in enumerate(encoder_layers(network)):
        if name.startswith(f"{layer}."):
            found.append(f"ssl.layers.{index}.{name.removeprefix(f'{layer}.')}")
    heard = front_end(network)
    if heard and name.startswith(f"{heard}."):
        found.append(f"ssl.{name.removeprefix(f'{heard}.').removeprefix('model.')}")
    return found


def _parents(name: str) -> Iterator[str]:
    parts = name.split(".")
    yield from (".".join(parts[:count]) for count in range(1, len(parts) + 1))


def _within(parameters: Iterable[str], modules: list[str]) -> set[str]:
    return {name for name in parameters if any(name.startswith(f"{module}.") for module in modules)}


def _freeze(network: nn.Module, order: _Once) -> tuple[str, ...]:
    """Marks what is to stay in eval mode; the names of the outermost modules of which nothing learns."""
    for module in network.modules():
        module.kept_in_eval = False  # type: ignore[assignment]
    frozen: list[str] = []
    for name, module in network.named_modules():
        if any(name.startswith(f"{outer}.") for outer in frozen):
            continue
        own = list(module.parameters())
        if own and not any(one.requires_grad for one in own):
            frozen.append(name)
            for inner in module.modules():
                _mark(inner)
    if frozen:
        _freeze_between(network, order)
    return tuple(frozen)


def _mark(module: nn.Module) -> None:
    # On an accelerator a recurrent layer gives no gradients in eval mode; without dropout its modes do not differ.
    module.kept_in_eval = not (isinstance(module, nn.RNNBase) and not module.dropout)  # type: ignore[assignment]


def _freeze_between(network: nn.Module, order: _Once) -> None:
    """Layers without parameters that stand between others: dropout belongs to the layer that comes after it, a norm
    with statistics to the one before."""
    loose = [
        module
        for module in network.modules()
        if not getattr(module, "kept_in_eval", False)
        and not any(True for _ in module.parameters())
        and (isinstance(module, nn.Dropout) or getattr(module, "running_mean", None) is not None)
    ]
    if not loose:
        return
    called = [module for _, module in order()]
    learns = [_learns(module) for module in called]
    for module in loose:
        at = called.index(module) if module in called else len(called)
        after = next((one for one in learns[at:] if one is not None), None)
        before = next((one for one in reversed(learns[:at]) if one is not None), None)
        nearest = (before, after) if getattr(module, "running_mean", None) is not None else (after, before)
        if next((one for one in nearest if one is not None), True) is False:
            module.kept_in_eval = True  # type: ignore[assignment]


def _learns(module: nn.Module) -> bool | None:
    """Whether a layer learns; None for a module without parameters of its own."""
    own = list(module.parameters(recurse=False))
    return any(one.requires_grad for one in own) if own else None


def example_of(window: int) -> Tensor:
    """(1, window): soft noise, always the same, for a run of which nothing but its course is of interest."""
    return 0.05 * torch.randn(1, window, generator=torch.Generator().manual_seed(0))
