"""RawBoost against the original's arithmetic written plainly in NumPy and SciPy, in the same process.

    python benchmarks/rawboost.py [--samples 64600] [--rounds 41]

The peer designs each notch with `firwin`, finds the gain with `freqz`, filters each branch with `lfilter`, draws value
by value from `numpy.random`, and takes powers with `numpy.power`, as RawBoost.py does. Ours draws from the generator
that training uses. Runs alternate; medians of processor time count. With the peer's draws both give the same output,
which is checked first.
"""

import argparse
import os
import statistics
import time
from collections.abc import Callable

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")  # one worker process of a data loader has one core

import numpy as np  # noqa: E402
from scipy import signal  # noqa: E402

from truevoice.augment.draws import Draws  # noqa: E402
from truevoice.augment.rawboost import RawBoost, rawboost  # noqa: E402

RATE = 16_000


class Plain:
    """The formulas as they stand, one after another; draws from `random`, which has numpy.random's functions."""

    def __init__(self, settings: RawBoost, random: np.random.RandomState) -> None:
        self.settings = settings
        self.random = random

    def draw(self, least: float, most: float) -> float:
        return float(self.random.uniform(least, most, size=1)[0])

    def notches(self, min_g: float, max_g: float) -> np.ndarray:
        s = self.settings
        b = np.ones(1)
        for _ in range(s.n_bands):
            centre, width = self.draw(s.min_f, s.max_f), self.draw(s.min_bw, s.max_bw)
            length = int(self.draw(s.min_coeff, s.max_coeff))
            low, high = centre - width / 2, centre + width / 2
            edges = [low if low > 0 else 0.001, high if high < RATE / 2 else RATE / 2 - 0.001]
            b = np.convolve(signal.firwin(length + 1 - length % 2, edges, window="hamming", fs=RATE), b)
        gain = self.draw(min_g, max_g)
        response = signal.freqz(b, 1, fs=RATE)[1]
        return 10 ** (gain / 20) * b / np.abs(response).max()

    def filtered(self, x: np.ndarray, b: np.ndarray) -> np.ndarray:
        padding = len(b) + 1
        y = signal.lfilter(b, 1, np.pad(x, (0, padding)))
        return y[padding // 2 : len(y) - padding // 2]

    def within_unit(self, x: np.ndarray) -> np.ndarray:
        return x / np.abs(x).max() if np.abs(x).max() > 1 else x

    def convolutive(self, x: np.ndarray) -> np.ndarray:
        s = self.settings
        min_g, max_g, y = s.min_g, s.max_g, np.zeros(len(x))
        for branch in range(s.n_f):
            if branch == 1:
                min_g, max_g = min_g - s.min_bias_lin_non_lin, max_g - s.max_bias_lin_non_lin
            y = y + self.filtered(np.power(x, branch + 1), self.notches(min_g, max_g))
        return self.within_unit(y - y.mean())

    def impulsive(self, x: np.ndarray) -> np.ndarray:
        count = int(len(x) * (self.draw(0, self.settings.p) / 100))
        chosen = self.random.permutation(len(x))[:count]
        factor = (2 * self.random.rand(count) - 1) * (2 * self.random.rand(count) - 1)
        y = x.copy()
        y[chosen] = x[chosen] + self.settings.g_sd * x[chosen] * factor
        return self.within_unit(y)

    def stationary(self, x: np.ndarray) -> np.ndarray:
        s = self.settings
        noise = self.random.normal(0, 1, len(x))
        noise = self.filtered(noise, self.notches(s.min_g, s.max_g))
        noise = noise / np.abs(noise).max()
        snr = self.draw(s.snr_min, s.snr_max)
        return x + noise / np.linalg.norm(noise) * np.linalg.norm(x) / 10 ** (0.05 * snr)

    def __call__(self, x: np.ndarray) -> np.ndarray:
        if self.settings.algorithm == 8:
            return self.within_unit(self.convolutive(x) + self.impulsive(x))
        for step in {1: "c", 2: "i", 3: "s", 4: "cis", 5: "ci", 6: "cs", 7: "is"}[self.settings.algorithm]:
            x = {"c": self.convolutive, "i": self.impulsive, "s": self.stationary}[step](x)
        return x


def milliseconds(run: Callable[[], object]) -> float:
    started = time.thread_time()
    run()
    return 1000 * (time.thread_time() - started)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, default=64_600)
    parser.add_argument("--rounds", type=int, default=41, help="runs of each in turn; the medians count")
    options = parser.parse_args()
    time_axis = np.arange(options.samples) / RATE
    noise = np.random.default_rng(0).normal(0, 0.02, options.samples)
    voice = sum(np.sin(2 * np.pi * 120 * k * time_axis) / k for k in range(1, 20)) * np.sin(2 * np.pi * 2 * time_axis)
    x = (0.25 * voice + noise).astype(np.float32)

    print(f"RawBoost of {options.samples:,} samples, one core, medians of {options.rounds} runs in turn")
    print(f"{'algorithm':>9} {'truevoice':>12} {'plain':>12} {'ratio':>9}   same draws, largest difference")
    ratios = []
    for algorithm in range(1, 9):
        settings = RawBoost(algorithm=algorithm)
        exact = rawboost(x.astype(np.float64), settings, Draws(np.random.RandomState(1)))
        apart = np.abs(exact - Plain(settings, np.random.RandomState(1))(x)).max()
        ours, plain = Draws(np.random.Generator(np.random.SFC64(0))), Plain(settings, np.random.RandomState(0))
        rawboost(x, settings, ours)  # tables are made on the first call
        times = [
            (milliseconds(lambda: rawboost(x, settings, ours)), milliseconds(lambda: plain(x)))  # noqa: B023
            for _ in range(options.rounds)
        ]
        own, peer = (statistics.median(pair[k] for pair in times) for k in range(2))
        ratios.append(peer / own)
        print(f"{algorithm:9} {own:9.2f} ms {peer:9.2f} ms {ratios[-1]:7.1f} x   {apart:.0e}")
    print(f"least ratio {min(ratios):.1f}, median ratio {statistics.median(ratios):.1f}")


if __name__ == "__main__":
    main()
