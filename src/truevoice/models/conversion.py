"""From a checkpoint that has been read to a converted folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from torch import nn

from truevoice.models.build import build
from truevoice.models.checkpoint import Checkpoint
from truevoice.models.converted import OF_TRAINING, Source, is_converted, origin_of, read_config, write_converted


def convert_checkpoint(card: Any, read: Checkpoint, folder: Path, *, half: bool = False) -> nn.Module:
    """Writes `read`, weights of the detector `card` (a dataclass), into `folder`; gives the network, not yet folded.

    Of a folder that was trained here its calibration comes along, and what it says of its training. Raises
    CheckpointError for weights that are not the card's, and as `write_converted` does.
    """
    network = build(card, read.state, str(read.path), read.settings)
    source = Source(**origin_of(read.path), wrapper=read.wrapper, prefix=read.prefix, unused=read.unused)
    given = read_config(read.path) if is_converted(read.path) else {}
    more = {key: given[key] for key in OF_TRAINING if key in given}
    write_converted(folder, network, card, source, half=half, more=more)
    return network
