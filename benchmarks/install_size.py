"""How much a plain install brings: a fresh virtual environment, `pip install .`, and what it weighs.

    python benchmarks/install_size.py

pip itself and setuptools are not counted, as every environment has them. Needs nothing but Python.
"""

import subprocess
import sys
import tempfile
import venv
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
NOT_OURS = {"pip", "setuptools", "pkg_resources", "_distutils_hack"}


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        python = Path(folder) / "bin" / "python"
        command = [python, "-m", "pip", "install", "-q", "--disable-pip-version-check", str(ROOT)]
        subprocess.run(command, check=True)
        site = next(Path(folder).glob("lib/python*/site-packages"))
        sizes: Counter[str] = Counter()
        compiled = 0
        for path in site.rglob("*"):
            top = path.relative_to(site).parts[0]
            if path.is_file() and top.split("-")[0] not in NOT_OURS:
                if path.suffix == ".pyc":
                    compiled += path.stat().st_size
                else:
                    sizes[top] += path.stat().st_size
    for name, size in sizes.most_common(12):
        print(f"{size / 1e6:8.1f} MB  {name}")
    print(f"{sum(sizes.values()) / 1e6:8.1f} MB  in all, as the packages bring it (uv, pip --no-compile)")
    print(f"{(sum(sizes.values()) + compiled) / 1e6:8.1f} MB  with the bytecode that pip compiles unless told not to")
    sys.exit(0)


if __name__ == "__main__":
    main()
