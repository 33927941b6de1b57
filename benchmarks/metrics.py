"""Figures and bootstrap intervals of a million trials, against scikit-learn in the same process.

    python benchmarks/metrics.py [--trials 1000000] [--rounds 1000] [--repeats 3] [--peer-rounds 3]

The peer does what one would write first: `roc_curve` and a root for the EER, `roc_auc_score`, the minimum over
`roc_curve` for the minDCF, `IsotonicRegression` for the min Cllr; for intervals a loop that draws trials and computes
EER and AUC anew. The peer's loop is measured for a few rounds and extrapolated; ours runs all of them, and gives minDCF
and nine rates at a threshold as well.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import numpy as np
from scipy.optimize import brentq
from sklearn.isotonic import IsotonicRegression
from sklearn.metrics import roc_auc_score, roc_curve

from truevoice.metrics import auc, bootstrap, eer, min_cllr, min_dcf

Classes = tuple[np.ndarray, np.ndarray]


def labelled(bonafide: np.ndarray, spoof: np.ndarray) -> Classes:
    return np.repeat([1, 0], [bonafide.size, spoof.size]), np.concatenate([bonafide, spoof])


def peer_eer(bonafide: np.ndarray, spoof: np.ndarray) -> float:
    far, tpr, _ = roc_curve(*labelled(bonafide, spoof), drop_intermediate=False)
    return brentq(lambda x: 1 - x - np.interp(x, far, tpr), 0, 1)


def peer_auc(bonafide: np.ndarray, spoof: np.ndarray) -> float:
    return roc_auc_score(*labelled(bonafide, spoof))


def peer_min_dcf(bonafide: np.ndarray, spoof: np.ndarray) -> float:
    far, tpr, _ = roc_curve(*labelled(bonafide, spoof))
    return (1.9 * (1 - tpr) + far).min()


def peer_min_cllr(bonafide: np.ndarray, spoof: np.ndarray) -> float:
    labels, scores = labelled(bonafide, spoof)
    weights = np.where(labels == 1, 1 / bonafide.size, 1 / spoof.size)
    p = np.clip(IsotonicRegression(y_min=0, y_max=1).fit(scores, labels, weights).predict(scores), 0, 1)
    with np.errstate(divide="ignore"):
        return weights @ -np.where(labels == 1, np.log2(p), np.log2(1 - p)) / 2


def seconds(run: Callable[[], object]) -> tuple[float, object]:
    started = time.perf_counter()
    result = run()
    return time.perf_counter() - started, result


def line(name: str, own: float, peer: float, note: str) -> None:
    print(f"{name:24} {own:10.3f} s {peer:12.3f} s {peer / own:8.1f} x   {note}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=1_000_000, help="half of them bona fide")
    parser.add_argument("--rounds", type=int, default=1000)
    parser.add_argument("--repeats", type=int, default=3, help="measurements of each figure; the median counts")
    parser.add_argument("--peer-rounds", type=int, default=3, help="bootstrap rounds of the peer that are measured")
    options = parser.parse_args()
    random = np.random.default_rng(0)
    half = options.trials // 2
    bonafide, spoof = random.normal(1, 1, half), random.normal(-1, 1, half)

    print(f"{2 * half:,} trials, median of {options.repeats} measurements in turn")
    print(f"{'':24} {'truevoice':>12} {'scikit-learn':>14} {'ratio':>10}")
    own_total = peer_total = 0.0
    figures = [
        ("EER", lambda: eer(bonafide, spoof)[0], lambda: peer_eer(bonafide, spoof)),
        ("AUC", lambda: auc(bonafide, spoof), lambda: peer_auc(bonafide, spoof)),
        ("minDCF", lambda: min_dcf(bonafide, spoof), lambda: peer_min_dcf(bonafide, spoof)),
        ("min Cllr", lambda: min_cllr(bonafide, spoof), lambda: peer_min_cllr(bonafide, spoof)),
    ]
    for name, ours, peers in figures:
        times = [(seconds(ours), seconds(peers)) for _ in range(options.repeats)]
        own, peer = (statistics.median(pair[k][0] for pair in times) for k in range(2))
        apart = abs(times[0][0][1] - times[0][1][1])
        line(name, own, peer, f"values differ by {apart:.0e}")
        own_total, peer_total = own_total + own, peer_total + peer
    line("all four", own_total, peer_total, "")

    def peer_round() -> None:
        drawn = random.choice(bonafide, half), random.choice(spoof, half)
        peer_eer(*drawn)
        peer_auc(*drawn)

    own, intervals = seconds(lambda: bootstrap(bonafide, spoof, rounds=options.rounds, threshold=0.0))
    peer = statistics.median(seconds(peer_round)[0] for _ in range(options.peer_rounds)) * options.rounds
    note = f"peer extrapolated from {options.peer_rounds} rounds of EER and AUC; ours gives {len(intervals)} intervals"
    line(f"{options.rounds} bootstrap rounds", own, peer, note)


if __name__ == "__main__":
    main()
