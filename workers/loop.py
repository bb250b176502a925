"""One long-lived event loop a process, on a thread of its own.

`asyncio.run()` in every task would leak connections and mix up litellm's queues, which belong to one loop. The loop is
made on first use, again in a process that was forked, and lives until the process ends.
"""

import asyncio
import os
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")

_lock = threading.Lock()
_loops: dict[int, asyncio.AbstractEventLoop] = {}


def _after_fork() -> None:
    """In a child the parent's loop has no thread, and its lock may have been held for ever."""
    global _lock
    _lock = threading.Lock()
    _loops.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def the_loop() -> asyncio.AbstractEventLoop:
    """This process's event loop, running."""
    with _lock:
        loop = _loops.get(os.getpid())
        if loop is None:
            loop = asyncio.new_event_loop()
            threading.Thread(target=loop.run_forever, name="winnow-loop", daemon=True).start()
            _loops[os.getpid()] = loop
        return loop


def start_on_the_loop(coro: Coroutine[Any, Any, T]) -> Future[T]:
    """Start a coroutine on the loop from any thread; the future can be waited for or cancelled."""
    return asyncio.run_coroutine_threadsafe(coro, the_loop())


def on_the_loop(coro: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on the loop from any other thread and return its result, or raise what it raised.

    When the waiting thread is interrupted, the coroutine is cancelled. Raises RuntimeError when called on the loop's
    own thread, where waiting would never end.
    """
    try:
        running = asyncio.get_running_loop()
    except RuntimeError:
        running = None
    if running is not None and running is the_loop():
        coro.close()
        raise RuntimeError("on_the_loop() was called on the loop itself; await the coroutine instead.")
    future = start_on_the_loop(coro)
    try:
        return future.result()
    except BaseException:
        future.cancel()
        raise
