"""The processes of a run that torchrun starts, seen from one of them. Alone, all of it is trivial."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, TypeVar

import torch
from torch import distributed, nn

from truevoice.errors import TruevoiceError

T = TypeVar("T")
WORKER_DIED = "DataLoader worker"  # in PyTorch's message, which may come at any moment


def rank() -> int:
    """Number of this process, from 0; torchrun tells it before the processes have met."""
    return int(os.environ.get("RANK", "0")) if world() > 1 else 0


def world() -> int:
    """How many processes there are."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def is_main() -> bool:
    """Whether this is the process that writes and talks."""
    return rank() == 0


def gathered(own: T) -> list[T]:
    """What each process has, in the order of their numbers; all must call it."""
    if not _together():
        return [own]
    found: list[Any] = [None] * distributed.get_world_size()
    distributed.all_gather_object(found, own)
    return found


def of_main(own: T) -> T:
    """What the main process has; all must call it."""
    return gathered(own)[0]


def by_main(work: Callable[[], T]) -> T:
    """What `work` gives in the main process, where alone it is done; its TruevoiceError is raised in all."""
    own: T | TruevoiceError | None = None
    if is_main():
        try:
            own = work()
        except TruevoiceError as error:
            own = error
    done = of_main(own)
    if isinstance(done, TruevoiceError):
        raise done
    return done  # type: ignore[return-value]


def share_buffers(*networks: nn.Module) -> None:
    """Brings the buffers of the main process (running means of batch normalisation) to all: each has its own."""
    if not _together():
        return
    with torch.no_grad():
        for network in networks:
            for buffer in network.buffers():
                distributed.broadcast(buffer, 0)


def _together() -> bool:
    return distributed.is_available() and distributed.is_initialized() and distributed.get_world_size() > 1
