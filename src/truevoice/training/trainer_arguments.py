"""Our settings in the words of transformers.TrainingArguments and of PyTorch's optimisers."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import torch
from torch import nn
from transformers import TrainingArguments

from truevoice.detectors.torch_engine import present_device
from truevoice.errors import UsageError
from truevoice.training.processes import world
from truevoice.training.settings import Optimiser, Settings


def check_machine(settings: Settings) -> torch.device:
    """The device to train on. Raises UsageError for what this machine or this way of starting does not allow."""
    device = torch.device(present_device(settings.schedule.device))
    if device.index is not None:
        raise UsageError(
            f"--device {settings.schedule.device}: training takes cpu, cuda or mps; CUDA_VISIBLE_DEVICES="
            f"{device.index} chooses a GPU"
        )
    if settings.schedule.fsdp and device.type != "cuda":
        raise UsageError("--fsdp shards over GPUs, and this machine has none (or --device is another); leave it out")
    if settings.schedule.fsdp and world() < 2:
        raise UsageError("--fsdp shards over several processes: torchrun --nproc-per-node GPUS -m truevoice train …")
    if settings.schedule.fsdp and settings.optimiser.average == "ema":
        raise UsageError("--fsdp and --average ema do not go together: the mean would need the whole network again")
    return device


def training_arguments(settings: Settings, folder: Path, device: torch.device, steps: int) -> TrainingArguments:
    """steps: of an epoch. What Trainer would decide about data, devices and files by itself is told here."""
    optimiser, schedule = settings.optimiser, settings.schedule
    kind, extra = _schedule(optimiser)
    arguments = TrainingArguments(
        output_dir=str(folder),
        num_train_epochs=schedule.epochs,
        gradient_accumulation_steps=schedule.accumulate,
        learning_rate=optimiser.lr,
        lr_scheduler_type=kind,
        lr_scheduler_kwargs=extra,
        warmup_steps=round(optimiser.warmup * steps * schedule.epochs),
        max_grad_norm=optimiser.max_grad_norm,
        seed=schedule.seed,
        use_cpu=device.type == "cpu",
        ddp_backend=("gloo" if device.type == "cpu" else "nccl") if world() > 1 else None,
        ddp_find_unused_parameters=world() > 1,  # checkpoints have such, like the norms of AASIST's blocks
        fsdp="full_shard" if schedule.fsdp else None,
        fsdp_config={"state_dict_type": "FULL_STATE_DICT"} if schedule.fsdp else None,
        eval_strategy="epoch",
        save_strategy="epoch",
        logging_strategy="steps",
        logging_steps=1,
        logging_nan_inf_filter=False,
        remove_unused_columns=False,
        average_tokens_across_devices=False,
        report_to=[],
        disable_tqdm=True,
        log_level="error",
        log_level_replica="error",
    )
    if device.type == "cuda" and world() == 1:
        arguments.device  # noqa: B018  # settles the devices, so that the next line is not undone
        arguments._n_gpu = 1  # one process drives one GPU; several are torchrun's, not DataParallel's
    return arguments


def _schedule(optimiser: Optimiser) -> tuple[str, dict[str, float]]:
    if optimiser.schedule == "constant":
        return ("constant_with_warmup" if optimiser.warmup else "constant"), {}
    if optimiser.schedule == "cosine" and optimiser.min_lr:
        return "cosine_with_min_lr", {"min_lr": optimiser.min_lr}
    if optimiser.schedule == "polynomial":
        return "polynomial", {"lr_end": optimiser.min_lr or min(1e-7, optimiser.lr / 10)}
    return optimiser.schedule, {}


def make_optimiser(
    parameters: Iterable[nn.Parameter], settings: Optimiser, device: torch.device
) -> torch.optim.Optimizer:
    """Adam or AdamW over the parameters that learn, weight decay on all of them, as the field's recipes have it."""
    kind = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[settings.optimiser]
    learning = [parameter for parameter in parameters if parameter.requires_grad]
    return kind(
        learning,
        lr=settings.lr,
        betas=settings.betas,
        weight_decay=settings.weight_decay,
        fused=device.type in ("cpu", "cuda"),
    )
