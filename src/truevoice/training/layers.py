"""The layers of a network: in which order they are called, and where its encoder and that one's layers are."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

Named = tuple[str, nn.Module]
WHISPER = "whisper_model"  # where the networks of the Whisper repository hold their encoder
# Where an encoder has its transformer layers: transformers' wav2vec 2.0 and its kin, its Whisper, and our own.
STACKS = ("model.encoder.layers", "model.layers", "encoder.blocks")


def front_end(network: nn.Module) -> str:
    """The name of the front-end that has weights of its own; "" where the network has none."""
    for name in ("front_end", WHISPER):
        module = getattr(network, name, None)
        if isinstance(module, nn.Module) and any(True for _ in module.parameters()):
            return name
    return ""


def encoder_layers(network: nn.Module) -> list[str]:
    """The names of the encoder's transformer layers, from the first; none where there is no encoder."""
    name = front_end(network)
    for stack in STACKS if name else ():
        try:
            layers = network.get_submodule(f"{name}.{stack}")
        except AttributeError:
            continue
        return [f"{name}.{stack}.{index}" for index in range(len(layers))]  # type: ignore[arg-type]
    return []


def is_layer(module: nn.Module) -> bool:
    """Whether it is a module with parameters and without modules in it."""
    return not any(True for _ in module.children()) and any(True for _ in module.parameters())


def in_order(network: nn.Module, example: Tensor) -> list[Named]:
    """All modules by name, in the order in which they are first called on `example` (1, T), in eval mode.

    One that is never called stands behind its parent. The network's modes are as before afterwards.
    """
    modules = dict(network.named_modules())
    calls: dict[str, int] = {}
    hooks = [
        module.register_forward_pre_hook(lambda *_, name=name: _noted(calls, name)) for name, module in modules.items()
    ]
    modes = {name: module.training for name, module in modules.items()}
    try:
        network.eval()
        with torch.no_grad():
            network(example.to(_device(network)))
    finally:
        for hook in hooks:
            hook.remove()
        for name, module in modules.items():
            module.training = modes[name]
    places = {name: index for index, name in enumerate(modules)}

    def key(name: str) -> tuple[int, int]:
        nearest = name
        while nearest and nearest not in calls:
            nearest = nearest.rpartition(".")[0]
        return calls.get(nearest, 0), places[name]

    return [(name, modules[name]) for name in sorted(modules, key=key)]


def _noted(calls: dict[str, int], name: str) -> None:
    """Gives nothing: what a hook gives would be taken for the module's input."""
    calls.setdefault(name, len(calls))


def called_within(network: nn.Module, example: Tensor, names: set[str]) -> set[str]:
    """Those of the modules `names` that a run on `example` calls."""
    calls: set[str] = set()
    hooks: list[Any] = [
        module.register_forward_pre_hook(lambda *_, name=name: calls.add(name))
        for name, module in network.named_modules()
        if name in names
    ]
    training = network.training
    try:
        with torch.no_grad():
            network.eval()(example.to(_device(network)))
    finally:
        network.train(training)
        for hook in hooks:
            hook.remove()
    return calls


def _device(network: nn.Module) -> torch.device:
    return next(network.parameters()).device
