"""The page of a run's course: from metrics.jsonl alone, also of killed, resumed and damaged runs."""

import json
import re
from xml.etree import ElementTree

import pytest

from made_runs import made_epoch, made_steps, write_run
from truevoice.errors import UsageError
from truevoice.report.learning_page import learning_page, subset_points, write_learning_page
from truevoice.report.run_history import read_history

EPOCHS = [
    made_epoch(n, 1 / n, 0.2 + 0.1 * abs(n - 2), eer, best=n < 3, wild=0.25)
    for n, eer in enumerate([0.2, 0.1, 0.15], 1)
]


def test_a_page_and_a_picture_of_one_run(tmp_path):
    run = write_run(tmp_path / "run", EPOCHS, steps=made_steps(3))
    page, picture = learning_page(run)
    assert (page, picture) == (run / "curves.html", run / "curves.svg")
    text = page.read_text()
    for words in ("best epoch is 2 of 3", "Overfitting from epoch 2", "all epochs done", "10.0\u00a0%", "wild"):
        assert words in text
    assert not re.findall(r'(?:src|href)="(?!#)', text)  # nothing is loaded
    root = ElementTree.fromstring(picture.read_text())
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert "prefers-color-scheme: dark" in picture.read_text()


def test_the_same_run_gives_the_same_bytes(tmp_path):
    run = write_run(tmp_path, EPOCHS)
    first = [path.read_bytes() for path in learning_page(run)]
    assert [path.read_bytes() for path in learning_page(run)] == first


def test_a_run_that_was_killed_and_resumed_has_each_epoch_and_step_once(tmp_path):
    steps = made_steps(2)
    run = write_run(
        tmp_path, [EPOCHS[0], {**EPOCHS[1], "train_loss": 9.0}, EPOCHS[1]], steps=[*steps, *steps[5:]], stopped=""
    )
    with (run / "metrics.jsonl").open("a") as file:
        file.write('{"event": "epoch", "epo')  # killed in the middle of a line
    found = read_history(run)
    assert [epoch["epoch"] for epoch in found.epochs] == [1, 2]
    assert found.epochs[1]["train_loss"] == 0.5
    assert [step["step"] for step in found.steps] == list(range(1, 21))
    assert (found.best_epoch, found.unread, found.stopped) == (2, 0, "")
    assert "has not ended" in learning_page(run)[0].read_text()


def test_damaged_lines_are_counted_and_the_rest_is_read(tmp_path):
    run = write_run(tmp_path, EPOCHS)
    lines = (run / "metrics.jsonl").read_text().splitlines()
    bad = [
        "{",
        "3",
        '{"event": "epoch", "epoch": 2}',
        '{"event": "epoch", "epoch": "x", "step": 1}',
        '{"event": "epoch", "epoch": 9, "step": 1, "sets": 3}',
    ]
    (run / "metrics.jsonl").write_text("\n".join([*lines[:2], *bad, *lines[2:]]) + "\n")
    found = read_history(run)
    assert len(found.epochs) == 3
    assert found.unread == len(bad)
    assert f"{len(bad)} lines of metrics.jsonl cannot be read" in learning_page(run)[0].read_text()


def test_several_runs_and_shares(tmp_path):
    runs = {}
    for share, eer in (("10%", 0.3), ("0.5", 0.2), ("100%", 0.1)):
        for seed in (0, 1):
            epoch = made_epoch(1, 0.5, 0.5, eer + 0.02 * seed, best=True)
            runs[f"{share}-{seed}"] = write_run(tmp_path / f"{share}-{seed}", [epoch], subset=share)
    points = subset_points({name: read_history(run) for name, run in runs.items()})
    assert [point.share for point in points] == [0.1, 0.1, 0.5, 0.5, 1, 1]
    assert points[0].eers == {"validation": pytest.approx(0.3)}
    page, _ = write_learning_page(runs, tmp_path / "study.html")
    text = page.read_text()
    assert 'id="subsets"' in text
    assert "11.00 ± 1.41\u00a0%" in text  # 10 and 12 %
    assert text.count('role="img"') == 2 + len(runs)


def test_seeds_alone_have_no_chart_of_shares(tmp_path):
    runs = {f"seed {n}": write_run(tmp_path / str(n), EPOCHS, subset="100%") for n in (0, 1)}
    assert 'id="subsets"' not in write_learning_page(runs, tmp_path / "all.html")[0].read_text()


def test_a_run_without_epochs_is_named_and_the_others_are_drawn(tmp_path):
    runs = {
        "good": write_run(tmp_path / "good", EPOCHS),
        "early": write_run(tmp_path / "early", [], stopped=""),
        "absent": tmp_path / "absent",
    }
    text = write_learning_page(runs, tmp_path / "all.html")[0].read_text()
    assert "no epoch is finished yet" in text
    assert "no such file" in text
    with pytest.raises(UsageError, match=r"early: no epoch is finished yet"):
        learning_page(runs["early"])
    with pytest.raises(UsageError, match=r"absent.*no such file"):
        learning_page(runs["absent"])


def test_hostile_names_are_text(tmp_path):
    nasty = '<script>alert("x")</script>'
    run = write_run(tmp_path / "run", [made_epoch(1, 1, 1, 0.1, **{nasty: 0.2})], stopped=nasty)
    text = write_learning_page({nasty: run, "other": run}, tmp_path / "p.html")[0].read_text()
    assert "<script" not in text
    json.loads((run / "metrics.jsonl").read_text().splitlines()[1])
