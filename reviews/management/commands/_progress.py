"""How a command says how far long work is, and how Ctrl-C stops it cleanly."""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, TextIO

from reviews.jobs import Cancelled

ON_A_TERMINAL, IN_A_LOG = 0.5, 10.0  # seconds between two lines


class Progress:
    """A Report that writes to `stream`: over one line on a terminal, else a line now and then."""

    def __init__(self, stream: Any) -> None:
        self.stream: TextIO = stream
        self.terminal = bool(stream.isatty())
        self.stopped = False
        self.phase, self.began, self.told = "", 0.0, time.monotonic()

    def __call__(self, phase: str, done: int, of: int | None = None) -> None:
        """See Report."""
        if self.stopped:
            raise Cancelled
        moment = time.monotonic()
        if phase != self.phase:
            self.phase, self.began = phase, moment
        if moment - self.told < (ON_A_TERMINAL if self.terminal else IN_A_LOG):
            return
        self.told = moment
        self._write(f"{phase}: {done:,}{f' of about {of:,}' if of and of != done else ''}{self._rate(done)}")

    def _rate(self, done: int) -> str:
        gone = time.monotonic() - self.began
        return f", {done / gone:,.0f} a second" if gone > 1 and done else ""

    def _write(self, line: str) -> None:
        self.stream.write(f"\r\x1b[K{line}" if self.terminal else line, ending="" if self.terminal else "\n")  # type: ignore[call-arg]
        self.stream.flush()

    def clear(self) -> None:
        """Take the line off the terminal."""
        if self.terminal:
            self._write("")


@contextmanager
def stoppable(progress: Progress) -> Iterator[None]:
    """While it lasts, Ctrl-C (or SIGTERM) makes `progress` raise Cancelled at the next report; a second one kills."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, frame: FrameType | None) -> None:
        progress.stopped = True
        for each, handler in before.items():
            signal.signal(each, handler)

    before = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}
    for each in before:
        signal.signal(each, stop)
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
