"""LoRA: the encoder's weights stay, and low-rank matrices beside them learn; merged into them on saving.

Source: Hu et al., "LoRA: Low-rank adaptation of large language models" (ICLR 2022, arXiv 2106.09685), in the
implementation of the package peft.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn

from truevoice.errors import MissingExtraError, UsageError
from truevoice.training.layers import called_within, encoder_layers, front_end

ADAPTER = "default"  # peft's name of the only one


def add_lora(network: nn.Module, *, rank: int, alpha: int, targets: Sequence[str], example: Tensor) -> None:
    """Puts adapters beside the linear layers of the network's encoder whose names end with one of `targets`.

    At first they change nothing: one of the two matrices is zero. What they add is alpha / rank times their product.
    `example`: (1, T) waves; layers whose weights are read without a call (WavLM's attention) would learn nothing and
    are refused. Raises UsageError for a network without an encoder, targets that are not there, or a rank below 1;
    MissingExtraError without peft.
    """
    try:
        import peft
    except ImportError:
        raise MissingExtraError("LoRA", "train") from None
    if not encoder_layers(network):
        raise UsageError("--trainable lora: adapters go into an encoder, and this network has none")
    if rank < 1 or alpha < 1:
        raise UsageError(f"--lora-rank {rank} and --lora-alpha {alpha} must be 1 or more")
    encoder = network.get_submodule(front_end(network))
    linear = {name for name, module in encoder.named_modules() if isinstance(module, nn.Linear)}
    for target in targets:
        if not any(name == target or name.endswith(f".{target}") for name in linear):
            kinds = sorted({name.rpartition(".")[2] for name in linear if not name.rpartition(".")[2].isdecimal()})
            raise UsageError(f"--lora-targets {target}: this encoder has no such linear layer; {', '.join(kinds)}")
    if not targets:
        raise UsageError("--lora-targets names no layer")
    needed = {name: one.requires_grad for name, one in encoder.named_parameters()}
    config = peft.LoraConfig(r=rank, lora_alpha=alpha, target_modules=list(targets), lora_dropout=0.0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # on what the encoder's configuration lacks
        peft.inject_adapter_in_model(config, encoder, adapter_name=ADAPTER)
    _restore(encoder, needed)
    _refuse_uncalled(network, example)


def _restore(encoder: nn.Module, needed: dict[str, bool]) -> None:
    """peft freezes all but the adapters; which of the others learn is for `select` to say."""
    for name, parameter in encoder.named_parameters():
        parameter.requires_grad_(needed.get(name.replace(".base_layer.", "."), True))


def _refuse_uncalled(network: nn.Module, example: Tensor) -> None:
    names = {name for name, _ in adapters(network)}
    if idle := sorted(names - called_within(network, example, names)):
        kinds = ", ".join(sorted({name.rpartition(".")[2] for name in idle}))
        raise UsageError(
            f"--lora-targets {kinds}: this encoder reads their weights without calling them, so adapters there would "
            "learn nothing; take intermediate_dense,output_dense"
        )


def adapters(network: nn.Module) -> list[tuple[str, Any]]:
    """The layers that have adapters, by name."""
    if not any(".lora_" in name for name, _ in network.named_parameters()):
        return []
    from peft.tuners.lora import LoraLayer

    return [(name, module) for name, module in network.named_modules() if isinstance(module, LoraLayer)]
