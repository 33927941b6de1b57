"""What a training starts from: a network with its weights, the card of what it will be, and which parameters learn.

Networks are in their plain form, as published; the forms for inference (`for_cpu`, `fold`, `quicken`) come later. The
encoders have no dropout, layer drop or SpecAugment here, neither at work nor in training: a fine-tuning is thus
regularised by its back-end's dropout, by augmentation and by weight decay alone, and its loss is that of the encoder at
work. Recipes that rely on dropout within the encoder are not the same here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from truevoice.detectors.card import Card
from truevoice.detectors.opened import card_of
from truevoice.detectors.register import OF_PARTS, card_of_parts, find_card
from truevoice.errors import CheckpointError, TruevoiceError, UsageError, one_line
from truevoice.models.build import build, network_of
from truevoice.models.checkpoint import read_checkpoint
from truevoice.models.converted import is_converted, origin_of, read_config
from truevoice.models.front_ends.encoder import KINDS
from truevoice.models.front_ends.hub import build_untrained
from truevoice.models.head_kinds import AM_SOFTMAX, HEADS, OC_SOFTMAX
from truevoice.models.heads import output_layer, outputs_of, put_head
from truevoice.training import settings
from truevoice.training.lora import add_lora
from truevoice.training.network_arguments import checked_arguments
from truevoice.training.trainable import Trainable, example_of, select, wants_lora, words_of

SCORES = {
    OC_SOFTMAX: "cosine between the embedding and the direction of bona fide",
    AM_SOFTMAX: "cosine to the direction of bona fide less that to the direction of spoof",
}


@dataclass(frozen=True)
class Start:
    """`network`: in train mode, on the CPU, with `requires_grad` set as asked. `card`: what it will be when trained.
    `origin`: names, sizes and sha256 of what it started from. `told`: what learns."""

    network: nn.Module
    card: Card
    origin: dict[str, Any]
    told: Trainable


def begin(chosen: settings.Network, loss: str, window: int | None, *, seed: int = 0) -> Start:
    """The network that `chosen` asks for, ready to be trained with the loss of that name.

    With a checkpoint (a weight file, or a folder such as RUN/best) its weights; else random ones drawn with `seed`, but
    an encoder's are always pre-trained. `window`: samples of a window; None = the card's. A loss with a cosine head
    (OC-softmax, AM-softmax) puts it in the place of the output layer, beginning in that one's directions; single
    logits, more logits and heads are in the card. Raises UsageError for names, arguments, windows or layers that do not
    go together, CheckpointError for weights that are not the model's, MissingExtraError for an absent library.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network, card, origin, random = _network(chosen)
        network, card = _with_head(network, card, loss)
        network, card = _for_window(network, card, window, changed=bool(chosen.arguments))
        example = example_of(card.window)
        if wants_lora(chosen.trainable):
            targets = tuple(chosen.lora_targets)
            add_lora(network, rank=chosen.lora_rank, alpha=chosen.lora_alpha, targets=targets, example=example)
    if chosen.gradient_checkpointing:
        _checkpoint_gradients(network, card)
    told = select(network, chosen.trainable, example)
    return Start(network, card, origin, _with_remarks(told, random, chosen.trainable))


def _network(chosen: settings.Network) -> tuple[nn.Module, Card, dict[str, Any], str]:
    """The network in train mode, its card, what it started from, and the part of it that is random, "" or a name."""
    path = Path(chosen.checkpoint).expanduser() if chosen.checkpoint else None
    card, where = _card(chosen, path)
    if path is not None:
        read = read_checkpoint(path)
        try:
            network = build(card, read.state, str(path), read.settings)
        except (TypeError, ValueError, KeyError, RuntimeError) as error:  # from a folder's arguments that nothing takes
            raise CheckpointError(f"{path}: its network cannot be built ({one_line(error, 120)})") from None
        network = network._apply(torch.clone)  # the file may be mapped, and may be one that this run writes anew
        return network.train(), card, {"model": card.name, **_origin(path)}, ""
    origin: dict[str, Any] = {"model": card.name}
    try:
        if where:
            return build_untrained(card, where).train(), card, origin | {"encoder": where}, "back_end"
        return network_of(card).train(), card, origin, "all"
    except TruevoiceError:
        raise
    except (TypeError, ValueError, KeyError, IndexError, AssertionError, RuntimeError) as error:
        raise UsageError(f"{card.name}: cannot be built with these arguments ({one_line(error, 120)})") from None


def _origin(path: Path) -> dict[str, Any]:
    """Name, size and sha256 of the weights; of a folder that was trained here, also what those came from."""
    config = read_config(path) if is_converted(path) else {}
    if config.get("training") is None:
        return origin_of(path)
    weights = config["weights"]
    return {"file": path.name, "bytes": weights["bytes"], "sha256": weights["sha256"], "before": config.get("origin")}


