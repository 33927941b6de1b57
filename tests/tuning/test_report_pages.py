"""docs/reports says what the code says: tables and consoles are remade, commands understood, links lead somewhere."""

import importlib.util
import re
import shlex
from pathlib import Path

import pytest

from truevoice.cli.__main__ import app
from truevoice.training.recipe import presets
from truevoice.tuning.presets import search_presets

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docs" / "reports"
PAGES = sorted(FOLDER.glob("*.md"))
OTHERS = [ROOT / "docs" / "tuning.md"]


def commands():
    """Every `truevoice` line of the pages' shell blocks, continued lines joined."""
    for path in [*PAGES, *OTHERS]:
        for block in re.findall(r"```(?:sh|console)\n(.*?)```", path.read_text(encoding="utf-8"), re.DOTALL):
            for line in block.replace("\\\n", " ").splitlines():
                if line.removeprefix("$ ").startswith("truevoice "):
                    yield pytest.param(line.removeprefix("$ "), id=f"{path.stem}: {line[:40]}")


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("report_pages", ROOT / "scripts" / "report_pages.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_there_is_a_page_for_each_report_and_one_for_all():
    assert len(PAGES) == 6
    index = (FOLDER / "README.md").read_text(encoding="utf-8")
    for path in PAGES:
        text = path.read_text(encoding="utf-8")
        if path.name != "README.md":
            assert f"({path.name})" in index
            for heading in ("**What was done.**", "## In one command", "## Which figures cannot stand"):
                assert heading in text
            assert text.count("<!-- console: truevoice doctor") >= 1


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_tables_and_consoles_are_of_this_code(script, path):
    text = path.read_text(encoding="utf-8")
    assert script.remade(text) == text


def test_every_pair_stands_on_a_page(script):
    index = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert all(f"| {eer} | {auc} |" in index for eer, auc in script.pairs())
    assert index.count("**cannot stand**") == 6
    told = " ".join(path.read_text(encoding="utf-8") for path in PAGES)
    assert all(f"--eer {eer} --auc {auc} -->" in told for eer, auc in script.pairs()[:6])


def test_a_changed_table_is_made_anew(script):
    page = "a\n\n<!-- table point -->\n\nanything\n\n<!-- end -->\n\nb\n"
    assert script.point_table() in script.remade(page)
    assert script.remade(page).startswith("a\n\n<!-- table point -->")
    assert script.remade(page).endswith("<!-- end -->\n\nb\n")


@pytest.mark.parametrize("command", commands())
def test_commands_are_understood(command):
    """Every option is there, with a value of its kind; what --preset and --trainable name is known."""
    words = shlex.split(command)[1:]
    _, bound, *_ = app.parse_args(words, print_error=False, exit_on_error=False)
    named = bound.arguments.get("preset")
    assert named is None or named in presets() or named in search_presets()


def test_links_lead_somewhere():
    for path in [*PAGES, *OTHERS]:
        for link in re.findall(r"\]\(([^)#:]+)\)", path.read_text(encoding="utf-8")):
            assert (path.parent / link).exists(), f"{path.name}: {link}"
