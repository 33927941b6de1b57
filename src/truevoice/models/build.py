"""A card and the weights of a published file -> the network, whole, or one line that says why not."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Mapping
from typing import Any, Protocol

from torch import Tensor, nn

from truevoice.errors import CheckpointError
from truevoice.models.checkpoint import load_strictly
from truevoice.models.front_ends.encoder import KINDS, SpeechEncoder
from truevoice.models.front_ends.fairseq import infer_shape, is_encoder, to_transformers
from truevoice.models.front_ends.whisper_encoder import WhisperEncoder, is_whisper
from truevoice.models.heads import put_head
from truevoice.models.speech_detector import SpeechDetector

# Our own names of the two parts, as a `SpeechDetector` has them in its state dict.
OWN_FRONT_END = "front_end."
OWN_ENCODER = "front_end.model."
OWN_BACK_END = "back_end."
# What detectors and fine-tuned recognisers put before an encoder's keys; to tell an encoder alone from a detector.
ENCODER_PREFIXES = ("", "w2v_encoder.w2v_model.", "encoder.w2v_model.", "wav2vec2.", "hubert.", "wavlm.")


class FrontEndOfCard(Protocol):
    """What is asked of a card's front-end: see `truevoice.detectors.card.FrontEnd`."""

    @property
    def kind(self) -> str: ...
    @property
    def prefixes(self) -> tuple[str, ...]: ...
    @property
    def normalise(self) -> bool: ...
    @property
    def arguments(self) -> dict[str, Any]: ...


class NetworkCard(Protocol):
    """What is asked of a card: see `truevoice.detectors.card.Card`."""

    @property
    def name(self) -> str: ...
    @property
    def network(self) -> str | None: ...
    @property
    def arguments(self) -> dict[str, Any]: ...
    @property
    def front_end(self) -> FrontEndOfCard | None: ...
    @property
    def head(self) -> str: ...
    @property
    def bonafide_index(self) -> int: ...


def build(
    card: NetworkCard, state: Mapping[str, Tensor], origin: str, settings: Mapping[str, Any] | None = None
) -> nn.Module:
    """The network of `card` with the weights `state`, in eval mode: (B, T) waveforms -> logits.

    A detector with an encoder is told apart by the card's prefixes; the encoder's dimensions come from its tensors
    (`settings`: a fairseq configuration from the same file), and it takes over the tensors themselves: a file that was
    mapped must not be written over while the network lives. Raises CheckpointError, beginning with `origin`, on
    weights that are not exactly this network's.
    """
    if card.front_end is None:
        _refuse_encoder_alone(card.name, state, origin)
        network = network_of(card)
        load_strictly(network, state, origin)
        return network.eval()
    heard, decided = split(card.name, card.front_end, state, origin)
    front_end = _front_end(card.front_end, heard, origin, settings)
    back_end = network_of(card, front_end)
    load_strictly(back_end, decided, origin)
    return SpeechDetector(front_end, back_end).eval()


def network_of(card: NetworkCard, front_end: nn.Module | None = None) -> nn.Module:
    """The card's `network` alone, with random weights; behind an encoder it is made for that one's dimensions.

    Where the card has a cosine `head`, that stands in the place of the output layer.
    """
    made_by = class_of(card)
    arguments = dict(card.arguments)
    if isinstance(front_end, SpeechEncoder | WhisperEncoder):
        fitting = {"dim": front_end.dim, "states": front_end.layers_count + 1}
        arguments |= {name: fitting[name] for name in fitting.keys() & inspect.signature(made_by).parameters.keys()}
    network: nn.Module = made_by(**arguments)
    if card.head:
        put_head(network, card.head, card.bonafide_index)
    return network


def class_of(card: NetworkCard) -> Any:
    """The class of the card's `network`."""
    return _class(f"truevoice.models.{card.network}")


def split(
    name: str, front_end: FrontEndOfCard, state: Mapping[str, Tensor], origin: str
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """The state dict of the front-end and that of the back-end of the detector `name`, each in its own names.

    Raises CheckpointError where there is no front-end in it, or nothing else.
    """
    own = OWN_ENCODER if front_end.kind in KINDS else OWN_FRONT_END
    prefixes = (*front_end.prefixes, own)
    prefix = next((one for one in prefixes if any(key.startswith(one) for key in state)), None)
    if prefix is None and not front_end.prefixes:  # a front-end without weights
        return {}, {key.removeprefix(OWN_BACK_END): tensor for key, tensor in state.items()}
    if prefix is None:
        _refuse_encoder_alone(name, state, origin)
        raise CheckpointError(
            f"{origin}: lacks the front-end of {name} (no key begins with {' or '.join(front_end.prefixes)}); "
            "is it of another model?"
        )
    heard = {key.removeprefix(prefix): tensor for key, tensor in state.items() if key.startswith(prefix)}
    decided = {key.removeprefix(OWN_BACK_END): tensor for key, tensor in state.items() if not key.startswith(prefix)}
    if not decided:
        raise CheckpointError(f"{origin}: holds the front-end of {name} alone, not the detector on top of it")
    return heard, decided


def _refuse_encoder_alone(name: str, state: Mapping[str, Tensor], origin: str) -> None:
    """Raises CheckpointError where `state` holds an encoder that no detector, of the name or another, stands upon."""
    if alone := encoder_alone(state, origin):
        raise CheckpointError(
            f"{origin}: holds an encoder alone ({alone}), not the detector {name}; pass the file of the whole detector"
        )


def encoder_alone(state: Mapping[str, Tensor], origin: str) -> str:
    """What encoder it is, in words, if `state` holds one and no detector; else an empty string."""
    bare = bare_encoder(state)
    if bare is None:
        return ""
    try:
        return infer_shape(to_transformers(bare)[0], origin).describe()
    except CheckpointError:
        return "not whole"


def bare_encoder(state: Mapping[str, Tensor]) -> dict[str, Tensor] | None:
    """The keys of an encoder that lies in `state` under one of the usual prefixes, without it; None = there is none."""
    for prefix in ENCODER_PREFIXES:
        inside = {key.removeprefix(prefix): tensor for key, tensor in state.items() if key.startswith(prefix)}
        if is_encoder(inside):
            return inside
    return None


def _front_end(
    described: FrontEndOfCard, state: Mapping[str, Tensor], origin: str, settings: Mapping[str, Any] | None
) -> nn.Module:
    if described.kind in KINDS and is_whisper(state):
        return WhisperEncoder.from_state(state, origin)
    if described.kind in KINDS:
        return SpeechEncoder.from_state(state, origin, normalise=described.normalise, settings=settings)
    front_end = _class(f"truevoice.models.front_ends.{described.kind}")(**described.arguments)
    load_strictly(front_end, state, origin)
    return front_end


def _class(path: str) -> Any:
    """The class of "package.module:Class"."""
    module, _, name = path.partition(":")
    return getattr(importlib.import_module(module), name)
