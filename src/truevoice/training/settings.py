"""What a training run can be asked: one tree of settings, for YAML, for the command line and for Python alike.

The sections' docstrings are the command line's help. `truevoice.training.recipe` reads and writes the tree as YAML.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from truevoice.data.subsets import parse_share
from truevoice.errors import UsageError

BEST_BY = {"eer": False, "loss": False, "auc": True, "accuracy": True}  # figure → whether higher is better


@dataclass(frozen=True)
class Network:
    """The network, what it starts from, and which of its parameters learn.

    Parameters
    ----------
    model
        A name of `truevoice models`, or ssl:ENCODER+BACKEND.
    checkpoint
        Weights to start from: a weight file, or a folder such as RUN/best; none: random ones, but for the encoder's.
    encoder
        Pre-trained encoder for a model that has one: Hub id, folder or fairseq file.
    arguments
        Arguments of the network: channels=1, dropout=0.3.
    trainable
        Which parameters learn: all, none (head only), first:5+last:5, ssl.layers[20-23], a name or pattern
        (GAT_layer_*), lora; several joined by a comma.
    lora_rank
        Rank of LoRA's matrices.
    lora_alpha
        Scale of LoRA's matrices.
    lora_targets
        Which linear layers LoRA goes into, by the end of their names.
    gradient_checkpointing
        Compute activations of the encoder twice, keep them not: slower, much less memory.
    cache_frozen
        Keep the output of a frozen encoder on disk, where nothing random precedes it.
    """

    model: str = ""
    checkpoint: str = ""
    encoder: str = ""
    arguments: dict[str, Any] = field(default_factory=dict)
    trainable: str = "all"
    lora_rank: int = 8
    lora_alpha: int = 16
    lora_targets: tuple[str, ...] = ("q_proj", "v_proj")
    gradient_checkpointing: bool = False
    cache_frozen: bool = False


@dataclass(frozen=True)
class Data:
    """Which recordings are learnt from, which are checked on, and how they are cut.

    Parameters
    ----------
    data
        Labelled set: a folder (Real/Fake, a published set, one with a manifest.csv) or a table with path and label.
    train_splits
        Splits to learn from, by commas (train,val); none: train where the set has it, else all that is not validation.
    val_splits
        Splits to validate on, by commas; none: the set's own validation split, where it has one.
    val_data
        Another labelled set to validate on.
    val_fraction
        Share of the training trials to validate on where nothing else is, stratified, and by speaker where known.
    group_by
        Column whose values are never divided between training and validation; speaker where that is known.
    hold_out
        Values of --hold-out-by (speakers by name) that are wholly held out: a test set of their own.
    hold_out_by
        The column of --hold-out.
    test
        Further labelled sets to measure every epoch, by name.
    split_seed
        Of the division and of the subset; apart from the run's seed, so that runs of several seeds see the same trials.
    subset
        Share of the training trials to learn from (0.1 or 10%); nested: a smaller one lies in every larger one.
    balance
        Draw so that the values of this column (label, attack, source) come equally often.
    crop
        random: a window anywhere in the recording; first: its beginning.
    window
        Samples (64600) or seconds (4s) of a window; none: the model's own.
    windows
        How validation and test recordings are heard: overlap, first or whole; none: as the model's authors do.
    label_map
        What the labels mean: 1=spoof,0=bonafide.
    path_column
        Column with the recordings' paths.
    label_column
        Column with the labels.
    leak_report
        Look for leaks and give-aways before training (leaks.json in the run's folder).
    """

    data: str = ""
    train_splits: str = ""
    val_splits: str = ""
    val_data: str = ""
    val_fraction: float = 0.2
    group_by: str = ""
    hold_out: tuple[str, ...] = ()
    hold_out_by: str = "speaker"
    test: dict[str, str] = field(default_factory=dict)
    split_seed: int = 0
    subset: str = "100%"
    balance: str = ""
    crop: Literal["random", "first"] = "random"
    window: str = ""
    windows: Literal["", "overlap", "first", "whole"] = ""
    label_map: str = ""
    path_column: str = ""
    label_column: str = ""
    leak_report: bool = True


@dataclass(frozen=True)
class Optimiser:
    """How weights move.

    Parameters
    ----------
    optimiser
        adam (weight decay within the gradient) or adamw (apart from it).
    lr
        Learning rate.
    betas
        Decay of the running means of gradient and square.
    weight_decay
        Weight decay.
    schedule
        constant, linear or cosine decay per step, polynomial.
    min_lr
        Where cosine decay ends.
    warmup
        Share of the steps in which the learning rate rises from 0.
    max_grad_norm
        Longest gradient; 0: any.
    average
        none, or ema: what is measured and kept is the running mean of the weights.
    average_decay
        Decay of that running mean per step.
    """

    optimiser: Literal["adam", "adamw"] = "adamw"
    lr: float = 1e-4
    betas: tuple[float, float] = (0.9, 0.999)
    weight_decay: float = 1e-4
    schedule: Literal["constant", "linear", "cosine", "polynomial"] = "constant"
    min_lr: float = 0.0
    warmup: float = 0.0
    max_grad_norm: float = 0.0
    average: Literal["none", "ema"] = "none"
    average_decay: float = 0.995


@dataclass(frozen=True)
class Loss:
    """What is made small.

    Parameters
    ----------
    loss
        Cross-entropy, focal loss, OC-softmax or AM-softmax; the last two put a cosine head on the network.
    class_weights
        none; field: 0.1 for spoof and 0.9 for bona fide, as papers on ASVspoof 2019 do; balanced: by the training
        trials' counts; or two numbers, spoof,bonafide.
    label_smoothing
        Of cross-entropy.
    focal_gamma
        Of the focal loss.
    margin
        Of AM-softmax.
    scale
        Of AM-softmax and OC-softmax.
    oc_margins
        Of OC-softmax: bona fide above the first, spoof below the second.
    """

    loss: Literal["ce", "focal", "oc-softmax", "am-softmax"] = "ce"
    class_weights: str = "none"
    label_smoothing: float = 0.0
    focal_gamma: float = 2.0
    margin: float = 0.2
    scale: float = 20.0
    oc_margins: tuple[float, float] = (0.9, 0.2)


@dataclass(frozen=True)
class Schedule:
    """How long, how large, how exactly, and what is kept.

    Parameters
    ----------
    epochs
        Passes over the training trials.
    batch_size
        Trials a step, over all processes.
    accumulate
        Parts that a batch is computed in.
    precision
        float32, or bf16: mixed.
    device
        auto, cpu, cuda, mps.
    workers
        Processes that decode and augment; 0: none of their own.
    seed
        Of weights, order, crops and augmentation.
    deterministic
        The same bits on the same machine, also on a GPU.
    drop_last
        Leave the last, smaller batch of an epoch out.
    save_every
        Steps between checkpoints, besides one at the end of every epoch; 0: none.
    best_by
        Figure of validation by which best/ is chosen.
    patience
        Epochs without a better one after which training stops; 0: never.
    eval_batch_size
        Windows a batch in validation; 0: as in training.
    fsdp
        Shard parameters, gradients and optimiser over the GPUs (torchrun); for front-ends of a billion parameters.
    """

    epochs: int = 10
    batch_size: int = 32
    accumulate: int = 1
    precision: Literal["float32", "bf16"] = "float32"
    device: str = "auto"
    workers: int = 0
    seed: int = 0
    deterministic: bool = True
    drop_last: bool = True
    save_every: int = 0
    best_by: Literal["eer", "auc", "loss", "accuracy"] = "eer"
    patience: int = 0
    eval_batch_size: int = 0
    fsdp: bool = False


@dataclass(frozen=True)
class Settings:
    """All of a run. `augment`: the steps of `truevoice.augment.Chain.from_list`, in order."""

    network: Network = field(default_factory=Network)
    data: Data = field(default_factory=Data)
    augment: tuple[dict[str, Any], ...] = ()
    optimiser: Optimiser = field(default_factory=Optimiser)
    loss: Loss = field(default_factory=Loss)
    schedule: Schedule = field(default_factory=Schedule)

    def check(self) -> None:
        """Raises UsageError, one line, for values that cannot be meant."""
        wrong = [
            (not self.network.model and not self.network.checkpoint,
             "which model? --model names one of 'truevoice models'"),
            (not self.data.data, "which recordings? --data names a folder or a table"),
            (self.schedule.epochs < 1, "--epochs must be 1 or more"),
            (self.schedule.batch_size < 1, "--batch-size must be 1 or more"),
            (self.schedule.accumulate < 1, "--accumulate must be 1 or more"),
            (self.schedule.batch_size % max(1, self.schedule.accumulate) != 0,
             "--accumulate must divide --batch-size"),
            (not 0 < self.optimiser.lr < float("inf"), "--lr must be above 0"),
            (not all(0 <= beta < 1 for beta in self.optimiser.betas), "--betas lie from 0 to below 1"),
            (not 0 <= self.optimiser.weight_decay < float("inf"), "--weight-decay must be 0 or more"),
            (not 0 <= self.optimiser.max_grad_norm < float("inf"), "--max-grad-norm must be 0 or more; 0: any"),
            (not 0 <= self.optimiser.min_lr < self.optimiser.lr, "--min-lr lies from 0 to below --lr"),
            (not 0 <= self.optimiser.warmup < 1, "--warmup is a share of the steps, from 0 to below 1"),
            (not 0 < self.optimiser.average_decay < 1, "--average-decay lies between 0 and 1"),
            (not 0 < self.data.val_fraction < 1, "--val-fraction lies between 0 and 1"),
            (min(self.schedule.seed, self.data.split_seed) < 0, "--seed and --split-seed are whole numbers from 0"),
            (min(self.schedule.workers, self.schedule.save_every, self.schedule.patience,
                 self.schedule.eval_batch_size) < 0, "--workers, --save-every, --patience: 0 or more"),
        ]  # fmt: skip
        for is_wrong, words in wrong:
            if is_wrong:
                raise UsageError(words)
        parse_share(self.data.subset)
