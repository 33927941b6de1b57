"""A study on the terminal: the headline, a sentence a set, the table of before and after."""

from __future__ import annotations

from truevoice.cli.comparison_screen import show_comparison
from truevoice.cli.screen import console, shown
from truevoice.comparison.study import Study


def show_study(found: Study) -> None:
    """All of it on standard output."""
    show_comparison(found.comparison, found.findings)
    out = console()
    out.print()
    out.print(f"[bold]{shown(found.summary.headline)}[/]")
    for sentence in found.summary.sentences:
        out.print(shown(sentence))
    for path in found.written:
        out.print(f"wrote {shown(str(path))}", style="dim")
