"""The question to the web process: asked of a real server, in the way the health checks ask it."""

import http.server
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from workers import probe

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def answering() -> Iterator[tuple[http.server.HTTPServer, list[str]]]:
    """A server that says ok to the name review.example.org only."""
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(f"{self.path} {self.headers['Host']}")
            self.send_response(200 if self.headers["Host"] == "review.example.org" else 400)
            self.end_headers()
            self.wfile.write(b"who?")

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server, asked
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_probe_asks_under_a_name_the_web_process_knows(
    answering: tuple[http.server.HTTPServer, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    server, asked = answering
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert probe.ask("127.0.0.1", server.server_port, name="review.example.org") == (200, "")
    assert probe.ask("127.0.0.1", server.server_port, name="elsewhere") == (
        400,
        "/healthz answered 400: who?",
    )
    assert asked == ["/healthz review.example.org", "/healthz elsewhere"]


@pytest.mark.parametrize(
    ("allowed", "name"),
    [
        ([], "localhost"),
        ([""], "localhost"),
        (["*"], "localhost"),
        (["localhost", "127.0.0.1"], "localhost"),
        ([" review.example.org", "localhost"], "review.example.org"),
        ([".example.org"], "example.org"),
    ],
)
def test_the_name_comes_from_the_allowed_hosts(allowed: list[str], name: str) -> None:
    assert probe.known_as(allowed) == name


def test_the_probe_as_a_program_fails_loudly(answering: tuple[http.server.HTTPServer, list[str]]) -> None:
    server, _ = answering
    port = str(server.server_port)
    command = [sys.executable, "-I", str(ROOT / "workers/probe.py"), port]
    env = {**os.environ, "WINNOW_ALLOWED_HOSTS": "review.example.org"}
    assert subprocess.run(command, env=env).returncode == 0
    env["WINNOW_ALLOWED_HOSTS"] = "other.example.org"
    refused = subprocess.run(command, env=env, capture_output=True, text=True)
    assert (refused.returncode, refused.stderr) == (1, "/healthz answered 400: who?\n")
