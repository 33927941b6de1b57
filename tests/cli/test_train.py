"""`truevoice train` as a user types it."""

import csv
import json

import pytest
import yaml

from speech import clips

PLAIN = ("--model", "mel-cnn", "--arguments", "channels=1", "--no-leak-report", "--device", "cpu")


def test_all_settings_are_shown_and_taken_back(cli, tmp_path):
    status, shown, _ = cli(
        "train", "--preset", "aasist", "--data", "x", "--lr", "3e-5", "--test", "wild=y", "--print-config"
    )
    settings = yaml.safe_load(shown)
    assert status == 0
    assert (settings["optimiser"]["lr"], settings["data"]["test"]) == (3e-5, {"wild": "y"})
    assert settings["loss"]["class_weights"] == "field"
    path = tmp_path / "run.yaml"
    path.write_text(shown)
    assert cli("train", "--config", path, "--print-config")[1] == shown
    over = yaml.safe_load(cli("train", "--config", path, "--epochs", 3, "--print-config")[1])
    assert (over["schedule"]["epochs"], over["optimiser"]["lr"]) == (3, 3e-5)


def test_one_argument_leaves_the_presets_others(cli):
    words = ("--preset", "mel-cnn", "--arguments", "dropout=0.3", "--print-config")
    assert yaml.safe_load(cli("train", *words)[1])["network"]["arguments"] == {"channels": 1, "dropout": 0.3}


def test_augmentation_by_words(cli):
    words = ("--preset", "ssl-anti-spoofing-la", "--print-config")
    assert yaml.safe_load(cli("train", *words)[1])["augment"][0]["algorithm"] == 5
    other = yaml.safe_load(cli("train", *words, "--augment", "rawboost:3@0.5", "--augment", "gain")[1])["augment"]
    assert [step["kind"] for step in other] == ["rawboost", "gain"]
    assert (other[0]["algorithm"], other[0]["probability"]) == (3, 0.5)
    assert yaml.safe_load(cli("train", *words, "--augment", "none")[1])["augment"] == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "which model?"),
        (["--model", "mel-cnn"], "which recordings?"),
        (["--model", "mel-cnn", "--data", "nowhere"], "where to? -o"),
        (["--model", "mel-cnn", "--data", "/nowhere", "-o", "{out}"], "/nowhere"),
        (["--model", "mel-cn", "--data", "{data}", "-o", "{out}"], "did you mean mel-cnn"),
        (["--preset", "melcnn"], "did you mean mel-cnn"),
        (["--config", "/nowhere.yaml"], "no such file"),
        (["--lrr", "1"], "Did you mean --lr?"),
        (["--model", "mel-cnn", "--data", "{data}", "-o", "{out}", "--arguments", "channels"], "NAME=VALUE"),
        (
            ["--model", "mel-cnn", "--data", "{data}", "-o", "{out}", "--arguments", "channel=1"],
            "did you mean channels",
        ),
        (["--model", "mel-cnn", "--data", "{data}", "-o", "{out}", "--trainable", "featur"], "featur"),
        (["--model", "mel-cnn", "--data", "{data}", "-o", "{out}", "--augment", "rawbost"], "did you mean rawboost"),
        (
            ["--model", "mel-cnn", "--data", "{data}", "-o", "{out}", "--log-to", "tensorbord"],
            "did you mean tensorboard",
        ),
        (["--model", "mel-cnn", "--data", "{data}", "-o", "{out}", "--train-splits", "dev"], "split"),
        (["--model", "mel-cnn", "--data", "{data}", "-o", "{out}", "--hold-out", "Nobody"], "states no speaker"),
        (["--model", "mel-cnn", "--data", "{data}/Real", "-o", "{out}"], "Real"),
        (["--model", "mel-cnn", "--data", "{data}", "-o", "{out}", "--seeds", "0"], "--seeds"),
    ],
)
def test_a_request_that_cannot_be_meant_is_one_line(cli, labelled_clips, tmp_path, words, said):
    filled = [str(word).format(data=labelled_clips, out=tmp_path / "run") for word in words]
    status, shown, err = cli("train", *filled)
    assert (status, shown) == (1, "")
    assert said in err
    assert err.count("\n") == 1
    assert err.startswith("truevoice: ")


