"""How the tests of the command line run it."""

import pytest

from truevoice.cli.__main__ import main


@pytest.fixture
def cli(capsys, monkeypatch):
    """Runs the command line; gives its status, standard output and standard error."""
    monkeypatch.setenv("COLUMNS", "160")

    def run(*words):
        with pytest.raises(SystemExit) as left:
            main([str(word) for word in words])
        shown = capsys.readouterr()
        return left.value.code, shown.out, shown.err

    return run
