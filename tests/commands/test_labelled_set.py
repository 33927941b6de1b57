"""A set with official subsets: what is judged by default, and the speaker verification scores that go with it."""

import shutil

import pytest

import truevoice
from speech import clips
from truevoice.evaluation.asv_scores import read_asv_scores
from truevoice.metrics import asv_rates, min_tdcf


def test_verification_scores_are_those_of_the_subset_that_is_judged(tmp_path):
    rows = ["path,label,subset"]
    detector = truevoice.load()
    # By score, so that the labels suit the detector and its t-DCF is the floor that the verification sets.
    for number, clip in enumerate(sorted(clips()[:5], key=lambda clip: detector.score(clip).score)):
        shutil.copy(clip, tmp_path / f"{number}.wav")
        rows.append(
            f"{number}.wav,{'bonafide' if number in (2, 3) else 'spoof'},{'progress' if number == 4 else 'eval'}"
        )
    (tmp_path / "manifest.csv").write_text("\n".join(rows))
    kinds = ["target", "nontarget", "spoof", "target", "nontarget", "spoof"]
    values, subsets = [3, -1, 2, -9, 9, 9], ["eval"] * 3 + ["progress"] * 3
    scores, key = tmp_path / "asv.txt", tmp_path / "trial_metadata.txt"
    scores.write_text("".join(f"s t{i} {value}\n" for i, value in enumerate(values)))
    key.write_text("".join(f"s t{i} - - - {kind} - {subset}\n" for i, (kind, subset) in enumerate(zip(kinds, subsets))))
    found = truevoice.evaluate(tmp_path, asv_scores=scores, asv_key=key, rounds=0)
    assert (found.conditions.n_bonafide, found.conditions.n_spoof) == (2, 2)
    rates = [asv_rates(*read_asv_scores(scores, key, subset).values()) for subset in ("eval", "eval,progress")]
    right, wrong = (min_tdcf(*found.score_set.split(), one) for one in rates)
    assert right != wrong
    assert found["min_tdcf_2021"] == pytest.approx(right, abs=1e-12)
