"""The engine that runs a network with PyTorch, on CPU or accelerator. Importing this file needs no torch."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from truevoice.detectors.card import Card
from truevoice.errors import MissingExtraError, UsageError

if TYPE_CHECKING:
    import torch
    from torch import nn

# Windows in one call of the network: enough to fill an accelerator, few enough to bound the memory.
CHUNK = {"cpu": 4, "mps": 16, "cuda": 32}
CHUNK_ON_ENCODER = 2  # on a CPU: of more windows, the tensors between two products leave the cache


class TorchEngine:
    """Scores windows with a loaded network; thread-safe to the extent that the network's forward is.

    On a CPU a network that offers `for_cpu` runs in that form on `torch.get_num_threads()` threads of its own: as many
    windows at a time as there are threads, and the tiles of a window on all of them when fewer windows are left. One
    that offers `quicken` is put into its fastest form of `precision` before its first run.
    """

    name = "torch"
    window: int | None = None  # any length that the network takes

    def __init__(
        self, network: nn.Module, *, bonafide_index: int = 1, log_odds: bool = False, device: str = "cpu"
    ) -> None:
        import torch

        self.device = device
        self._place = torch.device(device)
        self.precision = "float32"
        self._quick = False
        self._quicken_lock = threading.Lock()
        self._bonafide_index = bonafide_index
        self._log_odds = log_odds
        self._kind = torch.device(device).type
        self._pool: ThreadPoolExecutor | None = None
        self._pool_owner = os.getpid()
        self._workers = 1
        self._chunk = CHUNK_ON_ENCODER if self._kind == "cpu" and hasattr(network, "quicken") else CHUNK[self._kind]
        for_cpu: Callable[[], nn.Module] | None = getattr(network, "for_cpu", None)
        if self._kind == "cpu" and for_cpu:
            self._network = for_cpu()
            self._workers = torch.get_num_threads()
            self._pool = _single_threaded_pool(self._workers)
        else:
            self._network = network.to(device).eval()
        self.batch_size = max(CHUNK[self._kind], self._workers)

    def use(self, precision: str) -> None:
        """Computes in this one of `truevoice.models.precision.PRECISIONS` from now on; before the first run.

        Raises UsageError where the network has no such form. `device` names any precision but float32.
        """
        with self._quicken_lock:
            if precision == "float32" and not self._quick:
                return
            if self._quick or not self._quickened(precision):
                raise UsageError(f"precision {precision} is not there for this network on device {self.device}")
            self.precision, self._quick = precision, True
            self.device = f"{self.device}/{precision}"

    def _quickened(self, precision: str) -> bool:
        quicken: Callable[[str, str], bool] | None = getattr(self._network, "quicken", None)
        return quicken is not None and quicken(self._kind, precision)

    def run(self, windows: np.ndarray) -> np.ndarray:
        """(B, T) float32 waveforms -> (B,) float32 scores, higher = more bona fide."""
        import torch

        if not len(windows):
            return np.zeros(0, np.float32)
        with self._quicken_lock:
            if not self._quick:
                self._quickened("float32")
                self._quick = True
        waves = torch.from_numpy(np.array(windows, dtype=np.float32))  # a copy: windows are read-only views of the wave
        if self._pool and self._pool_owner != os.getpid():  # threads do not survive a fork
            self._pool, self._pool_owner = _single_threaded_pool(self._workers), os.getpid()
        with torch.inference_mode(), _exact_float32():
            parts = self._run_tiled(waves) if self._pool else self._run_chunks(waves)
            logits = torch.cat(parts).float()
            scores = logits[:, self._bonafide_index]
            if self._log_odds:
                scores = scores - logits[:, 1 - self._bonafide_index]
            return scores.cpu().numpy()

    def _run_chunks(self, waves: torch.Tensor) -> list[torch.Tensor]:
        if self._kind == "cuda":  # from pinned memory the next chunk travels while the last one is computed
            waves = waves.pin_memory()
        chunks = waves.split(self._chunk)
        return [self._network(chunk.to(self._place, non_blocking=self._kind == "cuda")) for chunk in chunks]

    def _run_tiled(self, waves: torch.Tensor) -> list[torch.Tensor]:
        together = len(waves) - len(waves) % self._workers
        parts = list(self._map(self._network, waves[:together].split(1))) if together else []
        return parts + [self._network(wave, self._map) for wave in waves[together:].split(1)]

    def _map(self, function: Callable[..., Any], *arguments: Iterable[Any]) -> Iterable[Any]:
        """The pool's `map`; inference mode is a thread's own, so each call enters it anew."""
        import torch

        assert self._pool is not None
        return self._pool.map(torch.inference_mode()(function), *arguments)


@contextlib.contextmanager
def _exact_float32() -> Iterator[None]:
    """No TF32 and no bfloat16 within float32, whatever the program has asked for: published scores have none."""
    import torch

    asked = torch.get_float32_matmul_precision()
    if asked != "highest":
        torch.set_float32_matmul_precision("highest")
    try:
        with torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
            yield
    finally:
        if asked != "highest":
            torch.set_float32_matmul_precision(asked)


def open_torch(card: Card, checkpoint: Path, device: str = "auto") -> TorchEngine:
    """An engine for the network of `card` with the weights in the file `checkpoint`.

    `device` is "auto" (the first of cuda, mps, cpu that is there), "cpu", "cuda", "cuda:N" or "mps". Raises
    `MissingExtraError` without torch, `UsageError` for a device that is not there or a card without a network,
    `CheckpointError` for weights that do not fit.
    """
    # Weights in pages of two megabytes are read a sixth faster; PyTorch asks for them when it first needs memory.
    os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")
    chosen = _checked(card, device)
    network = _load_network(card, checkpoint)
    return TorchEngine(network, bonafide_index=card.bonafide_index, log_odds=card.log_odds, device=chosen)


def export_checkpoint(card: Card, checkpoint: Path, target: Path) -> None:
    """Writes the network of `card` with the weights in `checkpoint` as an ONNX graph for the core's own engine.

    `target` appears whole or not at all. Raises as `open_torch` does, and `MissingExtraError` without the extra
    "export".
    """
    _checked(card, "cpu")
    from truevoice.models.export import export_onnx

    network = _load_network(card, checkpoint)
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{target.name}.{os.getpid()}.part")
    export_onnx(network, part, window=card.window, bonafide_index=card.bonafide_index, log_odds=card.log_odds)
    part.replace(target)


def _load_network(card: Card, checkpoint: Path) -> nn.Module:
    from truevoice.models.build import build
    from truevoice.models.checkpoint import read_checkpoint

    read = read_checkpoint(checkpoint)
    network = build(card, read.state, str(checkpoint), read.settings)
    fold: Callable[[], None] | None = getattr(network, "fold", None)
    if fold:
        fold()
    return network


def _checked(card: Card, device: str) -> str:
    """The device to use; raises where torch, the network or the device is not there."""
    try:
        import safetensors  # noqa: F401
        import torch  # noqa: F401
    except ImportError:
        raise MissingExtraError(f"the detector {card.name}", "torch") from None
    if card.front_end and card.front_end.is_encoder and find_spec("transformers") is None:
        raise MissingExtraError(f"the detector {card.name}", "ssl")
    if card.network is None:
        raise UsageError(f"{card.name} is an ONNX graph alone; it has no network for the torch engine")
    return present_device(device)


def present_device(asked: str) -> str:
    import torch

    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if asked == "auto":
        return next(kind for kind, present in there.items() if present)
    kind, _, number = asked.partition(":")
    if kind not in there or (number and (kind != "cuda" or not number.isdecimal())):
        raise UsageError(f"device '{asked}' is not known; choose auto, cpu, cuda, cuda:N or mps")
    if not there[kind]:
        raise UsageError(f"device '{asked}' is not present on this machine, or torch was built without it; use cpu")
    if number and int(number) >= (count := torch.cuda.device_count()):
        raise UsageError(f"device '{asked}' is not present: this machine has {count} (cuda:0 to cuda:{count - 1})")
    return asked


def _single_threaded_pool(workers: int) -> ThreadPoolExecutor:
    """Threads whose PyTorch operations stay on one core each, as the parallelism here lies between operations.

    `torch.set_num_threads` acts on the calling thread and on threads begun later; the caller's setting is restored.
    """
    import torch

    before = torch.get_num_threads()
    all_started = threading.Barrier(workers)

    def settle(_: int) -> None:
        torch.set_num_threads(1)
        all_started.wait()

    pool = ThreadPoolExecutor(workers, thread_name_prefix="truevoice-torch")
    list(pool.map(settle, range(workers)))
    torch.set_num_threads(before)
    return pool
