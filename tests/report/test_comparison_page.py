"""The pages of a comparison and of a study: whole, self-contained, safe with hostile names, true to the figures."""

import re
import shutil
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from paired_scores import paired_sets, systems
from speech import clips
from truevoice.comparison.comparison import compare_systems
from truevoice.comparison.generalising import summarise
from truevoice.comparison.study import Study
from truevoice.doctor.finding import Finding
from truevoice.evaluation.options import Options
from truevoice.report.comparison_page import MOST_FLIPS, p_text, render_comparison, signed
from truevoice.report.study_page import render_study

NASTY = '<script>alert("x")</script>\'"&amp;\u202e\x00\x1b\n\udcff'
VOID = {"meta", "br", "rect", "path", "use", "input", "img", "link", "hr"}


class Page(HTMLParser):
    """Whether every tag is closed, the ids, and the text without style and script."""

    def __init__(self, text):
        super().__init__()
        self.open, self.ids, self.words, self.tags = [], [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.ids += [value for name, value in attrs if name == "id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.ids += [value for name, value in attrs if name == "id"]
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data):
        if not {"style", "script"} & set(self.open):
            self.words.append(data)

    @property
    def text(self):
        return re.sub(r"\s+", " ", " ".join(self.words))


def compared(first, second, name="custom", **more):
    return compare_systems(*systems(first, second, name, **more), Options(rounds=200))


def study_of(comparison, roles, **more):
    repeat = {
        "command": "truevoice study <b>",
        "settings": {"network": {"model": "mel-cnn", "trainable": "all"}, "data": {"data": "for/"}},
        "weights": {name: {"path": name, "model": "mel-cnn", "sha256": "0f" * 32} for name in ("before", "after")},
        "windows": "first 2 s",
        "sets": {"custom": {"data": "mine/", "part": "", "recordings": 9, "sha256_of_list": "ab" * 32}},
        "seeds": {"training": 3},
        "versions": {"truevoice": "0.1.0"},
        "machine": "Linux",
    }
    epochs = [
        {"epoch": at, "train_loss": 1 / at, "sets": {"validation": {"loss": 1 / at, "eer": 0.3 / at}}, "best": True}
        for at in (1, 2, 3)
    ]
    fields = {
        "comparison": comparison,
        "roles": roles,
        "summary": summarise([(one, roles[name]) for name, one in comparison.sets.items()], 0.95),
        "leaks": {},
        "training": {
            "division": ["80 %"],
            "n_train": 9,
            "epochs": 3,
            "best_epoch": 3,
            "stopped": "done",
            "seconds": 4.0,
        },
        "epochs": epochs,
        "repeat": repeat,
    }
    return Study(**{**fields, **more})


@pytest.fixture(scope="module")
def comparison():
    return compared(*paired_sets(120, 200, apart=(0.4, 1.0)))


def test_it_is_one_whole_page_that_loads_nothing(comparison):
    text = render_comparison(comparison)
    page = Page(text)
    assert text.startswith("<!doctype html>")
    assert page.open == []
    assert len(page.ids) == len(set(page.ids))
    assert "default-src 'none'" in text
    assert not re.findall(r"""(?:src|href|url\()=?["'(]*\s*(?:https?:)?//""", text)
    assert text.count("<svg") == 3
    assert text == render_comparison(comparison)


def test_the_table_says_what_was_found(comparison):
    text = Page(render_comparison(comparison)).text
    one = comparison.sets["custom"]
    figure = one.figures["eer"]
    assert f"{100 * figure.first:.1f}" in text
    assert f"\u2212{-100 * figure.change:.1f}" in text
    assert "better" in text
    gained = sum(flip.kind == "gained" for flip in one.flips)
    assert gained > MOST_FLIPS
    assert f"the {MOST_FLIPS} that moved farthest" in text
    assert "Holm" in text


@pytest.mark.parametrize("value", [-0.1, 0.0, 0.1, 1e-9])
def test_signs(value):
    shown = signed(value, 100, True)
    assert shown == {-0.1: "\u221210.0", 0.1: "+10.0"}.get(value, "0.0")


def test_p_values_are_not_zero():
    assert (p_text(None), p_text(0.0004), p_text(0.0421), p_text(1.0)) == ("–", "< 0.001", "0.042", "1.000")


def test_names_from_outside_do_no_harm(tmp_path):
    first, second = paired_sets(30, 40, apart=(0.2, 0.8))
    hostile = [f"{at}{NASTY}" for at in range(70)]
    columns = {"attack": [NASTY if at % 2 else "A1" for at in range(70)]}
    first, second = (replace(one, names=list(hostile), columns=columns) for one in (first, second))
    found = compared(first, second, NASTY, data=NASTY)
    found = replace(found, first=replace(found.first, name=NASTY, origin=NASTY))
    found = replace(found, findings=[Finding("x", "warning", NASTY, NASTY)])
    study = study_of(found, {NASTY: "custom"}, findings=found.findings)
    for text in (render_comparison(found), render_study(study)):
        page = Page(text)
        assert page.open == []
        assert not [tag for tag, _ in page.tags if tag == "script"]
        assert "\u202e" not in text
        assert "\x00" not in text
        text.encode()


def test_flipped_clips_are_heard(tmp_path):
    first, second = paired_sets(20, 30, apart=(0.6, 1.0))
    sources = [clips()[at % len(clips())] for at in range(50)]
    places = [str(shutil.copy(clip, tmp_path / f"{at}{clip.suffix}")) for at, clip in enumerate(sources)]
    first = replace(first, sources=places)
    found = compared(first, second)
    flips = found.sets["custom"].flips
    assert flips
    text = render_comparison(found)
    assert 0 < text.count("<audio") <= len(flips)
    assert "<audio" not in render_comparison(found, players=False)


def test_a_study(comparison):
    study = study_of(comparison, {"custom": "custom"})
    page = Page(render_study(study))
    assert page.open == []
    assert len(page.ids) == len(set(page.ids))
    assert study.summary.headline in page.text
    assert "never trained on" in page.text
    assert "truevoice study <b>" in page.text
    assert page.text.count("0f" * 32) == 2
    assert "No leak report was asked for" in page.text
    assert sum(tag == "svg" for tag, _ in page.tags) == 4


def test_leaks_are_shown(comparison):
    cue = {"name": "duration", "auc": {"train": 0.9, "custom": 0.72}, "chance": {"train": 0.6, "custom": 0.8}}
    pair = {"first": "train", "second": "custom", "same": [1, 2], "remade": [], "speakers": {"s": 1}, "names": []}
    leaks = {
        "sets": {"train": {}, "custom": {}},
        "telling_auc": 0.7,
        "cues": [cue],
        "together": [],
        "shared": [pair],
    }
    page = Page(render_study(study_of(comparison, {"custom": "custom"}, leaks=leaks)))
    assert "2 recordings that sound the same, 1 speaker" in page.text.replace("\u00a0", " ")
    marked = [attrs for tag, attrs in page.tags if attrs.get("class") == "mark worse"]
    assert len(marked) == 1  # 0.72 is within chance there
