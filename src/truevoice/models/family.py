"""What network a state dict belongs to, told from its keys and shapes alone; for an unknown one the nearest, and how
it differs. Networks are built without memory for their weights, and nothing of the file's content is looked at.
"""

from __future__ import annotations

import inspect
import json
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pkgutil import resolve_name
from typing import Any

import torch
from torch import Tensor

from truevoice.errors import CheckpointError, one_line
from truevoice.models.build import OWN_BACK_END, OWN_ENCODER, FrontEndOfCard, NetworkCard
from truevoice.models.front_ends.encoder import KINDS
from truevoice.models.front_ends.fairseq import fairseq_name, infer_shape, to_transformers
from truevoice.models.front_ends.layout import Shape, encoder_layout, whisper_layers, whisper_layout
from truevoice.models.front_ends.whisper_encoder import is_whisper

# The projection behind the convolutions, in fairseq's names and in transformers': every encoder has it, once. Whisper's
# positions in transformers' names, which its decoder has too.
MARKS = ("post_extract_proj.weight", "feature_projection.projection.weight", "embed_positions.weight")


@dataclass(frozen=True)
class Differences:
    """Of a file from what is expected: keys that it lacks, keys it has besides, and shapes that are others."""

    missing: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()
    shapes: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.missing or self.extra or self.shapes)

    def __add__(self, other: Differences) -> Differences:
        return Differences(self.missing + other.missing, self.extra + other.extra, self.shapes + other.shapes)


@dataclass(frozen=True)
class Encoder:
    """A pre-trained encoder found in a file: under which prefix, what it is in words, what is wrong with it.

    `layers` and `dim` are 0, and `words` say why, where it is not whole enough to tell. `unused`: keys of its
    pre-training. `fairseq`: its keys are fairseq's and not transformers'.
    """

    prefix: str
    words: str
    layers: int = 0
    dim: int = 0
    differences: Differences = Differences()
    unused: tuple[str, ...] = ()
    fairseq: bool = False


@dataclass(frozen=True)
class Fit:
    """How well a file fits the network of the card `name`.

    `share`: of all keys of the file and the network together (without the encoder's), those that both have, in the
    same shape, from 0 to 1; a key in another shape counts half. `misplaced`: the prefix of the encoder, where that
    family's encoder does not stand.
    """

    name: str
    share: float
    differences: Differences
    misplaced: str | None = None

    @property
    def exact(self) -> bool:
        return not self.differences and self.misplaced is None


@dataclass(frozen=True)
class Family:
    """`fits`: every family with a key in common, the nearest first. `rest`: keys outside the encoder."""

    fits: tuple[Fit, ...]
    encoder: Encoder | None = None
    rest: tuple[str, ...] = ()

    @property
    def exact(self) -> tuple[str, ...]:
        """The families that it fits in every key and shape; several where only their settings differ."""
        return tuple(fit.name for fit in self.fits if fit.exact)


def identify(
    state: Mapping[str, Tensor], cards: Iterable[NetworkCard], settings: Mapping[str, Any] | None = None
) -> Family:
    """Compares `state` (and the `settings` beside it), as `read_checkpoint` gives it, with every card's network."""
    prefix = find_encoder(state)
    encoder = None
    rest: dict[str, Shape] = {key: tuple(tensor.shape) for key, tensor in state.items()}
    if prefix is not None:
        inside = {key.removeprefix(prefix): tensor for key, tensor in state.items() if key.startswith(prefix)}
        encoder = read_encoder(inside, prefix, settings)
        rest = {key: shape for key, shape in rest.items() if not key.startswith(prefix)} if prefix else {}
    rest = {key.removeprefix(OWN_BACK_END): shape for key, shape in rest.items()}
    fits = [fit for card in cards if card.network and (fit := _compare(card, rest, encoder)).share > 0]
    return Family(tuple(sorted(fits, key=lambda fit: (not fit.exact, -fit.share))), encoder, tuple(rest))


def find_encoder(keys: Iterable[str]) -> str | None:
    """What stands before the keys of the encoder among `keys`; None = there is none."""
    listed = set(keys)
    marked = (key.removesuffix(mark) for key in keys for mark in MARKS if key.endswith(mark))
    return next((one for one in marked if one + MARKS[-1] not in listed or one + "conv1.weight" in listed), None)


