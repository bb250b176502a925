"""One event loop a process, whoever asks."""

import asyncio
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from workers.loop import on_the_loop

ROOT = Path(__file__).resolve().parents[2]


def test_all_threads_share_one_loop():
    async def which():
        return id(asyncio.get_running_loop()), threading.current_thread().name

    found = []
    threads = [threading.Thread(target=lambda: found.append(on_the_loop(which()))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1
    assert found[0][1] == "winnow-loop"


def test_an_exception_on_the_loop_reaches_the_caller():
    async def fail():
        raise LookupError("nothing there")

    with pytest.raises(LookupError, match="nothing there"):
        on_the_loop(fail())


def test_waiting_for_the_loop_on_the_loop_is_refused_rather_than_hanging():
    async def nested():
        on_the_loop(asyncio.sleep(0))

    with pytest.raises(RuntimeError, match="on the loop itself"):
        on_the_loop(nested())


def test_a_forked_process_gets_a_loop_of_its_own():
    code = """
import asyncio, os, sys
from workers import loop
loop.on_the_loop(asyncio.sleep(0))
parents = loop.the_loop()
child = os.fork()
if child == 0:
    loop.on_the_loop(asyncio.sleep(0))
    os._exit(3 if loop.the_loop() is parents else 0)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, timeout=60, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
