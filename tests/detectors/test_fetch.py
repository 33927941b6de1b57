"""Published weights: where they are said to be, fetched from a local server, checked, resumed, refused."""

import hashlib
import http.server
import threading
from dataclasses import replace

import pytest

from fakes import card
from truevoice.detectors import cache
from truevoice.detectors.card import Weights
from truevoice.errors import CheckpointError, UsageError

CONTENT = bytes(range(256)) * 2000


class Handler(http.server.BaseHTTPRequestHandler):
    """Serves CONTENT at /weights.bin with ranges, breaks off after `cut` bytes where that is set."""

    requests: list[str]
    cut: int | None
    content: bytes

    def do_GET(self):  # the library's name
        server = self.server
        server.requests.append(self.headers.get("Range", "whole"))
        if not self.path.endswith("weights.bin"):
            self.send_error(404)
            return
        first = int(self.headers["Range"][6:-1]) if "Range" in self.headers and server.ranges else 0
        self.send_response(206 if first else 200)
        self.send_header("Content-Length", str(len(server.content) - first))
        self.end_headers()
        self.wfile.write(server.content[first : server.cut])

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    running = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    running.requests, running.cut, running.content, running.ranges = [], None, CONTENT, True
    threading.Thread(target=running.serve_forever, daemon=True).start()
    yield running
    running.shutdown()
    running.server_close()


@pytest.fixture
def published(server, tmp_path, monkeypatch):
    monkeypatch.setenv("TRUEVOICE_CACHE", str(tmp_path / "cache"))
    url = f"http://127.0.0.1:{server.server_port}/weights.bin"
    return card(weights=Weights(url, "weights.bin", len(CONTENT), hashlib.sha256(CONTENT).hexdigest()))


def test_fetched_once_and_checked(server, published):
    seen = []
    path = cache.fetch_weights(published, progress=lambda done, total: seen.append((done, total)))
    assert path == cache.cached_weights(published)
    assert path.read_bytes() == CONTENT
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    assert cache.fetch_weights(published) == path
    assert len(server.requests) == 1


def test_a_broken_download_goes_on_where_it_stopped(server, published):
    server.cut = 100_000
    with pytest.raises(CheckpointError, match="run the command again"):
        cache.fetch_weights(published)
    assert not cache.cached_weights(published).exists()
    server.cut = None
    assert cache.fetch_weights(published).read_bytes() == CONTENT
    assert server.requests == ["whole", "bytes=100000-"]


def test_a_server_without_ranges(server, published):
    server.cut, server.ranges = 100_000, False
    with pytest.raises(CheckpointError):
        cache.fetch_weights(published)
    server.cut = None
    assert cache.fetch_weights(published).read_bytes() == CONTENT


def test_another_file_is_refused_and_deleted(server, published):
    server.content = CONTENT[:-1] + b"!"
    with pytest.raises(CheckpointError, match=r"not the published file.*deleted"):
        cache.fetch_weights(published)
    assert list(cache.cached_weights(published).parent.iterdir()) == []


def test_a_file_too_long_is_refused(server, published):
    server.content = CONTENT + b"more"
    with pytest.raises(CheckpointError, match="more than"):
        cache.fetch_weights(published)
    assert list(cache.cached_weights(published).parent.iterdir()) == []


def test_no_connection_and_no_such_address(server, published):
    absent = replace(published.weights, url=published.weights.url.replace("weights.bin", "gone"))
    with pytest.raises(CheckpointError, match="Not Found"):
        cache.fetch_weights(replace(published, weights=absent))
    nobody = replace(published.weights, url="http://127.0.0.1:9/weights.bin")
    with pytest.raises(CheckpointError, match="cannot fetch"):
        cache.fetch_weights(replace(published, weights=nobody))


def test_a_folder_of_ones_own_and_another_address(server, published, tmp_path):
    path = cache.fetch_weights(published, folder=tmp_path / "mine", url=published.weights.url + "?mirror=weights.bin")
    assert path == tmp_path / "mine" / "weights.bin"


def test_weights_that_are_absent_say_where_they_are(tmp_path, monkeypatch):
    monkeypatch.setenv("TRUEVOICE_CACHE", str(tmp_path))
    import truevoice

    with pytest.raises(CheckpointError) as caught:
        truevoice.load("aasist")
    line = str(caught.value)
    assert "\n" not in line
    for part in ("https://", "1,281,532 bytes", "51d2d9cf0738172f", "truevoice models fetch aasist", "--checkpoint"):
        assert part in line


def test_fetch_knows_what_it_cannot_fetch():
    from truevoice.commands.models import fetch

    with pytest.raises(UsageError, match=r"did you mean .*aasist"):
        fetch("aassist")
    with pytest.raises(CheckpointError, match="comes with the package"):
        fetch("mel-cnn")
