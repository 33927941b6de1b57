"""The card of a detector: everything one must know about it before any weight is loaded.

A card is a YAML file `models/NAME.yaml` beside the network it describes; the register is the listing of those files.
Reading a card needs no torch, so `truevoice models` is fast and works on the core alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from functools import cache
from importlib import resources
from typing import Any

from truevoice.cards import read_cards
from truevoice.errors import TruevoiceError


@dataclass(frozen=True)
class Figure:
    """One published or measured error rate. `eer` is a fraction; `on` names the data, `by` who measured it."""

    eer: float
    on: str
    by: str
    auc: float | None = None


@dataclass(frozen=True)
class Weights:
    """A published weight file that is not ours to ship: where it lies, its size in bytes, its sha256."""

    url: str
    file: str
    bytes: int
    sha256: str


@dataclass(frozen=True)
class FrontEnd:
    """What turns the waveform into the features that the card's `network`, then a back-end, classifies.

    `kind`: wav2vec2, hubert or wavlm (a self-supervised encoder, its dimensions read from the weights), or
    "module:Class" under `truevoice.models.front_ends`, built with `arguments`. `prefixes`: what its keys in the
    published state dict begin with, one alternative or several; none = it has no weights of its own.
    `normalise`: each waveform is brought to zero mean and unit variance first.
    """

    kind: str
    prefixes: tuple[str, ...] = ()
    normalise: bool = False
    arguments: dict[str, Any] = field(default_factory=dict)

    @property
    def is_encoder(self) -> bool:
        """Whether it is a self-supervised encoder, any of which may stand in its place."""
        return ":" not in self.kind

    def __post_init__(self) -> None:
        object.__setattr__(self, "prefixes", tuple(self.prefixes))  # a list in YAML


@dataclass(frozen=True)
class Card:
    """What a detector is. `window` is its native input length in samples at `sample_rate` Hz.

    `score` says in words what `Detector.scores` returns; whatever the authors' own sign, here higher = more bona fide.
    `heard`: what of a recording the authors' figures hold for, "first" window or "whole".
    `fixed_window`: it hears no other length than `window`; `shortest_window`: the least it can take, in samples.
    `network` is "module:Class" under `truevoice.models`, built with `arguments`: it takes the waveform, or, where the
    card has a `front_end`, that one's features. `bonafide_index` is the logit that is the score, or, with `log_odds`,
    from which the other logit is taken away. `head`: the cosine head of its training, "oc-softmax" or "am-softmax", in
    the place of the network's own output layer.
    `shipped` names an ONNX graph in `truevoice/weights/` where the package brings the detector along.
    """

    name: str
    title: str
    summary: str
    parameters: int
    window: int
    score: str
    training_data: str
    licence: str
    paper: str
    source: str
    sample_rate: int = 16000
    heard: str = "first"
    fixed_window: bool = False
    shortest_window: int = 1
    network: str | None = None
    front_end: FrontEnd | None = None
    arguments: dict[str, Any] = field(default_factory=dict)
    bonafide_index: int = 1
    log_odds: bool = False
    head: str = ""
    shipped: str | None = None
    weights: Weights | None = None
    figures: tuple[Figure, ...] = ()
    speed: str = ""

    @classmethod
    def from_dict(cls, raw: dict[str, Any], origin: str) -> Card:
        """Builds a card from parsed YAML; an unknown or missing key is a `TruevoiceError` that names `origin`."""
        known = {f.name for f in fields(cls)}
        if unknown := sorted(set(raw) - known):
            raise TruevoiceError(f"{origin}: unknown key {', '.join(unknown)}")
        data = dict(raw)
        if data.get("sample_rate", 16000) != 16000:
            raise TruevoiceError(f"{origin}: sample rate {data['sample_rate']}: recordings are read at 16,000 Hz only")
        try:
            if data.get("weights"):
                data["weights"] = Weights(**data["weights"])
            if data.get("front_end"):
                data["front_end"] = FrontEnd(**data["front_end"])
            data["figures"] = tuple(Figure(**figure) for figure in data.get("figures") or ())
            return cls(**data)
        except TypeError as error:
            raise TruevoiceError(f"{origin}: {error}") from None


@cache
def cards() -> dict[str, Card]:
    """All cards of the register by name, in alphabetical order."""
    return read_cards(resources.files("truevoice.models"), Card.from_dict)
