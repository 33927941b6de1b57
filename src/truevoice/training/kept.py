"""What a training keeps: a folder that every command reads with --checkpoint.

It is that of `truevoice convert`, and its configuration says besides what the network learnt from (`training`), what it
started from (`origin`), and how its scores are to be read (`calibration`, `windows`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from torch import Tensor, nn
from torch.nn.utils import parametrize

from truevoice.detectors.calibration import Calibration
from truevoice.detectors.card import Card
from truevoice.errors import UsageError, one_line
from truevoice.models.converted import LARGEST_CONFIG, Source, write_converted
from truevoice.training.lora import adapters
from truevoice.windows import WindowPolicy

RANDOM = "random weights"  # in the place of a file's name
ENOUGH = LARGEST_CONFIG // 2  # bytes; the configuration must stay readable


def write_trained(
    folder: Path,
    network: nn.Module,
    card: Card,
    origin: Mapping[str, Any],
    *,
    calibration: Calibration | None,
    training: Mapping[str, Any],
    windows: WindowPolicy | None = None,
) -> dict[str, Any]:
    """Writes the network and what it is into `folder`; returns the configuration.

    network, card, origin: as `begin` gave them, the network trained (not wrapped); its modes and its place are left as
    they are. LoRA is merged into the weights. training: plain values; its `data`, or that of the settings in it, says
    what was learnt from, and stands in the card. windows: the policy of its validation, where the calibration does not
    say. The configuration comes last, so a folder that has one is whole; to change one in a single step is for the
    caller (`run_folder`). Raises UsageError where the folder cannot be written, the disk full among other reasons.
    """
    kept = replace(
        card,
        figures=(),
        shipped=None,
        weights=None,
        speed="",
        training_data=_learnt_from(training),
        licence=card.licence if origin.get("sha256") else "unknown",
        summary=f"Trained here, from {origin.get('file') or origin.get('encoder') or RANDOM}.",
        parameters=sum(one.numel() for name, one in network.named_parameters() if ".lora_" not in name),
    )
    policy = windows or (calibration.windows if calibration else None)
    more = {
        "training": dict(training),
        "origin": dict(origin),
        "calibration": calibration.to_dict() if calibration else None,
        "windows": policy.to_dict() if policy else None,
    }
    if len(json.dumps(more)) > ENOUGH:
        raise UsageError(f"{folder}: what is to be kept of the training is too long for its configuration")
    return write_converted(folder, network, kept, _source(origin), state=plain_state(network), more=more)


def plain_state(network: nn.Module) -> dict[str, Tensor]:
    """The network's tensors as they are at work: LoRA merged in, weight norms multiplied out.

    The network itself stays as it is.
    """
    state = dict(network.state_dict())
    for name, layer in adapters(network):
        inside = {key: state.pop(key) for key in list(state) if key.startswith(f"{name}.")}
        base = f"{name}.base_layer."
        for key, tensor in inside.items():
            if key.startswith(base):
                state[f"{name}.{key.removeprefix(base)}"] = tensor
        for adapter in layer.active_adapters:
            state[f"{name}.weight"] = state[f"{name}.weight"] + layer.get_delta_weight(adapter).detach()
    for name, module in network.named_modules():
        if parametrize.is_parametrized(module):
            for tensor_name in module.parametrizations:
                inside_key = f"{name}.parametrizations.{tensor_name}."
                for key in [key for key in state if key.startswith(inside_key)]:
                    del state[key]
                state[f"{name}.{tensor_name}"] = getattr(module, tensor_name).detach()
    return state


def scores_of_logits(logits: Tensor, card: Card) -> Tensor:
    """(B, 2) or (B, 1) logits -> (B,) float32 scores, as the torch engine gives them: higher = more bona fide."""
    exact = logits.float()
    scores = exact[:, card.bonafide_index]
    return scores - exact[:, 1 - card.bonafide_index] if card.log_odds else scores


def _learnt_from(training: Mapping[str, Any]) -> str:
    settings = training.get("settings") or {}
    found = training.get("data") or (settings.get("data") or {}).get("data")
    return one_line(found or "unknown")


def _source(origin: Mapping[str, Any]) -> Source:
    """What it started from, in the words of a conversion."""
    file = str(origin.get("file") or origin.get("encoder") or RANDOM)
    return Source(file, int(origin.get("bytes") or 0), str(origin.get("sha256") or ""))
