"""`manage.py up` as a person meets it: as a program of its own, in a data folder of its own."""

import os
import signal
import socket
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from workers.supervisor import AlreadyRunning, Lock

ROOT = Path(__file__).resolve().parent.parent


def up(data: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run it to its end."""
    kept = {
        name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "WINNOW_BROKER_URL")
    }
    return subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), "up", *arguments],
        env={**kept, "WINNOW_DATA": str(data)},
        cwd=data,
        capture_output=True,
        text=True,
    )


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