def test_a_run_and_what_it_leaves(cli, labelled_clips, tmp_path):
    run = tmp_path / "run"
    words = (
        "train",
        *PLAIN,
        "--data",
        labelled_clips,
        "--test",
        f"same={labelled_clips}",
        "--batch-size",
        8,
        "-o",
        run,
    )
    status, shown, err = cli(*words, "--epochs", 2)
    assert (status, "validation" in shown, "EER" in shown) == (0, True, True), err
    assert "4,928 of 4,928 parameters learn" in err
    events = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert [one["epoch"] for one in events if one["event"] == "epoch"] == [1, 2]
    assert {*events[-2]["sets"]} == {"validation", "same"}
    assert (events[-2]["sets"]["same"]["n_bonafide"], events[-2]["sets"]["same"]["n_spoof"]) == (12, 12)
    with (run / "scores" / "same.csv").open() as file:
        assert len(list(csv.DictReader(file))) == 24
    for name in ("config.yaml", "curves.html", "best/config.json", "last/config.json"):
        assert (run / name).is_file(), name

    # every command takes what came out
    status, shown, _ = cli("score", clips()[0], "--checkpoint", run / "best", "-f", "json")
    assert status == 0
    assert 0 <= json.loads(shown)["results"][0]["p_spoof"] <= 1
    status, shown, _ = cli("evaluate", labelled_clips, "--checkpoint", run / "best", "--rounds", 0, "-f", "json")
    assert status == 0
    assert abs(json.loads(shown)["eer"] - best_figures(events)["eer"]) < 1e-9
    assert cli("evaluate", "--scores", run / "scores" / "same.csv", "--rounds", 0, "-q")[0] == 0

    # a folder that holds a run is not written over, and goes on where more is asked
    status, _, err = cli(*words, "--epochs", 2)
    assert (status, "--resume" in err) == (1, True)
    assert cli(*words, "--epochs", 2, "--resume", "-q")[0] == 0
    assert cli(*words, "--epochs", 3, "--resume", "-q")[0] == 0
    assert json.loads((run / "metrics.jsonl").read_text().splitlines()[-2])["epoch"] == 3


def best_figures(events):
    return next(one["sets"]["same"] for one in reversed(events) if one["event"] == "epoch" and one["best"])


def test_several_seeds_and_their_average(cli, labelled_clips, tmp_path):
    words = ("train", *PLAIN, "--data", labelled_clips, "--epochs", 1, "--batch-size", 8, "--seeds", 2)
    status, shown, err = cli(*words, "-o", tmp_path / "runs", "-f", "json")
    assert status == 0, err
    told = json.loads(shown)
    assert [run["seed"] for run in told["runs"]] == [0, 1]
    values = told["spread"]["validation"]["eer"]["values"]
    assert told["spread"]["validation"]["eer"]["mean"] == sum(values) / 2
    assert {"eer", "auc"} <= told["average"]["validation"].keys()
    assert cli("score", clips()[0], "--checkpoint", tmp_path / "runs" / "average", "-q")[0] == 0
    assert (tmp_path / "runs" / "curves.html").is_file()


def test_a_study_of_shares(cli, labelled_clips, tmp_path):
    plain = [word for word in PLAIN if word != "--no-leak-report"]
    words = ("train", *plain, "--data", labelled_clips, "--epochs", 1, "--batch-size", 4, "--subset-study", "50%,100%")
    status, shown, err = cli(*words, "-o", tmp_path / "runs", "-f", "json")
    assert status == 0, err
    assert [run["share"] for run in json.loads(shown)["runs"]] == ["50%", "100%"]
    counts = [
        json.loads((tmp_path / "runs" / f"share-{n}" / "metrics.jsonl").read_text().splitlines()[0]) for n in (50, 100)
    ]
    assert counts[0]["n_train"] * 2 == pytest.approx(counts[1]["n_train"], abs=2)
    looked = [path.parent.name for path in (tmp_path / "runs").glob("*/leaks.json")]
    assert looked == ["share-100"], "it holds the smaller share"
