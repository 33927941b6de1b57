"""Options that every command has, written once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

Out = Annotated[Path | None, Parameter(name=["--out", "-o"])]
FormatNames = Annotated[str | None, Parameter(name=["--format", "-f"])]
Quiet = Annotated[bool, Parameter(name=["--quiet", "-q"], negative=())]
