"""Training runs by hand: what metrics.jsonl and config.yaml of a run hold, without training anything."""

import json


def made_epoch(epoch, train_loss, loss, eer=0.1, *, best=False, steps=10, **sets):
    """A line of metrics.jsonl; `sets`: further sets' EERs by name."""

    def figures(loss, eer):
        return {"loss": loss, "accuracy": 1 - eer, "eer": eer, "auc": 1 - eer, "threshold": 0.0} | {
            "n_bonafide": 40,
            "n_spoof": 60,
        }

    found = {"validation": figures(loss, eer)} | {name: figures(loss, value) for name, value in sets.items()}
    core = {"event": "epoch", "epoch": epoch, "step": epoch * steps, "train_loss": train_loss, "seconds": 1.5}
    return {**core, "best": best, "sets": found}


def made_steps(epochs, steps=10):
    return [
        {"event": "step", "epoch": step / steps, "step": step, "loss": 1 / step, "lr": 1e-4}
        for step in range(1, epochs * steps + 1)
    ]


def write_run(folder, epochs, *, steps=(), subset="", stopped="all epochs done", n_train=300):
    """A run's folder with these lines."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = [{"event": "start", "n_train": n_train}, *steps, *epochs]
    if stopped:
        lines.append({"event": "end", "stopped": stopped, "best_epoch": 1, "seconds": 3.0})
    (folder / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    if subset:
        (folder / "config.yaml").write_text(f"network:\n  model: mel-cnn\ndata:\n  subset: {subset}\n")
    return folder
