"""The numbers that stand in cards are the ones that were measured, on the weights that are shipped."""

import json
from pathlib import Path

import pytest

import truevoice
from truevoice.detectors.card import cards

MEASURED = json.loads((Path(__file__).parents[1] / "docs" / "cards" / "mel-cnn.json").read_text())


def test_the_measured_weights_are_the_shipped_ones():
    assert MEASURED["checksum"] == truevoice.load("mel-cnn").checksum
    assert MEASURED["windows"] == str(truevoice.load("mel-cnn").policy)


@pytest.mark.parametrize("name", ["mel-cnn", "aasist", "aasist-l"])
def test_the_register_says_what_was_measured(name):
    measured = MEASURED["pooled"] if name == "mel-cnn" else MEASURED["same_clips"][name]
    [figure] = [figure for figure in cards()[name].figures if "make card" in figure.by]
    assert (figure.eer, figure.auc) == (measured["eer"], measured["auc"])
    assert f"{measured['n_bonafide'] + measured['n_spoof']:,} clips" in figure.on


def test_the_model_card_holds_the_measured_figures():
    text = (Path(__file__).parents[1] / "docs" / "cards" / "mel-cnn.md").read_text()
    assert MEASURED["checksum"] in text
    for figures in (MEASURED["pooled"], *MEASURED["same_clips"].values(), *MEASURED["by_family"].values()):
        assert f"| {100 * figures['eer']:.1f} % | {figures['auc']:.3f} |" in text
