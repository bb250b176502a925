"""Asking many questions at once, and handing each answer over in the caller's own thread as it arrives."""

import asyncio
import queue
import threading
from collections.abc import Callable, Sequence
from typing import Any
from weakref import WeakKeyDictionary

from . import llm
from .llm import Answer
from .loop import start_on_the_loop, the_loop


def ask_many(
    jobs: Sequence[dict[str, Any]],
    *,
    width: int,
    on_answer: Callable[[int, Answer], None],
    stop: threading.Event | None = None,
) -> None:
    """Ask many questions, at most `width` at a time, together with every other caller in this process that says the
    same width. Each job is a dict of `llm.ask`'s arguments.

    `on_answer(index, answer)` is called in the calling thread as each answer arrives, so that it can be stored at
    once on the caller's own database connection. A question's place is given up only when its answer has been stored,
    so that a killed process loses at most `width` answers, however slow storing is. When it raises, no further job is
    started, the answers of those under way are dropped, and the exception goes to the caller. Once `stop` is set no
    further job is started; those under way are waited for. A mistake in one job (a wrong argument) is raised after
    all others are done.
    """
    if width < 1:
        raise ValueError("At least one question at a time is needed.")
    llm.load()  # here rather than on the loop, which an import would hold up for two seconds
    crowd = _Crowd(jobs, width, stop or threading.Event())
    future = start_on_the_loop(crowd.ask_all())
    mistakes: list[Exception] = []
    try:
        for _ in jobs:
            index, answer = crowd.arrived.get()
            if isinstance(answer, Exception):
                mistakes.append(answer)
            elif answer is not None:
                on_answer(index, answer)
            crowd.let_go(index)
    except BaseException:
        crowd.stop.set()  # not cancelled: what was sent is paid for, and litellm leaves coroutines behind then
        crowd.let_go(*range(len(jobs)))
        raise
    future.result()
    if mistakes:
        raise mistakes[0]


class _Crowd:
    """Questions on the loop: each waits at the gate, is asked, and keeps its place until its answer is stored."""

    def __init__(self, jobs: Sequence[dict[str, Any]], width: int, stop: threading.Event) -> None:
        self.jobs, self.width, self.stop = jobs, width, stop
        self.arrived: queue.SimpleQueue[tuple[int, Answer | Exception | None]] = queue.SimpleQueue()
        self.stored = [asyncio.Event() for _ in jobs]

    async def ask_all(self) -> None:
        """Ask every question; done when each is answered and its answer stored."""
        gate = _gate(self.width)
        await asyncio.gather(*(self._ask(gate, index, job) for index, job in enumerate(self.jobs)))

    async def _ask(self, gate: asyncio.Semaphore, index: int, job: dict[str, Any]) -> None:
        async with gate:
            if self.stop.is_set():
                self.arrived.put((index, None))
                return
            try:
                self.arrived.put((index, await llm.ask(**job)))
            except Exception as error:
                self.arrived.put((index, error))
            await self.stored[index].wait()

    def let_go(self, *indexes: int) -> None:
        """Give up the places of these questions; called from the thread that stores."""
        for index in indexes:
            the_loop().call_soon_threadsafe(self.stored[index].set)


_gates: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[int, asyncio.Semaphore]] = WeakKeyDictionary()


def _gate(width: int) -> asyncio.Semaphore:
    """The one gate of that width on this process's loop, so that a service sees `width` calls and not threads times
    as many."""
    gates = _gates.setdefault(asyncio.get_running_loop(), {})
    return gates.setdefault(width, asyncio.Semaphore(width))
