"""Shared fixtures. Reference vectors, published weights and the corpus lie beside the checkout in `../shared`."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

# No deadlines: how long an example takes says more of the machine's other work than of ours.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

SHARED = Path(__file__).resolve().parents[1] / ".." / "shared"


@pytest.fixture(scope="session")
def shared() -> Callable[[str], Path]:
    """Path of a file under `../shared`; the test is skipped, and says why, where it is absent."""

    def locate(relative: str) -> Path:
        path = SHARED / relative
        if not path.exists() and os.environ.get("TRUEVOICE_REQUIRE_SHARED"):
            pytest.fail(f"../shared/{relative} is missing, and here it is required")
        if not path.exists():
            pytest.skip(f"needs ../shared/{relative}, which is not on this machine")
        return path.resolve()

    return locate


@pytest.fixture(scope="module")
def one_thread() -> Iterator[None]:
    """Kernels that wait for each other on a busy machine make networks several times slower."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def no_gradients() -> Iterator[None]:
    """Networks that are only asked for their output."""
    import torch

    with torch.inference_mode():
        yield
