"""Folders that change as wholes: a process that dies at any step of the change leaves one of the two whole."""

import shutil
from pathlib import Path

import pytest

from truevoice.errors import UsageError
from truevoice.training import run_folder
from truevoice.training.metrics_log import MetricsLog
from truevoice.training.run_folder import RunFolder, has_checkpoint, put_in_place, recover, staged


class DiedError(BaseException):
    """Nothing catches it, as nothing catches a kill."""


def die_at(monkeypatch, step):
    """The process dies right before the `step`-th renaming or removal."""
    left = [step]

    def counted(real):
        def run(*arguments, **options):
            if left[0] == 0:
                raise DiedError
            left[0] -= 1
            return real(*arguments, **options)

        return run

    monkeypatch.setattr(Path, "rename", counted(Path.rename))
    monkeypatch.setattr(run_folder.shutil, "rmtree", counted(shutil.rmtree))


@pytest.mark.parametrize("step", range(5))
def test_a_death_at_any_step_leaves_one_whole(tmp_path, monkeypatch, step):
    last = tmp_path / "last"
    (last / "state").mkdir(parents=True)
    (last / "content").write_text("old")
    new = staged(last)
    (new / "state").mkdir()
    (new / "content").write_text("new")
    with monkeypatch.context() as patched:
        die_at(patched, step)
        if step < 4:
            with pytest.raises(DiedError):
                put_in_place(last)
        else:
            put_in_place(last)
    assert has_checkpoint(tmp_path), "whoever asks before the folder is mended finds it too"
    recover(last)
    assert (last / "content").read_text() == ("old" if step < 3 else "new")
    assert [path.name for path in tmp_path.iterdir()] == ["last"]


def test_a_death_before_the_first_checkpoint_leaves_nothing(tmp_path):
    run = RunFolder(tmp_path / "run")
    assert not run.enter(resume=True, force=False)
    (staged(run.last) / "half").write_text("x")
    run.metrics.write_text("{}")
    with pytest.raises(UsageError, match="holds a run already"):
        RunFolder(run.path).enter(resume=False, force=False)
    assert not run.enter(resume=True, force=False)
    assert not list(run.path.iterdir())


@pytest.mark.parametrize("asked", [{"force": True}, {"resume": True}, {}])
def test_folders_of_others_are_not_taken(tmp_path, asked):
    (tmp_path / "best").mkdir()
    (tmp_path / "best" / "thesis.txt").write_text("mine")
    with pytest.raises(UsageError, match=r"holds best/ without metrics.jsonl, so not of a run; -o names another"):
        RunFolder(tmp_path).enter(**{"force": False, "resume": False, **asked})
    assert (tmp_path / "best" / "thesis.txt").read_text() == "mine"


@pytest.mark.parametrize(("there", "keep"), [(30, 30), (30, 10), (30, 999), (25, 999), (0, 999)])
def test_the_log_goes_on_with_whole_lines(tmp_path, there, keep):
    """Also where the disk has less of it than was written before the power went."""
    lines = b'{"a": 1}\n\n' * 3
    (tmp_path / "log").write_bytes(lines[:there])
    log = MetricsLog(tmp_path / "log", keep=keep)
    log.add("end")
    log.close()
    written = (tmp_path / "log").read_bytes()
    assert written.endswith(b'{"event": "end"}\n')
    before = written.removesuffix(b'{"event": "end"}\n')
    assert lines.startswith(before)
    assert before.endswith(b"\n") or not before
    assert len(before) == {30: min(keep, 30), 25: 20, 0: 0}[there]
