"""Measures the shipped detector on the test split and writes its model card, beside published models on the same clips.

    python scripts/model_card.py --corpus CORPUS --weights WEIGHTS --out docs/cards

CORPUS/test/manifest.csv has the columns path, label, source, family, system; WEIGHTS holds AASIST.pth and AASIST-L.pth.
The shipped detector is scored with its own windows; the published ones with their authors' (the first 64,600 samples).
Writes NAME.json with every figure and NAME.md with the card. Nothing is chosen by what is measured here.
"""

import argparse
import csv
import json
import sys
from importlib import resources
from pathlib import Path
from typing import Any

import truevoice
from truevoice.metrics import auc, eer

NAME = "mel-cnn"
PUBLISHED = {"aasist": "AASIST.pth", "aasist-l": "AASIST-L.pth"}
SMALLEST_GROUP = 20  # trials of a class; fewer give no figure


def score_all(manifest: Path, model: str, checkpoint: Path | None) -> dict[str, truevoice.Result]:
    """Scores every clip of the manifest; gives results by path. Exits where one fails: a card has no holes."""
    windows = "first" if checkpoint else None
    scores = truevoice.score(manifest, model=model, checkpoint=checkpoint, windows=windows, progress=show)
    results = {result.trial: result for result in scores}
    if failed := [result.trial for result in results.values() if result.error]:
        sys.exit(f"{len(failed)} clips could not be scored with {model}: {failed[:3]}")
    return results


def show(done: int, total: int, newest: Any) -> None:
    if done % 100 == 0 or done == total:
        print(f"\r{done} of {total}", end="\n" if done == total else "", file=sys.stderr, flush=True)


def figures(rows: list[dict[str, str]], results: dict[str, truevoice.Result]) -> dict[str, Any] | None:
    """EER, AUC and counts over rows of a manifest; None where a class has too few trials."""
    scores: dict[str, list[float]] = {"bonafide": [], "spoof": []}
    for row in rows:
        value = results[row["path"]].score
        assert value is not None
        scores[row["label"]].append(value)
    if min(map(len, scores.values())) < SMALLEST_GROUP:
        return None
    rate, _ = eer(scores["bonafide"], scores["spoof"])
    area = auc(scores["bonafide"], scores["spoof"])
    return {
        "eer": round(rate, 4),
        "auc": round(area, 4),
        "n_bonafide": len(scores["bonafide"]),
        "n_spoof": len(scores["spoof"]),
    }


def verdicts(rows: list[dict[str, str]], results: dict[str, truevoice.Result]) -> dict[str, Any]:
    """Error rates of the shipped verdicts, at the threshold that was stored before."""
    wrong = {"bonafide": 0, "spoof": 0}
    total = {"bonafide": 0, "spoof": 0}
    abstained = 0
    for row in rows:
        verdict = results[row["path"]].verdict
        abstained += verdict == "abstain"
        if verdict != "abstain":
            total[row["label"]] += 1
            wrong[row["label"]] += verdict != row["label"]
    return {
        "bonafide_called_spoof": round(wrong["bonafide"] / total["bonafide"], 4),
        "spoof_called_bonafide": round(wrong["spoof"] / total["spoof"], 4),
        "abstained": abstained,
    }


def measure(corpus: Path, weights: Path) -> dict[str, Any]:
    """Every figure of the card."""
    manifest = corpus / "test" / "manifest.csv"
    with manifest.open(newline="") as file:
        rows = list(csv.DictReader(file))
    ours = score_all(manifest, NAME, None)
    bonafide = [row for row in rows if row["label"] == "bonafide"]
    families = sorted({row["family"] for row in rows if row["label"] == "spoof"})
    by_family = {f: figures(bonafide + [r for r in rows if r["family"] == f], ours) for f in families}
    detector = truevoice.load(NAME)
    peers = {name: figures(rows, score_all(manifest, name, weights / file)) for name, file in PUBLISHED.items()}
    return {
        "name": NAME,
        "checksum": detector.checksum,
        "windows": str(detector.policy),
        "set": "corpus, split test",
        "sources": len({row["source"] for row in rows}),
        "pooled": figures(rows, ours),
        "verdicts": verdicts(rows, ours),
        "by_family": {name: value for name, value in by_family.items() if value},
        "same_clips": peers,
    }


def card_text(measured: dict[str, Any]) -> str:
    """The card in Markdown, from the figures, the register and the graph's own description."""
    from truevoice.commands.models import describe
    from truevoice.detectors.register import find_card

    facts = describe(find_card(NAME))
    calibration = truevoice.load(NAME).calibration
    assert calibration is not None
    fitted = calibration.fitted_on
    training = json.loads((resources.files("truevoice") / "weights" / f"{NAME}.json").read_text())["training"]

    def line(name: str, value: dict[str, Any]) -> str:
        counts = f"{value['n_bonafide']} | {value['n_spoof']}"
        return f"| {name} | {100 * value['eer']:.1f} % | {value['auc']:.3f} | {counts} |"

    head = "| | EER | AUC | bona fide | spoof |\n| --- | --- | --- | --- | --- |"
    pooled = [line(f"**{NAME}**", measured["pooled"])]
    pooled += [line(f"{name}, published weights", value) for name, value in measured["same_clips"].items()]
    families = [line(name, value) for name, value in measured["by_family"].items()]
    rates = measured["verdicts"]
    return f"""# Model card: {NAME}

{facts["summary"]}

| | |
| --- | --- |
| parameters | {facts["parameters"]:,} |
| input | windows of {facts["window"]:,} samples (mono, {facts["sample_rate"]:,} Hz) |
| score | {facts["score"]}; higher = more bona fide |
| training data | {training["n_bonafide"]} bona fide and {training["n_spoof"]} spoofed clips: {facts["training_data"]} |
| licence | {facts["licence"]} |
| weights | sha256 `{measured["checksum"]}` |

## How well it does

Test split of the corpus: {measured["sources"]} sources, none of them in training or calibration; windows of
{measured["windows"]}. The published models hear the same clips through their authors' window, the first 64,600 samples.

{head}
{chr(10).join(pooled)}

By family of the spoof, each against all bona fide clips:

{head}
{chr(10).join(families)}

The verdicts as shipped (threshold chosen on the validation split) call
{100 * rates["bonafide_called_spoof"]:.1f} % of the bona fide clips spoof and
{100 * rates["spoof_called_bonafide"]:.1f} % of the spoofed clips bona fide, and abstain on {rates["abstained"]}.

## Calibration

Logistic regression on {fitted.get("n_bonafide")} bona fide and {fitted.get("n_spoof")} spoofed recordings of the
validation split; P(spoof) assumes that half of all recordings are spoofed unless `--prior` says otherwise.

## Use and limits

Nearly all training clips were stored as Opus at 28 kbit/s, and about one label in a hundred may be wrong.

It is a baseline: small, quick, and weak. Use it to try the toolkit, to compare detectors, to rank recordings for a
closer look. Do not use its verdict on a single recording to accuse, to convict, to dismiss or to publish: the error
rates above are far too high for that, and higher still for generators, languages and channels unlike the corpus. It was
not measured on speech under music, on partly faked recordings, or on recordings made to deceive it.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    measured = measure(options.corpus, options.weights)
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / f"{NAME}.json").write_text(json.dumps(measured, indent=1) + "\n")
    (options.out / f"{NAME}.md").write_text(card_text(measured))
    print(json.dumps(measured["pooled"]), json.dumps(measured["same_clips"]))


if __name__ == "__main__":
    main()