def read_encoder(state: Mapping[str, Tensor], prefix: str = "", settings: Mapping[str, Any] | None = None) -> Encoder:
    """What `state`, an encoder's keys without the `prefix` they had, tells of it; `settings` as in `infer_shape`."""
    if is_whisper(state):
        wanted = {prefix + key: shape for key, shape in whisper_layout(state).items()}
        found = {prefix + key: tuple(tensor.shape) for key, tensor in state.items()}
        layers, dim = whisper_layers(state), state["conv1.weight"].shape[0]
        return Encoder(prefix, f"whisper: {layers} layers, {dim} wide", layers, dim, _differences(wanted, found))
    renamed, names, unused = to_transformers(state)
    try:
        shape = infer_shape(renamed, "it", settings)
    except CheckpointError as error:
        return Encoder(prefix, str(error).removeprefix("it: "), unused=tuple(unused))
    theirs = any(key != name for key, name in names.items())  # fairseq's names
    expected = encoder_layout(shape)
    names = {**{key: fairseq_name(key) if theirs else key for key in expected}, **names}
    found = {prefix + names[key]: tuple(tensor.shape) for key, tensor in renamed.items()}
    wanted = {prefix + names[key]: dims for key, dims in expected.items()}
    return Encoder(
        prefix, shape.describe(), shape.layers, shape.dim, _differences(wanted, found), tuple(unused), theirs
    )


def _compare(card: NetworkCard, rest: Mapping[str, Shape], encoder: Encoder | None) -> Fit:
    front_end = card.front_end if card.front_end and card.front_end.kind in KINDS else None
    wanted = _back_end_shapes(card, encoder if front_end else None)
    differences = _differences(wanted, rest)
    named = len(wanted.keys() & rest.keys())
    share = (named - len(differences.shapes) / 2) / max(len(wanted.keys() | rest.keys()), 1)
    misplaced = None
    if front_end and encoder is None:
        differences += Differences(missing=(f"{_prefix_of(front_end)}… (its encoder)",))
    elif encoder:
        differences = encoder.differences + differences
        if not encoder.layers:
            differences += Differences(missing=(f"{encoder.prefix}… (its encoder {encoder.words})",))
        if front_end is None or encoder.prefix not in (*front_end.prefixes, OWN_ENCODER):
            misplaced = encoder.prefix
    return Fit(card.name, share, differences, misplaced)


def _prefix_of(front_end: FrontEndOfCard) -> str:
    return next(iter(front_end.prefixes), OWN_ENCODER)


def _back_end_shapes(card: NetworkCard, encoder: Encoder | None) -> Mapping[str, Shape]:
    """Key -> shape of the card's network, made for the encoder at hand as `build` makes it."""
    path = f"truevoice.models.{card.network}"
    arguments: dict[str, Any] = dict(card.arguments)
    if encoder and encoder.layers:
        known = inspect.signature(resolve_name(path)).parameters.keys()
        fitting = {"dim": encoder.dim, "states": encoder.layers + 1}
        arguments |= {name: fitting[name] for name in fitting.keys() & known}
    return _shapes_of(path, json.dumps(arguments))


@cache
def _shapes_of(path: str, arguments: str) -> Mapping[str, Shape]:
    made_by = resolve_name(path)
    given = json.loads(arguments)
    try:
        with torch.device("meta"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            network = made_by(**given)
    except RuntimeError:  # some constants are worked out with numbers; those networks are small
        network = made_by(**given)
    return {key: tuple(tensor.shape) for key, tensor in network.state_dict().items()}


def _differences(wanted: Mapping[str, Shape], found: Mapping[str, Shape]) -> Differences:
    return Differences(
        missing=tuple(key for key in wanted if key not in found),
        extra=tuple(one_line(key, 80) for key in found if key not in wanted),
        shapes=tuple(
            f"{key} {found[key]} instead of {shape}"
            for key, shape in wanted.items()
            if key in found and found[key] != shape
        ),
    )
