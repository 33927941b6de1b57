"""docs/doctor.md says what the code says: its table and picture are remade, its commands run."""

import importlib.util
import re
import shlex
from pathlib import Path

import pytest

from truevoice.cli.__main__ import main
from truevoice.doctor import reported, scores, ties

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "doctor.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```console\n\$ truevoice (.*)\n((?:.+\n)+)```", PAGE)


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("draw_feasible", ROOT / "scripts" / "draw_feasible.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_table_and_the_picture_are_of_this_code(script):
    assert script.page(PAGE) == PAGE
    assert script.drawing() == script.PICTURE.read_text(encoding="utf-8")
    assert PAGE.count("**impossible**") == 6
    assert len(script.PAIRS) == 13


@pytest.mark.parametrize(("words", "output"), EXAMPLES)
def test_examples(capsys, words, output):
    with pytest.raises(SystemExit) as left:
        main(shlex.split(words))
    assert capsys.readouterr().out == output
    assert left.value.code == (3 if "error: " in output else 0)


def test_there_are_examples():
    assert len(EXAMPLES) >= 4


@pytest.mark.parametrize("module", [scores, ties])
def test_every_finding_is_explained(module):
    source = Path(module.__file__).read_text(encoding="utf-8")
    codes = set(
        re.findall(r'"([a-z]+(?:-[a-z]+)+|verdicts|duplicates)"(?:, (?:"error"|"warning"|severity)|, f")', source)
    )
    assert len(codes) >= 3
    assert {code for code in codes if f"`{code}`" not in PAGE} == set()


def test_every_explanation_is_listed():
    source = Path(reported.__file__).read_text(encoding="utf-8")
    codes = set(re.findall(r'Candidate\("([a-z-]+)"', source))
    assert len(codes) >= 6
    assert {code for code in codes if f"`reported-{code}`" not in PAGE} == set()