def _card(chosen: settings.Network, path: Path | None) -> tuple[Card, str]:
    """The card with the arguments that were asked for, and where the pre-trained encoder lies, "" for none."""
    named = find_card(chosen.model) if chosen.model else None
    if path is not None and is_converted(path):
        card = card_of(read_config(path), path)
        if named is not None and named.name != card.name:
            raise CheckpointError(f"{path}: is of {card.name}, not of {named.name}; pass --model {card.name}")
        named = card
    if named is None:
        raise UsageError("which model? --model names one of 'truevoice models'")
    if named.network is None:
        raise UsageError(f"{named.name} is an ONNX graph alone; it has no network to train")
    if chosen.encoder and path is not None:
        raise UsageError("--encoder is for a new detector; --checkpoint holds its own encoder")
    on_encoder = named.front_end is not None and named.front_end.kind in KINDS
    where = chosen.encoder
    if named.name.startswith(OF_PARTS) and path is None:
        if where:
            raise UsageError(f"{named.name} names its encoder already; leave --encoder out")
        where = card_of_parts(named.name)[0]
    if where and not on_encoder:
        raise UsageError(f"{named.name} does not take the features of a self-supervised encoder")
    if on_encoder and path is None and not where:
        raise UsageError(
            f"{named.name} stands on a pre-trained encoder: name it with --encoder (a Hub id such as "
            "facebook/wav2vec2-xls-r-300m, a folder, a fairseq file), or a whole detector with --checkpoint"
        )
    return replace(named, arguments={**named.arguments, **checked_arguments(named, chosen.arguments)}), where


def _with_head(network: nn.Module, card: Card, loss: str) -> tuple[nn.Module, Card]:
    """The network and its card with the output that the loss needs."""
    if card.head and card.head != loss:
        raise UsageError(f"{card.name} here ends with the head of {card.head}: train it on with --loss {card.head}")
    if card.head:
        return network, card
    try:
        outputs = outputs_of(network.get_submodule(output_layer(network)))
    except ValueError as error:
        raise UsageError(f"{card.name} cannot be trained: {error}") from None
    if outputs == 1:
        card = replace(card, bonafide_index=0, log_odds=False)
    if loss not in HEADS:
        return network, card
    decides = getattr(network, "back_end", network)
    if getattr(decides, "log_probabilities", False):  # a soft-max of cosines is none
        decides.log_probabilities = False
        card = replace(card, arguments={**card.arguments, "log_probabilities": False})
    put_head(decides, loss, card.bonafide_index)
    if loss == OC_SOFTMAX:
        card = replace(card, bonafide_index=0, log_odds=False)
    else:
        card = replace(card, bonafide_index=card.bonafide_index if outputs == 2 else 1, log_odds=True)
    return network, replace(card, head=loss, score=SCORES[loss])


def _for_window(network: nn.Module, card: Card, window: int | None, *, changed: bool) -> tuple[nn.Module, Card]:
    """The card with this window, once the network is found to hear it."""
    if window is None or window == card.window:
        if changed:
            _check_hears(network, card)
        return network, card
    if window < card.shortest_window:
        raise UsageError(f"{card.name} needs windows of at least {card.shortest_window} samples, not {window}")
    card = replace(card, window=window)
    _check_hears(network, card)
    return network, card


def _check_hears(network: nn.Module, card: Card) -> None:
    network.eval()
    try:
        with torch.no_grad():
            network(example_of(card.window))
    except (ValueError, RuntimeError, IndexError, UsageError) as error:
        raise UsageError(
            f"{card.name}: does not hear windows of {card.window} samples so ({one_line(error, 120)})"
        ) from None
    finally:
        network.train()


def _checkpoint_gradients(network: nn.Module, card: Card) -> None:
    """transformers' own switch, in the form that does not ask for gradients at the encoder's input."""
    encoder: Any = getattr(getattr(network, "front_end", None), "model", None)
    switches = ("activation_checkpointing_enable", "gradient_checkpointing_enable")  # the newer name first
    switch = next((getattr(encoder, name) for name in switches if hasattr(encoder, name)), None)
    if switch is None:
        raise UsageError(f"--gradient-checkpointing is for self-supervised encoders; {card.name} has none")
    switch({"use_reentrant": False})


def _with_remarks(told: Trainable, random: str, spec: str) -> Trainable:
    """A word where weights that are random will stay so."""
    if not random or any(word == "all" for word in words_of(spec)):
        return told
    place = "the back-end" if random == "back_end" else "the network"
    inside = [name for name in told.frozen if random == "all" or name.startswith("back_end")]
    if not inside:
        return told
    more = "; add back_end to --trainable" if random == "back_end" else ""
    remark = f"note: {place} begins with random weights, and not all of it learns{more}"
    return replace(told, remarks=(*told.remarks, remark))
