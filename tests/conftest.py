"""Shared fixtures. Reference vectors, published weights and the corpus lie beside the checkout in `../shared`."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import settings

from speech import clips
from truevoice.audio import load_audio

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


@pytest.fixture(scope="session")
def labelled_clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve clips a class in Real/Fake folders. The fakes are dull, which is soon learnt."""
    folder = tmp_path_factory.mktemp("labelled")
    waves = [load_audio(path) for path in clips()]
    for label, width in (("Real", 1), ("Fake", 12)):
        (folder / label).mkdir()
        for number in range(12):
            wave = waves[number % len(waves)]
            start = np.random.default_rng(number).integers(max(1, len(wave) - 32_000))
            piece = np.convolve(wave[start : start + 32_000], np.ones(width) / width, mode="same")
            soundfile.write(folder / label / f"{number}.wav", piece, 16_000)
    return folder
