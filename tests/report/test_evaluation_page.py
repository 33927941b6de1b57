"""The HTML report: whole, self-contained, safe with hostile names, honest about what is missing."""

import dataclasses
import re
import shutil
import time
from html.parser import HTMLParser

import numpy as np
import pytest

from made_evaluations import FINDINGS, made_evaluation, made_group, made_set
from speech import clips
from truevoice.data.trial import LeftOut
from truevoice.evaluation.evaluation import Conditions, Threshold
from truevoice.report.breakdown_table import MOST_ROWS, is_small
from truevoice.report.evaluation_page import render_evaluation
from truevoice.report.glossary import GLOSSARY
from truevoice.report.players import Players, player
from truevoice.report.text_safety import short, visible

NASTY = '<script>alert("x")</script>\'"&amp;\u202e\x00\x1b\n\udcff'
VOID = {"meta", "br", "rect", "path", "use", "input", "img", "link", "hr"}


class Page(HTMLParser):
    """Tags in order, the text of each section by its id, and whether every tag is closed."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.open, self.sections, self.where = [], [], {}, ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag == "section":
            self.where = dict(attrs)["id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data):
        if not {"style", "script"} & set(self.open):
            self.sections[self.where] = self.sections.get(self.where, "") + re.sub(r"\s+", " ", data)

    def text(self):
        return " ".join(self.sections.values())

    def all(self, name):
        return [attrs for tag, attrs in self.tags if tag == name]


def page_of(evaluation, **more):
    page = Page(render_evaluation(evaluation, **more))
    assert page.open == []
    return page


@pytest.fixture(scope="module")
def whole():
    evaluation = made_evaluation(
        breakdowns={"attack": [made_group("A01", 120, 200, against_all=True), made_group("A02", 120, 7, 0.3)]}
    )
    return evaluation, render_evaluation(evaluation)


def test_it_is_one_whole_page_that_loads_nothing(whole):
    page = Page(whole[1])
    assert whole[1].startswith("<!doctype html>")
    assert page.open == []
    assert not re.findall(r"""(?:src|href|url\()=?["'(]*\s*(?:https?:)?//""", whole[1])
    assert not [tag for tag, _ in page.tags if tag in ("link", "iframe", "img", "object", "base")]
    assert all(attrs.get("href", "#").startswith("#") for _, attrs in page.tags)
    policy = next(attrs["content"] for attrs in page.all("meta") if "http-equiv" in attrs)
    assert "default-src 'none'" in policy


def test_ids_are_unique_and_links_lead_somewhere(whole):
    page = Page(whole[1])
    ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
    assert len(set(ids)) == len(ids)
    assert {attrs["href"][1:] for _, attrs in page.tags if "href" in attrs} <= set(ids)


def test_the_same_evaluation_gives_the_same_bytes(whole):
    assert render_evaluation(whole[0]) == whole[1]


def test_everything_is_in_its_place(whole):
    evaluation, html = whole
    sections = Page(html).sections
    rejected = evaluation.confusion["bonafide_rejected"]
    assert f"Of 120 bona fide recordings, {rejected} are called spoof" in sections[""]
    assert "of 300 spoofed recordings" in sections[""]
    assert "EER threshold of these same trials" in sections[""]
    for name in ("EER", "AUC", "PPV", "Sensitivity", "act DCF", "Cllr", "Brier score", "ECE"):
        assert name in sections["figures"]
    assert f"{100 * evaluation.figures['eer']:.1f} %" in sections["figures"]
    assert "positive class: spoof" in sections["figures"]
    assert "bona fide as the positive class: Sensitivity 75.0 %" in sections["figures"]
    for entry in GLOSSARY.values():
        assert entry.title in sections["meaning"]
    assert len(re.findall(r"<figure id=", html)) == 4
    assert len(re.findall(r"<svg viewBox=\"0 0 3", html)) == 4
    assert "By attack" in sections["breakdowns"]
    assert "few" in sections["breakdowns"]
    assert "Bona fide called spoof" in sections["worst"]


def test_the_conditions_stand_beside_every_figure_and_table(whole):
    evaluation, html = whole
    sentence = evaluation.conditions.sentence()
    for start, stop in (("<figure", "</figure>"), ("<table", "</section>")):
        for part in html.split(start)[1:]:
            assert sentence in part.split(stop)[0]


def test_what_is_optimistic_is_said_to_be(whole):
    assert Page(whole[1]).sections["figures"].count("optimistic") >= 1
    fair = made_evaluation(threshold=0.0, findings=[])
    fair = dataclasses.replace(fair, threshold=Threshold(0.0, "EER threshold of dev.csv"))
    page = page_of(fair)
    assert "optimistic" not in page.text()
    assert "EER threshold of dev.csv" in page.sections["figures"]
    assert "Nothing was found" in page.sections["findings"]


def test_findings_stand_worst_first(whole):
    found = Page(whole[1]).sections["findings"]
    places = [found.index(finding.message) for finding in (FINDINGS[2], FINDINGS[1], FINDINGS[0])]
    assert places == sorted(places)
    assert FINDINGS[2].remedy in found


def test_hostile_texts_stay_texts():
    score_set = made_set(6, 6, columns={NASTY: [NASTY] * 12}, left_out=[LeftOut(NASTY, NASTY)], notes=[NASTY])
    score_set = dataclasses.replace(score_set, names=[f"{NASTY}{i}" + "n" * 5000 for i in range(12)])
    evaluation = made_evaluation(
        score_set,
        conditions=Conditions(NASTY, NASTY, NASTY, 6, 6, NASTY, NASTY, NASTY, NASTY, NASTY),
        threshold=3.0,
        breakdowns={NASTY: [made_group(NASTY, 6, 6), made_group("v" * 9000, 6, 6)]},
        findings=[dataclasses.replace(FINDINGS[1], message=NASTY, remedy=NASTY)],
        intervals=NASTY,
        llrs=NASTY,
    )
    evaluation.figures[NASTY] = 0.5
    html = render_evaluation(evaluation)
    page = Page(html)
    assert len(page.all("script")) == 1  # ours
    assert not set("\u202e\x00\x1b\udcff") & set(html)
    assert "\\u202e" in html
    assert len(html.encode()) < 200_000
    for section in ("breakdowns", "worst", "left-out", "findings", "meaning", "figures"):
        assert '<script>alert("x")</script>' in page.sections[section]


def test_missing_figures_are_dashes_with_their_reason():
    evaluation = made_evaluation(made_set(40, 40, p_spoof=False), ci={}, intervals="", breakdowns={"codec": []})
    evaluation.figures.update(dict.fromkeys(evaluation.figures))
    del evaluation.figures["ece"]
    page = page_of(evaluation)
    assert "–" in page.sections["figures"]
    assert "needs P(spoof): run truevoice calibrate" in page.sections["figures"]
    assert "nothing is called spoof" in page.sections["figures"]
    assert "no P(spoof)" in page.sections["curves"]
    assert "truevoice calibrate" in page.sections["curves"]
    assert "breakdowns" not in page.sections
    assert "None" not in page.text().replace("None at this threshold", "")


@pytest.mark.parametrize(("n_bonafide", "n_spoof"), [(30, 0), (0, 30), (0, 0)])
def test_a_class_may_be_missing(n_bonafide, n_spoof):
    page = page_of(made_evaluation(made_set(n_bonafide, n_spoof), threshold=0.0))
    assert "No ROC curve" in page.sections["curves"]
    assert ("No histogram" in page.sections["curves"]) == (n_bonafide + n_spoof == 0)
    assert "needs trials of both classes" in page.sections["meaning"] or n_bonafide + n_spoof


def test_groups_of_one_class_and_small_groups():
    groups = [made_group("both", 50, 60), made_group("none of spoof", 40, 0), made_group("tiny", 3, 80, 0.5)]
    assert [is_small(group) for group in groups] == [False, False, True]
    html = render_evaluation(made_evaluation(breakdowns={"language": groups}))
    rows = re.findall(r"<tr[^>]*>\s*<td class=\"value\">(.*?)</tr>", html, re.S)
    assert len(rows) == 3
    assert [row.count("<svg") for row in rows] == [1, 0, 1]
    assert rows[1].count("–") == 4
    assert ["few" in row for row in rows] == [False, False, True]


def test_a_column_of_thousands_of_values_is_cut_and_says_so():
    groups = [made_group(f"speaker{i:04d}", i, i) for i in range(1, 1001)]
    html = render_evaluation(made_evaluation(breakdowns={"speaker": groups}))
    text = Page(html).sections["breakdowns"]
    assert text.count("speaker0") + text.count("speaker1") == MOST_ROWS
    assert "speaker1000" in text
    assert f"{1000 - MOST_ROWS} more are in metrics.json" in text


def test_left_out_is_counted_by_reason_with_examples():
    left = [LeftOut(f"a{i}.wav", "duplicate") for i in range(9)] + [LeftOut("b.wav", "not a number")]
    text = page_of(made_evaluation(made_set(left_out=left))).sections["left-out"]
    assert "10 entries" in text
    assert "a4.wav, …" in text
    assert "a5.wav" not in text
    assert "not a number" in text
    assert "Nothing: every entry" in page_of(made_evaluation()).sections["left-out"]


def test_a_million_trials_render_in_seconds_as_a_light_page():
    evaluation = made_evaluation(made_set(400_000, 600_000))
    start = time.monotonic()
    html = render_evaluation(evaluation)
    assert time.monotonic() - start < 20
    assert len(html.encode()) < 1_000_000
    assert "400,000\u00a0bona fide recordings" in html


def test_the_worst_errors_can_be_heard(tmp_path):
    copy = tmp_path / "<b>odd'\"name.wav"
    shutil.copy(clips()[0], copy)
    evaluation = made_evaluation(sources=[copy, tmp_path / "gone.wav", ""])
    page = page_of(evaluation)
    players = page.all("audio")
    assert len(players) == len([w for w in evaluation.worst if w.source.endswith("name.wav")]) > 0
    assert all(attrs["src"].startswith("data:audio/") for attrs in players)
    assert not page_of(evaluation, players=False).all("audio")


def test_of_many_columns_the_telling_ones_stand_with_a_wrong_trial():
    columns = {name: [f"{name}-1"] * 420 for name in ("level_db", "speaker", "codec", "mood")}
    columns |= {"system": ["A07"] * 420, "attack": ["A07"] * 420}
    evaluation = made_evaluation(made_set(columns=columns), breakdowns={"mood": [made_group("mood-1", 9, 9)]})
    text = page_of(evaluation).sections["worst"]
    assert "mood mood-1 · attack A07 · speaker speaker-1 · codec codec-1" in text
    assert "level_db" not in text


@pytest.mark.parametrize("clip", clips(), ids=lambda path: path.suffix)
def test_a_player_plays_the_beginning(clip):
    import base64

    from truevoice.audio import load_audio

    made = player(str(clip), seconds=1.0)
    kind, data = re.fullmatch(
        r'<audio controls preload="none" src="data:(.+?);base64,([A-Za-z0-9+/=]+)"></audio>', made
    ).groups()
    assert kind in ("audio/mpeg", "audio/wav")
    heard, original = load_audio(base64.b64decode(data)), load_audio(clip)[:16_000]
    assert 0.9 * len(original) < len(heard) < len(original) + 4000
    assert len(data) < 20_000 or kind == "audio/wav"
    lag = np.argmax(np.correlate(heard, original[2000:12_000], "valid"))
    piece = heard[lag : lag + 10_000]
    assert np.corrcoef(piece, original[2000:12_000])[0, 1] > 0.9


def test_what_cannot_be_read_has_no_player(tmp_path):
    (tmp_path / "text.wav").write_text("no sound")
    assert player(str(tmp_path / "text.wav")) is None
    assert player(str(tmp_path / "gone.wav")) is None
    assert player(str(tmp_path)) is None


def test_players_stop_at_the_budget_and_it_is_said(monkeypatch):
    monkeypatch.setattr("truevoice.report.players.player", lambda source: "<audio></audio>" + " " * 400_000)
    shelf = Players(budget=1_000_000)
    assert [bool(shelf.add("x")) for _ in range(5)] == [True, True, False, False, False]
    assert shelf.skipped == 3
    page = page_of(made_evaluation(sources=["x.wav"]))
    assert len(page.all("audio")) == 7
    assert "3 recordings more would not fit" in page.sections["worst"]


def test_without_libsndfile_s_mp3_the_player_is_wav(monkeypatch):
    import soundfile

    write = soundfile.write

    def no_mp3(file, data, rate, subtype=None, **more):
        if more.get("format") == "MP3":
            raise ValueError("Unknown format: 'MP3'")
        write(file, data, rate, subtype, **more)

    monkeypatch.setattr(soundfile, "write", no_mp3)
    assert "data:audio/wav;base64,UklGR" in player(str(clips()[0]), seconds=0.2)


def test_texts_made_visible():
    assert visible("a\x1b\u2066é\u00a0") == "a\\u001b\\u2066é\u00a0"
    assert visible(None) is None
    assert len(short("x" * 1000)) <= 160
    assert short("begin" + "x" * 1000 + "end").startswith("begin")
    assert short("kurz") == "kurz"
