"""`manage.py up` as a person meets it: as a program of its own, in a data folder of its own."""

import contextlib
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from workers import probe
from workers.supervisor import AlreadyRunning, Lock

pytestmark = pytest.mark.processes

ROOT = Path(__file__).resolve().parent.parent


def surroundings(data: Path) -> dict[str, str]:
    """The environment of a laptop with nothing set but the data folder."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("WINNOW_", "DATABASE_", "DJANGO_"))
    }
    return {**kept, "WINNOW_DATA": str(data)}


def up(data: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run it to its end."""
    return subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), "up", *arguments],
        env=surroundings(data),
        cwd=data,
        capture_output=True,
        text=True,
    )


class Serving:
    """`manage.py up` that goes on serving; what it has printed so far is in `said`."""

    def __init__(self, data: Path, port: int) -> None:
        self.data = data
        self.output = data / "printed"
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, str(ROOT / "manage.py"), "up", "--port", str(port)],
                env=surroundings(data),
                cwd=data,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        until = time.monotonic() + 90
        while "until Ctrl-C" not in self.said and self.process.poll() is None and time.monotonic() < until:
            time.sleep(0.1)

    @property
    def said(self) -> str:
        return self.output.read_text()

    def family(self) -> set[int]:
        """The pids of everything it started, and of what those started."""
        listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True).stdout
        pairs = [tuple(map(int, line.split())) for line in listed.splitlines()]
        found = {self.process.pid}
        while grown := {pid for pid, parent in pairs if parent in found} - found:
            found |= grown
        return found - {self.process.pid}


def still_there(pids: set[int]) -> set[int]:
    """Those of `pids` that run (not counting the dead that nobody has reaped)."""
    listed = subprocess.run(["ps", "-A", "-o", "pid=,stat="], capture_output=True, text=True).stdout
    pairs = [line.split() for line in listed.splitlines()]
    return {int(pid) for pid, state in pairs if not state.startswith("Z")} & pids


def rows(data: Path, table: str) -> int:
    with contextlib.closing(sqlite3.connect(data / "db.sqlite3")) as database:
        return database.execute(f"SELECT count(*) FROM {table}").fetchone()[0]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def test_it_serves_stops_at_ctrl_c_and_the_next_start_asks_nothing_again(tmp_path: Path) -> None:
    port = free_port()
    first = Serving(tmp_path, port)
    try:
        family = first.family()
        assert f"Serving at http://127.0.0.1:{port}/ until Ctrl-C" in first.said
        assert probe.ask("127.0.0.1", port, name="localhost") == (200, "")
        assert len(family) == 3  # gunicorn, its process, the Celery worker
    finally:
        first.process.send_signal(signal.SIGINT)
        status = first.process.wait(timeout=30)
    assert status == 0, first.said
    assert "Traceback" not in first.said
    assert first.said.endswith(f"Stopped. Everything is kept in {tmp_path}\n")
    assert still_there(family) == set()
    proposed = rows(tmp_path, "screening_proposal")
    assert (proposed, rows(tmp_path, "screening_run")) == (5, 1)
    asked = rows(tmp_path, "reviews_llmcall")

    second = Serving(tmp_path, port)
    family = second.family()
    # Outright where the kernel then stops the children; elsewhere there is no such promise.
    second.process.send_signal(signal.SIGKILL if sys.platform.startswith("linux") else signal.SIGTERM)
    second.process.wait()
    assert "until Ctrl-C" in second.said
    until = time.monotonic() + 10
    while still_there(family) and time.monotonic() < until:
        time.sleep(0.1)
    assert (len(family), still_there(family)) == (3, set())
    assert rows(tmp_path, "reviews_llmcall") == asked
    assert (rows(tmp_path, "screening_proposal"), rows(tmp_path, "screening_run")) == (5, 1)


def test_a_second_one_on_the_same_data_is_refused_in_plain_words(tmp_path: Path) -> None:
    lock = Lock(tmp_path / "up.lock", holder="process 7, asked to listen on 127.0.0.1 port 8000")
    refused = up(tmp_path, "--port", "8000")
    lock.release()
    assert refused.returncode == 1
    assert refused.stderr == (
        f"CommandError: Winnow is already running on {tmp_path} (process 7, asked to listen on 127.0.0.1 "
        "port 8000). Nothing was changed. Stop the other one with Ctrl-C in its terminal, or keep a second "
        "set of data: WINNOW_DATA=./var2 make run PORT=8001\n"
    )
    assert not (tmp_path / "db.sqlite3").exists()


def test_a_taken_port_is_named_and_another_one_suggested(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        refused = up(tmp_path, "--port", str(port))
    assert refused.returncode == 1
    assert refused.stderr == (
        f"CommandError: Port {port} on 127.0.0.1 is taken by another program. Nothing was changed. Choose "
        f"another port: make run PORT={port + 1}\n"
    )
    assert not (tmp_path / "db.sqlite3").exists()


def test_an_address_of_another_machine_is_refused_in_plain_words(tmp_path: Path) -> None:
    refused = up(tmp_path, "--host", "192.0.2.1")
    assert refused.returncode == 1
    assert refused.stderr.startswith("CommandError: This machine cannot listen on 192.0.2.1 port 8000: ")
    assert not (tmp_path / "db.sqlite3").exists()


def test_a_second_holder_is_refused_and_told_who_is_first(tmp_path: Path) -> None:
    path = tmp_path / "up.lock"
    first = Lock(path, holder="process 7, port 8000")
    with pytest.raises(AlreadyRunning) as caught:
        Lock(path, holder="process 8")
    assert caught.value.holder == "process 7, port 8000"
    first.release()
    second = Lock(path, holder="process 8")
    assert path.read_text() == "process 8\n"
    second.release()


def test_the_lock_ends_with_its_holder_even_while_children_live(tmp_path: Path) -> None:
    path = tmp_path / "up.lock"
    code = f"""
        import subprocess, sys, time
        sys.path.insert(0, {str(ROOT)!r})
        from pathlib import Path
        from workers.supervisor import Lock
        lock = Lock(Path({str(path)!r}), holder="first")
        sleep = [sys.executable, "-S", "-c", "import time; time.sleep(60)"]
        child = subprocess.Popen(sleep, stdout=subprocess.DEVNULL)
        print(child.pid, flush=True)
        time.sleep(60)
    """
    process = subprocess.Popen(
        [sys.executable, "-S", "-c", textwrap.dedent(code)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    child = int(process.stdout.readline())
    try:
        with pytest.raises(AlreadyRunning, match=r"^first$"):
            Lock(path, holder="second")
        process.kill()
        process.communicate()
        os.kill(child, 0)  # still there
        Lock(path, holder="second").release()
    finally:
        os.kill(child, signal.SIGKILL)
