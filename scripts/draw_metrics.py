"""Draws the pictures of docs/metrics.md: what each metric means, on small made-up lists of scores.

    python scripts/draw_metrics.py [--out docs/metrics] [--png]

Every curve comes from `truevoice.metrics`, so the pictures show what the package computes. The same call writes the
same bytes. `--png` writes pictures for looking at instead of SVG.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch, Rectangle

from truevoice import metrics as m

INK, QUIET, LINE, PAPER = "#1d2433", "#5d6678", "#dde1e8", "#ffffff"
BONAFIDE, SPOOF, THIRD = "#2b6cb0", "#d95f02", "#1b8a6b"
STYLE = {
    "figure.facecolor": PAPER,
    "savefig.facecolor": PAPER,
    "figure.constrained_layout.use": True,
    "svg.fonttype": "none",
    "svg.hashsalt": "truevoice",
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans", "Verdana", "Arial", "sans-serif"],
    "figure.constrained_layout.w_pad": 0.12,
    "figure.constrained_layout.h_pad": 0.12,
    "font.size": 10,
    "text.color": INK,
    "axes.edgecolor": QUIET,
    "axes.labelcolor": INK,
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": QUIET,
    "ytick.color": QUIET,
    "legend.frameon": False,
    "lines.linewidth": 1.8,
}


def classes(n_bonafide: int = 60, n_spoof: int = 90, seed: int = 4) -> tuple[np.ndarray, np.ndarray]:
    """Normal scores whose log-likelihood ratio is the score itself: means +1.6 and -1.6, variance 3.2."""
    random = np.random.default_rng(seed)
    spread = np.sqrt(3.2)
    return random.normal(1.6, spread, n_bonafide), random.normal(-1.6, spread, n_spoof)


def note(axes: Axes, text: str, at: tuple[float, float], words_at: tuple[float, float], colour: str = INK) -> None:
    """A dot at a point, and words beside it with a thin line between."""
    axes.plot(*at, "o", color=colour, markersize=5.5, zorder=5)
    style = {"arrowstyle": "-", "color": QUIET, "linewidth": 0.8, "shrinkB": 4}
    axes.annotate(text, at, words_at, color=colour, va="center", arrowprops=style, zorder=6)


def scores() -> None:
    _, axes = plt.subplots(figsize=(6.4, 3.2))
    x = np.linspace(-7, 7, 400)
    threshold = 0.9
    for mean, colour, name in ((1.6, BONAFIDE, "bona fide"), (-1.6, SPOOF, "spoof")):
        y = np.exp(-((x - mean) ** 2) / 6.4) / np.sqrt(6.4 * np.pi)
        axes.plot(x, y, color=colour)
        wrong = x < threshold if mean > 0 else x >= threshold
        axes.fill_between(x[wrong], y[wrong], color=colour, alpha=0.25, linewidth=0)
        axes.text(mean * 1.45, 0.235, name, color=colour, ha="center", weight="bold")
    axes.axvline(threshold, color=INK, linewidth=1.2)
    axes.text(threshold + 0.15, 0.283, "threshold", ha="left", va="top")
    axes.text(-5.2, 0.283, "← rejected", color=QUIET, ha="center", va="top")
    axes.text(5.2, 0.283, "accepted →", color=QUIET, ha="center", va="top")
    style = {"arrowstyle": "-", "color": QUIET, "linewidth": 0.8}
    axes.annotate("frr: bona fide\nrejected", (0.1, 0.07), (-5.9, 0.13), color=BONAFIDE, arrowprops=style)
    axes.annotate("far: spoof\naccepted", (1.5, 0.022), (4.6, 0.13), color=SPOOF, arrowprops=style)
    axes.set(xlim=(-7, 7), ylim=(0, 0.29), yticks=[], xlabel="score (higher = more bona fide)")
    axes.spines["left"].set_visible(False)


def roc() -> None:
    bonafide, spoof = classes(25, 35, 1)
    curve, corners = m.roc(bonafide, spoof), m.rocch(bonafide, spoof)
    rate, on_hull = m.eer(bonafide, spoof)[0], m.eer(bonafide, spoof, "convex-hull")[0]
    _, axes = plt.subplots(figsize=(4.6, 4.4))
    axes.fill_between(curve.far, 1 - curve.frr, step=None, color=BONAFIDE, alpha=0.12, linewidth=0)
    axes.plot(curve.far, 1 - curve.frr, color=BONAFIDE)
    axes.plot(corners.far, 1 - corners.frr, "--", color=THIRD, linewidth=1.3)
    axes.plot([0, 1], [1, 0], ":", color=QUIET, linewidth=1.2)
    axes.plot([0, 1], [0, 1], color=LINE, linewidth=1.2)
    note(axes, f"EER {rate:.3f}: frr = far", (rate, 1 - rate), (0.36, 0.72))
    note(axes, f"on the convex hull: {on_hull:.3f}", (on_hull, 1 - on_hull), (0.36, 0.88), THIRD)
    axes.text(0.81, 0.46, f"AUC {m.auc(bonafide, spoof):.3f}\n= shaded area", color=BONAFIDE, ha="center")
    axes.text(0.83, 0.77, "chance", color=QUIET, rotation=45, ha="center", va="center", rotation_mode="anchor")
    axes.text(0.80, 0.225, "frr = far", color=QUIET, rotation=-45, rotation_mode="anchor", va="bottom")
    axes.set(xlim=(0, 1), ylim=(0, 1.01), aspect="equal", xlabel="far: spoof accepted")
    axes.set_ylabel("1 − frr: bona fide accepted")


def det() -> None:
    _, axes = plt.subplots(figsize=(4.6, 4.4))
    ticks = np.array([0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6])
    for apart, colour, name, words_at in (
        (1.0, SPOOF, "poor system", m.probit([0.415, 0.34])),
        (2.1, BONAFIDE, "good system", m.probit([0.013, 0.11])),
    ):
        random = np.random.default_rng(3)
        bonafide, spoof = random.normal(apart, 1, 1500), random.normal(0, 1, 1500)
        curve = m.thin(m.roc(bonafide, spoof), 150)
        inner = (curve.frr > 0) & (curve.far > 0)
        axes.plot(m.probit(curve.far[inner]), m.probit(curve.frr[inner]), color=colour)
        at = m.probit(m.eer(bonafide, spoof)[0])
        note(axes, f"{name}\nEER {m.eer(bonafide, spoof)[0]:.3f}", (at, at), words_at, colour)
    span = m.probit([0.008, 0.65])
    axes.plot(span, span, ":", color=QUIET, linewidth=1.2)
    axes.text(m.probit(0.012), m.probit(0.0155), "frr = far", color=QUIET, rotation=45, rotation_mode="anchor")
    for place in (axes.xaxis, axes.yaxis):
        place.set_ticks(m.probit(ticks), [f"{rate:.0%}" for rate in ticks])
    axes.grid(color=LINE, linewidth=0.8)
    axes.set(xlim=span, ylim=span, aspect="equal", xlabel="far: spoof accepted", ylabel="frr: bona fide rejected")


def eer_kinds() -> None:
    """Few trials with ties: where the three definitions read the rate."""
    bonafide, spoof = np.array([0, 0, 0, 0, 1, 1, 2, 2, 3.0]), np.array([-2, -2, -1, -1, -1, 0, 1, 1, 1.0])
    curve, corners = m.roc(bonafide, spoof), m.rocch(bonafide, spoof)
    from truevoice.metrics.official import official_curve

    official = official_curve(bonafide, spoof)
    _, axes = plt.subplots(figsize=(4.6, 4.4))
    axes.plot(official.far, official.frr, ".-", color=SPOOF, linewidth=1.2, drawstyle="default", alpha=0.9)
    axes.plot(curve.far, curve.frr, "o-", color=BONAFIDE, markersize=5)
    axes.plot(corners.far, corners.frr, "--", color=THIRD)
    axes.plot([0, 1], [0, 1], ":", color=QUIET, linewidth=1.2)
    at = int(np.argmin(np.abs(official.frr - official.far)))
    rate, on_hull = m.eer(bonafide, spoof)[0], m.eer(bonafide, spoof, "convex-hull")[0]
    name = f"asvspoof {m.eer(bonafide, spoof, 'asvspoof')[0]:.4f}\nties taken apart"
    note(axes, name, (official.far[at], official.frr[at]), (0.62, 0.52), SPOOF)
    note(axes, f"interpolated {rate:.4f}", (rate, rate), (0.56, 0.31), BONAFIDE)
    note(axes, f"convex-hull\n{on_hull:.4f}", (on_hull, on_hull), (0.012, 0.33), THIRD)
    axes.text(0.77, 0.785, "frr = far", color=QUIET, rotation=45, rotation_mode="anchor")
    axes.set(xlim=(0, 1), ylim=(0, 1), aspect="equal", xlabel="far: spoof accepted", ylabel="frr: bona fide rejected")


def dcf() -> None:
    bonafide, spoof = classes(800, 800, 2)
    bonafide, spoof = bonafide - 1.2, spoof - 1.2  # llrs that are off by a constant: the price shows
    curve = m.Roc(*(column[::6] for column in m.roc(bonafide, spoof)))
    cost = m.dcf(curve.frr, curve.far)
    _, axes = plt.subplots(figsize=(6.4, 3.6))
    axes.plot(curve.thresholds, 1.9 * curve.frr, color=BONAFIDE, linewidth=1.2)
    axes.plot(curve.thresholds, curve.far, color=SPOOF, linewidth=1.2)
    axes.plot(curve.thresholds, cost, color=INK)
    axes.axhline(1, color=LINE, linewidth=1.2, zorder=0)
    axes.text(5.9, 1.02, "accept all: 1", color=QUIET, ha="right", va="bottom")
    least, at = m.min_dcf_point(bonafide, spoof)
    actual, bayes = m.act_dcf(bonafide, spoof), m.bayes_threshold()
    axes.axvline(bayes, color=QUIET, linestyle=":", linewidth=1.2)
    axes.text(bayes - 0.12, 1.74, f"Bayes threshold −{-bayes:.2f}", color=QUIET, ha="right")
    note(axes, f"min DCF {least:.2f}", (at, least), (-6.2, 0.3))
    note(axes, f"act DCF {actual:.2f}", (bayes, actual), (1.0, 0.62))
    axes.text(-0.4, 0.42, "1.9 frr", color=BONAFIDE)
    axes.text(-3.25, 0.52, "far", color=SPOOF, ha="right")
    axes.text(2.2, 1.48, "cost = 1.9 frr + far", color=INK)
    axes.set(xlim=(-7, 6), ylim=(0, 1.85), xlabel="threshold on the log-likelihood ratio", ylabel="normalised cost")


def cllr() -> None:
    llr = np.linspace(-6, 6, 200)
    _, axes = plt.subplots(figsize=(6.4, 3.4))
    axes.plot(llr, np.logaddexp(0, -llr) / np.log(2), color=BONAFIDE)
    axes.plot(llr, np.logaddexp(0, llr) / np.log(2), color=SPOOF)
    axes.axhline(1, color=LINE, linewidth=1.2, zorder=0)
    note(axes, "no evidence: 1 bit", (0, 1), (-1.25, 3.3))
    note(axes, "sure and right: nearly 0", (4.5, np.log2(1 + np.exp(-4.5))), (1.6, 1.9), BONAFIDE)
    note(axes, "sure and wrong:\n6.5 bits", (-4.5, np.log2(1 + np.exp(4.5))), (-2.9, 6.9), BONAFIDE)
    axes.text(-5.3, 8.5, "bona fide trial: log₂(1 + exp(−llr))", color=BONAFIDE)
    axes.text(5.3, 9.5, "spoof trial: log₂(1 + exp(llr))", color=SPOOF, ha="right")
    axes.set(xlim=(-6, 6), ylim=(0, 10.2), xlabel="stated log-likelihood ratio (nats)", ylabel="loss in bits")


def pav() -> None:
    bonafide, spoof = classes(60, 60, 5)
    best = m.pav_llrs(bonafide, spoof)
    _, axes = plt.subplots(figsize=(6.4, 3.4))
    finite = np.clip(best.llrs, -5, 5)
    axes.step(np.append(best.starts, 7), np.append(finite, finite[-1]), where="post", color=THIRD)
    axes.plot([-5, 5], [-5, 5], "--", color=QUIET, linewidth=1.2)
    axes.plot(bonafide, np.full(60, -5.6), "|", color=BONAFIDE, markersize=9)
    axes.plot(spoof, np.full(60, -6.4), "|", color=SPOOF, markersize=9)
    axes.text(-6.9, 3.6, "best rising map (PAV)\n$\\pm\\infty$ at the ends drawn at ±5", color=THIRD)
    axes.text(3.3, 2.3, "score taken as llr", color=QUIET)
    axes.set(xlim=(-7, 7), ylim=(-7, 5.4), xlabel="score", ylabel="log-likelihood ratio")
    axes.set_title(
        f"Cllr {m.cllr(bonafide, spoof):.3f}, min Cllr {m.min_cllr(bonafide, spoof):.3f} bits", weight="normal"
    )


def reliability() -> None:
    random = np.random.default_rng(6)
    truth = random.beta(0.8, 0.8, 4000)
    spoof = random.random(4000) < truth
    odds = np.log(truth / (1 - truth))
    _, axes = plt.subplots(figsize=(4.6, 4.4))
    axes.plot([0, 1], [0, 1], ":", color=QUIET, linewidth=1.2)
    for sharpness, colour, name, at in ((1, BONAFIDE, "honest", (0.05, 0.9)), (3, SPOOF, "too sure", (0.05, 0.76))):
        p = 1 / (1 + np.exp(-sharpness * odds))
        table = m.reliability(p, spoof, 10)
        axes.vlines(table.stated, table.stated, table.observed, color=colour, alpha=0.35, linewidth=3)
        axes.plot(table.stated, table.observed, "o-", color=colour, markersize=5)
        words = f"{name}\nECE {m.ece(p, spoof, 10):.3f}, Brier {m.brier(p, spoof):.3f}"
        axes.text(*at, words, color=colour, va="center")
    axes.text(0.97, 0.05, "dotted: stated = observed", color=QUIET, ha="right")
    axes.set(xlim=(0, 1), ylim=(0, 1), aspect="equal", xlabel="stated P(spoof)", ylabel="share that was spoof")


def confusion() -> None:
    counts = m.Confusion(bonafide_accepted=86, bonafide_rejected=14, spoof_accepted=10, spoof_rejected=190)
    _, axes = plt.subplots(figsize=(6.6, 3.5))
    cells = [
        (0, 1, "bona fide accepted", counts.bonafide_accepted, BONAFIDE, 0.30),
        (1, 1, "bona fide rejected", counts.bonafide_rejected, BONAFIDE, 0.08),
        (0, 0, "spoof accepted", counts.spoof_accepted, SPOOF, 0.08),
        (1, 0, "spoof rejected", counts.spoof_rejected, SPOOF, 0.30),
    ]
    for column, row, name, count, colour, depth in cells:
        axes.add_patch(Rectangle((column, row), 1, 1, facecolor=colour, alpha=depth, edgecolor=PAPER, linewidth=2))
        axes.text(column + 0.5, row + 0.58, str(count), ha="center", va="center", size=17)
        axes.text(column + 0.5, row + 0.26, name, ha="center", va="center")
    axes.text(2.06, 1.5, f"specificity 1 − frr\n86 / 100 = {counts.specificity('spoof'):.2f}", va="center")
    axes.text(2.06, 0.5, f"sensitivity 1 − far\n190 / 200 = {counts.sensitivity('spoof'):.2f}", va="center")
    axes.text(0.5, -0.08, f"NPV\n86 / 96 = {counts.npv('spoof'):.3f}", ha="center", va="top")
    axes.text(1.5, -0.08, f"PPV\n190 / 204 = {counts.ppv('spoof'):.3f}", ha="center", va="top")
    axes.text(2.06, -0.08, f"accuracy\n276 / 300 = {counts.accuracy:.2f}", va="top")
    axes.set_title("positive class: spoof", weight="normal")
    axes.set(xlim=(0, 2.75), ylim=(-0.5, 2))
    axes.axis("off")


def intervals() -> None:
    bonafide, spoof = classes(150, 150, 8)
    values = [m.bootstrap(bonafide, spoof, rounds=1, seed=k, figures=("eer",))["eer"][0] for k in range(2000)]
    low, high = m.bootstrap(bonafide, spoof, rounds=2000, figures=("eer",))["eer"]
    _, axes = plt.subplots(figsize=(6.4, 3.0))
    axes.hist(values, bins=np.arange(0.1, 0.32, 0.0066), color=BONAFIDE, alpha=0.35)
    top = axes.get_ylim()[1]
    axes.axvspan(low, high, color=BONAFIDE, alpha=0.10, linewidth=0)
    rate = m.eer(bonafide, spoof)[0]
    axes.axvline(rate, color=INK, linewidth=1.4)
    axes.text(rate + 0.002, top * 1.06, f"measured EER {rate:.3f}", va="top")
    style = {"arrowstyle": "<->", "color": BONAFIDE, "linewidth": 1.2}
    axes.annotate("", (low, top * 0.45), (high, top * 0.45), arrowprops=style)
    axes.text(high + 0.003, top * 0.45, f"95 %: {low:.3f} – {high:.3f}", color=BONAFIDE, va="center")
    axes.set(xlim=(0.1, 0.31), ylim=(0, top * 1.1), yticks=[], xlabel="EER of 300 trials drawn anew, 2,000 times")
    axes.spines["left"].set_visible(False)


def clusters() -> None:
    random = np.random.default_rng(2)
    speaker = np.repeat(np.arange(12), 10)
    own = random.normal(0, 1.2, 12)
    bonafide = own[speaker] + random.normal(1.5, 0.6, speaker.size)
    spoof = own[speaker] + random.normal(-1.5, 0.6, speaker.size)
    _, axes = plt.subplots(figsize=(6.4, 3.4))
    for scores_of, colour, shift in ((bonafide, BONAFIDE, 0.12), (spoof, SPOOF, -0.12)):
        axes.plot(scores_of, speaker + 1 + shift, "|", color=colour, markersize=7, alpha=0.8)
    plain = m.bootstrap(bonafide, spoof, figures=("eer",))["eer"]
    grouped = m.bootstrap(bonafide, spoof, figures=("eer",), clusters=(speaker, speaker))["eer"]
    axes.set_title(
        f"EER {m.eer(bonafide, spoof)[0]:.3f};  95 % by trials {plain[0]:.3f}–{plain[1]:.3f},  "
        f"by speakers {grouped[0]:.3f}–{grouped[1]:.3f}",
        weight="normal",
        size=10,
    )
    axes.text(-5.9, 0.6, "spoof", color=SPOOF)
    axes.text(4.6, 0.6, "bona fide", color=BONAFIDE, ha="right")
    axes.set(yticks=range(1, 13), xlim=(-6, 4.7), xlabel="score", ylabel="speaker")
    axes.tick_params(axis="y", labelsize=8)


def tandem() -> None:
    _, axes = plt.subplots(figsize=(6.8, 2.9))
    for left, name, what in ((2.1, "CM", "bona fide?"), (5.1, "ASV", "same speaker?")):
        axes.add_patch(Rectangle((left, 1.5), 1.7, 1.0, facecolor="#f5f6f9", edgecolor=QUIET))
        axes.text(left + 0.85, 2.17, name, ha="center", va="center", weight="bold")
        axes.text(left + 0.85, 1.8, what, ha="center", va="center", color=QUIET, size=9)
    style = {"arrowstyle": "-|>", "mutation_scale": 12, "color": QUIET, "linewidth": 1.3}
    for start, end in (((1.25, 2), (2.1, 2)), ((3.8, 2), (5.1, 2)), ((6.8, 2), (7.8, 2))):
        axes.add_patch(FancyArrowPatch(start, end, **style))
    for start in (2.95, 5.95):
        axes.add_patch(FancyArrowPatch((start, 1.5), (start, 0.75), **style))
        axes.text(start, 0.66, "rejected", ha="center", va="top", color=QUIET)
    axes.text(0.05, 2.55, "target", color=BONAFIDE, va="center")
    axes.text(0.05, 2.0, "nontarget", color=THIRD, va="center")
    axes.text(0.05, 1.45, "spoof", color=SPOOF, va="center")
    axes.text(7.9, 2, "accepted", va="center")
    axes.text(4.45, 2.72, "threshold\nunder test", ha="center", va="bottom", size=9, color=INK)
    axes.add_patch(FancyArrowPatch((4.0, 2.78), (3.5, 2.5), **{**style, "color": INK}))
    axes.text(5.95, 2.72, "fixed: miss, false accept, spoof accept", ha="left", va="bottom", size=9, color=INK)
    axes.add_patch(FancyArrowPatch((6.2, 2.72), (6.1, 2.5), **{**style, "color": INK}))
    axes.text(0.05, 0.05, "costs: target rejected 1, nontarget accepted 10, spoof accepted 10", size=9, color=QUIET)
    axes.set(xlim=(0, 9.1), ylim=(0, 3.4))
    axes.axis("off")


def segments() -> None:
    random = np.random.default_rng(1)
    truth = np.repeat([1, 0, 1], [11, 7, 14])
    values = np.where(truth == 1, 1.5, -1.2) + np.clip(random.normal(0, 0.6, truth.size), -1, 1)
    _, axes = plt.subplots(figsize=(6.8, 3.2))
    for k, (bonafide, value) in enumerate(zip(truth, values)):
        colour = BONAFIDE if bonafide else SPOOF
        axes.add_patch(Rectangle((20 * k, 3.1), 20, 0.45, facecolor=colour, edgecolor=PAPER, linewidth=0.6))
        axes.plot([20 * k, 20 * k + 20], [value, value], color=colour, linewidth=2.6)
    coarse = values.reshape(-1, 4).min(axis=1)
    spoofed = (truth.reshape(-1, 4) == 0).any(axis=1)
    for k, (value, any_spoof) in enumerate(zip(coarse, spoofed)):
        axes.add_patch(
            Rectangle((80 * k, 3.75), 80, 0.45, facecolor=SPOOF if any_spoof else BONAFIDE, edgecolor=PAPER, alpha=0.55)
        )
        axes.plot([80 * k, 80 * k + 80], [value, value], color=QUIET, linewidth=1, linestyle="--")
    axes.text(648, 3.32, "20 ms truth", va="center", size=9)
    axes.text(648, 3.97, "80 ms: any spoof", va="center", size=9)
    axes.text(648, values[-1] + 0.3, "20 ms scores", va="center", size=9)
    axes.text(648, coarse[-1] - 0.3, "80 ms: least score", va="center", size=9, color=QUIET)
    axes.set(xlim=(0, 790), ylim=(-3, 4.3), xticks=range(0, 641, 80), yticks=[-2, 0, 2], xlabel="milliseconds")
    axes.set_ylabel("score", loc="center")


DRAWINGS: dict[str, Callable[[], None]] = {
    "scores": scores,
    "roc": roc,
    "det": det,
    "eer": eer_kinds,
    "confusion": confusion,
    "dcf": dcf,
    "cllr": cllr,
    "pav": pav,
    "reliability": reliability,
    "intervals": intervals,
    "clusters": clusters,
    "tandem": tandem,
    "segments": segments,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path(__file__).resolve().parents[1] / "docs" / "metrics")
    parser.add_argument("--png", action="store_true")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    plt.rcParams.update(STYLE)
    for name, draw in DRAWINGS.items():
        draw()
        path = options.out / f"{name}.{'png' if options.png else 'svg'}"
        plt.savefig(path, dpi=110, metadata=None if options.png else {"Date": None, "Creator": None})
        plt.close()
        print(f"{path} {path.stat().st_size / 1024:.0f} kB")


if __name__ == "__main__":
    main()
