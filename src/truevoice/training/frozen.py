"""The output of a frozen front-end, worked out once for each trial and kept on disk: what a run spends most time on.

Only whole front-ends are kept: the encoder of a `SpeechDetector`, that of the Whisper repository's networks with their
cepstra, and the log-mel spectrogram of mel-cnn. They are worked out in float32, whatever the precision of the training.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from truevoice.errors import TruevoiceError, one_line
from truevoice.files import replace_file
from truevoice.models.front_ends.spectral_maps import spectral_maps
from truevoice.models.mel_cnn import MelCNN
from truevoice.models.speech_detector import SpeechDetector
from truevoice.training.layers import front_end
from truevoice.training.recordings import UndecodableError
from truevoice.training.trainable import example_of

ROOM = 1.1  # of what the cache will take, that must be free
OF_ENCODERS = ("layers", "states")  # features whose first axis is the encoder's layers, not the batch
Wave = NDArray[np.float32]


def why_not(network: nn.Module, *, augmented: bool, crop: str) -> str:
    """Why the front-end's output may not be kept; "" where it may.

    `network`: as `begin` gives it. augmented: whether any step of augmentation changes what it hears; crop: "first" or
    "random".
    """
    if augmented:
        return "augmentation precedes it: each epoch hears something else"
    if crop != "first":
        return "windows lie at random: only with --crop first is a trial the same in each epoch"
    if not isinstance(network, SpeechDetector | MelCNN) and not front_end(network):
        return f"{type(network).__name__} has no front-end of its own"
    learns = [
        name for name, one in network.named_parameters() if one.requires_grad and name.startswith(_front(network))
    ]
    if learns:
        return f"the front-end learns ({learns[0]})"
    return ""


def _front(network: nn.Module) -> tuple[str, ...]:
    """What the names of the front-end's parameters begin with."""
    if isinstance(network, SpeechDetector):
        return ("front_end.",)
    return ("features.",) if isinstance(network, MelCNN) else ("whisper_model.", "cepstra.")


class AfterFrontEnd(nn.Module):
    """The rest of a network: features, one row for each trial (B, ...), -> logits. It holds the network's own layers,
    so what learns here learns there."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network
        self._layers_first = isinstance(network, SpeechDetector) and network.takes in OF_ENCODERS

    def forward(self, features: Tensor) -> Tensor:
        network: Any = self.network
        if isinstance(network, SpeechDetector):
            return network.back_end(features.transpose(0, 1) if self._layers_first else features)
        return network.classify(features)


class FrozenFeatures:
    """The front-end's output by trial, in `folder`. A killed run leaves whole files, and goes on with them.

    network: one that `why_not` has nothing against; where it lies, features are worked out. Files are named by the
    front-end's weights and the trial's key, so other weights never read these.
    """

    def __init__(self, network: nn.Module, folder: Path) -> None:
        self.network = network
        self.folder = folder
        self.rest = AfterFrontEnd(network)
        self._identity = _identity(network)

    def features(self, key: str, wave: Wave | Callable[[], Wave]) -> Tensor:
        """The features (...) float32 of one trial on the CPU; worked out where they are not there yet.

        key: what tells the trial's content apart, as `content_key` gives it. wave: its window (T,), or what decodes
        it, called only where it is needed. Raises TruevoiceError where they cannot be written.
        """
        path = self._path(key)
        try:
            return torch.from_numpy(np.load(path, allow_pickle=False))
        except (OSError, ValueError, EOFError):  # absent, or damaged: then they are worked out again
            pass
        found = self._heard(wave() if callable(wave) else wave)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            replace_file(path, _npy(found.numpy()))
        except OSError as error:
            raise TruevoiceError(
                f"{path.parent}: cannot be written ({error.strerror or one_line(error)}); "
                "make room, or leave --cache-frozen out"
            ) from None
        return found

    def of_recording(self, source: str, window: int, wave: Callable[[], Wave]) -> Tensor:
        """As `features`, of the first `window` samples of a file, which `wave` decodes. Raises UndecodableError too."""
        try:
            key = content_key(Path(source), window)
        except OSError as error:
            raise UndecodableError(error.strerror or "cannot be read") from None
        return self.features(key, wave)

    def has(self, key: str) -> bool:
        return self._path(key).exists()

    def bytes_of_a_trial(self, window: int) -> int:
        """How much one trial's features take, for windows of `window` samples."""
        return self._heard(example_of(window)[0].numpy()).numel() * 4 + 128

    def told(self, sources: Iterable[str], window: int) -> str:
        """What the first windows of these files will take on disk, in one line; files that cannot be read do not count.

        Raises TruevoiceError where there is not that much room.
        """
        keys = set()
        for source in sources:
            with contextlib.suppress(OSError):
                keys.add(content_key(Path(source), window))
        missing = sum(not self.has(key) for key in keys)
        each = self.bytes_of_a_trial(window)
        place = next(one for one in (self.folder, *self.folder.parents) if one.exists())
        free = shutil.disk_usage(place).free
        words = f"{len(keys):,} windows, {each / 1e6:.2f} MB each, {len(keys) * each / 1e9:.2f} GB in {self.folder}"
        if missing * each * ROOM > free:
            raise TruevoiceError(
                f"--cache-frozen: {words}, and {free / 1e9:.2f} GB are free; leave it out, or free some room"
            )
        return f"output of the frozen front-end: {words}; {len(keys) - missing:,} are there"

    def _path(self, key: str) -> Path:
        name = hashlib.blake2b(f"{self._identity} {key}".encode(), digest_size=20).hexdigest()
        return self.folder / name[:2] / f"{name}.npy"

    def _heard(self, wave: Wave) -> Tensor:
        network: Any = self.network
        device = next(network.parameters()).device
        waves = torch.from_numpy(np.array(wave, dtype=np.float32))[None].to(device)
        with torch.no_grad(), torch.autocast(device.type, enabled=False):
            if isinstance(network, SpeechDetector):
                found = network.features(waves)
                row = found[:, 0] if network.takes in OF_ENCODERS else found[0]
            else:
                row = (network.features(waves) if isinstance(network, MelCNN) else spectral_maps(network, waves))[0]
        return row.float().cpu().contiguous()


def content_key(path: Path, window: int) -> str:
    """What tells a recording's first window apart from others: a hash of the file's bytes, and the window's length.

    A file is read once in a process, unless it changes. Raises OSError where it cannot be read.
    """
    stat = os.stat(path)
    return f"{_hash_of(str(path), stat.st_size, stat.st_mtime_ns)} {window}"


@lru_cache(maxsize=2**20)
def _hash_of(path: str, _size: int, _changed: int) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "blake2b").hexdigest()[:40]


def _identity(network: nn.Module) -> str:
    """A hash of all that decides the front-end's output."""
    total = hashlib.blake2b(digest_size=20)
    how = (getattr(network, "takes", ""), getattr(getattr(network, "front_end", None), "normalise", ""))
    total.update(f"{type(network).__name__} {how}".encode())
    for name, tensor in sorted([*network.named_parameters(), *network.named_buffers()], key=lambda one: one[0]):
        if name.startswith(_front(network)):
            total.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}".encode())
            total.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return total.hexdigest()


def _npy(values: NDArray[np.float32]) -> list[bytes]:
    import io

    buffer = io.BytesIO()
    np.save(buffer, values, allow_pickle=False)
    return [buffer.getvalue()]
