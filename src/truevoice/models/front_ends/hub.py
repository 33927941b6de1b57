"""Pre-trained encoders from the Hugging Face Hub, from a folder, or from fairseq's own file: what training begins with.

The Hub's own conventions hold: its cache, `HF_HOME`, `HF_TOKEN`, and `HF_HUB_OFFLINE` where nothing may be fetched.
"""

from __future__ import annotations

import logging
import os
import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from torch import nn

from truevoice.errors import CheckpointError, UsageError, one_line
from truevoice.models.build import NetworkCard, bare_encoder, network_of
from truevoice.models.checkpoint import read_checkpoint
from truevoice.models.front_ends.encoder import KINDS, QUIET, SpeechEncoder, attention, import_transformers
from truevoice.models.front_ends.whisper_encoder import WhisperEncoder
from truevoice.models.speech_detector import SpeechDetector


def build_untrained(card: NetworkCard, where: str) -> nn.Module:
    """A detector to be trained: the encoder that lies at `where` and the back-end of `card` with random weights.

    Raises as `open_encoder` does, and UsageError for a card whose network takes no encoder's features.
    """
    if card.front_end is None or card.front_end.kind not in KINDS:
        raise UsageError(f"{card.name} does not take the features of a self-supervised encoder")
    front_end = open_encoder(where, normalise=card.front_end.normalise)
    return SpeechDetector(front_end, network_of(card, front_end))


def open_encoder(where: str, *, normalise: bool = False) -> SpeechEncoder | WhisperEncoder:
    """The encoder at `where`: a fairseq or safetensors file, a folder as `save_pretrained` writes it, or a Hub id.

    Raises CheckpointError where it is not there, damaged or not whole, UsageError for a model that is no wav2vec 2.0,
    HuBERT, WavLM or Whisper, MissingExtraError without transformers.
    """
    where = os.path.expanduser(where)
    if os.path.isfile(where):  # unlike Path's, it takes any name
        read = read_checkpoint(Path(where))
        return SpeechEncoder.from_state(
            bare_encoder(read.state) or read.state, where, normalise=normalise, settings=read.settings
        )
    if where.startswith((".", "/", "~")) and not os.path.isdir(where):
        raise CheckpointError(f"{where}: no such file or folder")
    transformers = import_transformers()
    with _quiet(transformers), _one_line(where):
        config = transformers.AutoConfig.from_pretrained(where, trust_remote_code=False)
        if config.model_type not in (*KINDS, "whisper"):
            raise UsageError(
                f"{where}: is a {config.model_type} model; as an encoder serve {', '.join(KINDS)}, whisper"
            )
        config.update(QUIET)
        model, told = transformers.AutoModel.from_pretrained(
            where,
            config=config,
            dtype=torch.float32,
            attn_implementation=attention(config.model_type),
            output_loading_info=True,
            trust_remote_code=False,  # a model's own code is never run
        )
    if lacking := sorted(told["missing_keys"]):
        raise CheckpointError(one_line(f"{where}: lacks {', '.join(lacking[:3])} ({len(lacking)} in all); not whole"))
    unused = tuple(sorted(told["unexpected_keys"]))
    if config.model_type == "whisper":
        decoder = tuple(f"decoder.{key}" for key in model.decoder.state_dict())
        return WhisperEncoder(model.encoder.eval(), unused=(*unused, *decoder))
    return SpeechEncoder(model.eval(), normalise=normalise, unused=unused)


@contextmanager
def _one_line(where: str) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError, RuntimeError, SafetensorError, pickle.UnpicklingError) as error:
        raise CheckpointError(_not_there(where, error)) from None


def _not_there(where: str, error: Exception) -> str:
    if os.path.isdir(where):
        return f"{where}: holds no encoder that can be read (config.json and model.safetensors): {one_line(error, 120)}"
    if os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "ON", "YES", "TRUE"):
        return f"{where}: is not in the Hub's cache, and HF_HUB_OFFLINE is set; unset it, or name a folder"
    return (
        f"{where}: cannot be had from the Hugging Face Hub ({one_line(error, 120)}); check the name and the "
        "connection, or download it elsewhere and name its folder"
    )


@contextmanager
def _quiet(transformers: Any) -> Iterator[None]:
    """Hides transformers' remarks on loading, and the Hub's on trying again: what they say is told in one line."""
    logs, hub = transformers.utils.logging, logging.getLogger("huggingface_hub")
    level, hub_level, bars = logs.get_verbosity(), hub.level, logs.is_progress_bar_enabled()
    logs.set_verbosity_error()
    hub.setLevel(logging.CRITICAL)
    logs.disable_progress_bar()
    try:
        yield
    finally:
        logs.set_verbosity(level)
        hub.setLevel(hub_level)
        if bars:
            logs.enable_progress_bar()
