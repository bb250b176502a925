"""Keep a few programs running as one: start, restart with back-off, stop together. Standard library only.

`manage.py up` uses it to run the web server and the Celery worker under one command on a laptop; an institute
runs the same programs under compose or systemd instead and never comes here.

What it promises:

- A child that dies is started again after a growing pause. One that dies `max_deaths` times within `window`
  seconds ends everything, and the error carries its last words.
- SIGINT, SIGTERM or SIGHUP: every child gets SIGTERM, and SIGKILL when it is still there after `grace`
  seconds. A second signal shortens the grace to nothing.
- On Linux a child also dies when the supervisor itself is killed with SIGKILL (the kernel sees to that, see
  `_exec_bound`). Elsewhere nothing can see to it; there, as everywhere, every child leads a process group of
  its own, so that stopping it takes its own children along.
"""

import ctypes
import fcntl
import os
import re
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType, TracebackType
from typing import IO, Any, Self

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
PR_SET_PDEATHSIG = 1
TICK = 0.1  # seconds between two looks at the children
LOG_LIMIT = 5_000_000  # bytes; a larger log is set aside at the next start

# A dated line begins a message (Django's, gunicorn's and Celery's all do); the lines after it belong to it.
_DATED = re.compile(rb"^\[?\d{4}-\d\d-\d\d[ T]")
_ALARMING = re.compile(rb"\b(ERROR|CRITICAL)\b")


class Stopped(Exception):
    """Somebody asked for an end (Ctrl-C, SIGTERM, a closed terminal). Not a failure."""


class KeepsDying(Exception):
    """A child died too often. `name`, `log` (where all its words are) and `last_words` say which and why."""

    def __init__(self, name: str, *, deaths: int, window: float, log: Path, last_words: str) -> None:
        super().__init__(f"{name} stopped {deaths} times within {window:.0f} seconds")
        self.name = name
        self.log = log
        self.last_words = last_words


class AlreadyRunning(Exception):
    """Another process holds the lock; `holder` is the line it wrote there."""

    def __init__(self, holder: str) -> None:
        super().__init__(holder)
        self.holder = holder


class Lock:
    """One holder at a time for a file, released by the kernel however the holder ends (flock).

    Children do not inherit it: Python opens files so that they close when another program is started.
    """

    def __init__(self, path: Path, *, holder: str) -> None:
        """Take the lock at `path` and leave `holder` there for whoever comes second.

        Raises AlreadyRunning when somebody else has it.
        """
        self._file: IO[str] = path.open("a+", encoding="utf-8")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._file.seek(0)
            said = self._file.read().strip()
            self._file.close()
            raise AlreadyRunning(said) from None
        self._file.truncate(0)
        self._file.write(holder + "\n")
        self._file.flush()

    def release(self) -> None:
        """Let the next one have it. The file stays: removing it would let two processes lock two files."""
        self._file.truncate(0)
        self._file.close()


@dataclass
class Child:
    """One program to keep running: its `name` in messages, its command line, and where its words go."""

    name: str
    argv: Sequence[str]
    log: Path
    process: subprocess.Popen[bytes] | None = None
    start_again_at: float | None = None  # monotonic seconds
    deaths: deque[float] = field(default_factory=deque)
    said_from: int = 0  # where in the log the present life begins, bytes
    read_to: int = 0  # how much of the log has been looked at for errors, bytes
    alarmed: bool = False  # whether the last dated line was an error

    def last_words(self, lines: int = 20) -> str:
        """The end of what the child wrote since it was last started."""
        with self.log.open("rb") as log:
            log.seek(self.said_from)
            return b"\n".join(log.read().splitlines()[-lines:]).decode(errors="replace")

    def new_errors(self) -> list[str]:
        """Lines of error messages (with their tracebacks) written since the last call."""
        size = self.log.stat().st_size
        if size == self.read_to:
            return []
        if size < self.read_to:  # emptied by somebody meanwhile
            self.read_to = 0
        with self.log.open("rb") as log:
            log.seek(self.read_to)
            fresh = log.read()
        whole = fresh[: fresh.rfind(b"\n") + 1]  # a line still being written waits for its end
        self.read_to += len(whole)
        shown = []
        for line in whole.splitlines():
            if _DATED.match(line):
                self.alarmed = bool(_ALARMING.search(line))
            if self.alarmed:
                shown.append(line.decode(errors="replace"))
        return shown


class Supervisor:
    """Runs children from `with Supervisor(...) as supervisor:` to the end of that block, whatever ends it.

    `say` is told, in plain words, what happens to the children; `show` is given the error lines they write.
    All times are in seconds. Use it from the main thread only: it takes over the stop signals, and the
    kernel's promise above holds for as long as the starting thread lives.
    """

    def __init__(
        self,
        *,
        say: Callable[[str], object],
        show: Callable[[str], object] | None = None,
        env: Mapping[str, str] | None = None,
        grace: float = 15.0,
        first_pause: float = 0.5,
        max_deaths: int = 5,
        window: float = 60.0,
    ) -> None:
        self.children: list[Child] = []
        self._say = say
        self._show = show or say
        self._env = dict(env) if env is not None else None
        self._grace = grace
        self._first_pause = first_pause
        self._max_deaths = max_deaths
        self._window = window
        self._asked_to_stop = 0
        self._asked_at = 0.0
        self._handlers: dict[int, Any] = {}

    def __enter__(self) -> Self:
        for number in STOP_SIGNALS:
            self._handlers[number] = signal.signal(number, self._on_signal)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.stop()
        finally:
            for number, handler in self._handlers.items():
                signal.signal(number, handler)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        # Only a mark: the loops below look at it. Raising here could lose a child between its start and
        # the line that writes it down.
        # `make` passes on a signal that the terminal has sent to both, so a second one at once is an echo.
        now = time.monotonic()
        if not self._asked_to_stop or now - self._asked_at > 0.5:
            self._asked_to_stop += 1
            self._asked_at = now

    def _patience(self) -> float:
        return 0.0 if self._asked_to_stop > 1 else self._grace

    def start(self, name: str, argv: Sequence[str], *, log: Path) -> Child:
        """Start `argv` and keep it running; what it writes is appended to `log`."""
        set_aside_when_large(log)
        child = Child(name=name, argv=argv, log=log)
        self.children.append(child)
        self._launch(child)
        child.read_to = child.said_from
        return child

    def _launch(self, child: Child) -> None:
        # A group of its own: Ctrl-C in the terminal reaches the supervisor only, which then stops the
        # children in its own order.
        with child.log.open("ab") as log:
            child.said_from = log.tell()
            child.process = subprocess.Popen(  # noqa: S603 - the command lines come from our own code
                bound_to_this_process(child.argv),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self._env,
                process_group=0,
            )
        child.start_again_at = None

    def run(self, name: str, argv: Sequence[str], *, log: Path) -> tuple[int, str]:
        """Run a program to its end while the children are looked after; its exit status and its last words.

        Raises Stopped and KeepsDying as `watch` does; the program is then stopped too.
        """
        set_aside_when_large(log)
        task = Child(name=name, argv=argv, log=log)
        self._launch(task)
        process = task.process
        assert process is not None
        try:
            self.watch(until=lambda: process.poll() is not None)
        finally:
            _end([process], grace=self._patience)
        return process.returncode, task.last_words()

    def watch(self, *, until: Callable[[], bool] = lambda: False, timeout: float | None = None) -> bool:
        """Look after the children until `until()` is true (answers True) or `timeout` has passed (False).

        Raises Stopped when a stop signal came, KeepsDying when a child cannot be kept alive.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            if self._asked_to_stop:
                raise Stopped
            for child in self.children:
                self._look_after(child)
            if until():
                return True
            if deadline is not None and time.monotonic() >= deadline:
                return False
            time.sleep(TICK)

    def _look_after(self, child: Child) -> None:
        for line in child.new_errors():
            self._show(f"{child.name}: {line}")
        now = time.monotonic()
        if child.process is None:
            if child.start_again_at is not None and now >= child.start_again_at:
                self._launch(child)
            return
        status = child.process.poll()
        if status is None:
            return
        _signal_group(child.process, signal.SIGKILL)  # what it may have left behind
        child.process = None
        child.deaths.append(now)
        while child.deaths and child.deaths[0] < now - self._window:
            child.deaths.popleft()
        if len(child.deaths) >= self._max_deaths:
            raise KeepsDying(
                child.name,
                deaths=len(child.deaths),
                window=self._window,
                log=child.log,
                last_words=child.last_words(),
            )
        pause = self._first_pause * 2 ** (len(child.deaths) - 1)
        child.start_again_at = now + pause
        self._say(
            f"{child.name} stopped by itself ({describe_status(status)}); starting it again in "
            f"{pause:.1f} s. Its words are in {child.log}"
        )

    def stop(self) -> None:
        """Stop every child: SIGTERM, then SIGKILL for what is left after the grace. Safe to call twice."""
        running = {c.name: c.process for c in self.children if c.process is not None}
        if running:
            self._say(f"Stopping {' and '.join(running)} ...")
        _end(list(running.values()), grace=self._patience)
        for child in self.children:
            child.process = None
            child.start_again_at = None


def _end(processes: Sequence[subprocess.Popen[bytes]], *, grace: Callable[[], float]) -> None:
    """TERM to all, KILL to those still there after `grace()` seconds; returns when all are gone."""
    alive = [process for process in processes if process.poll() is None]
    for process in alive:
        process.terminate()
    began = time.monotonic()
    while any(process.poll() is None for process in alive) and time.monotonic() - began < grace():
        time.sleep(TICK / 2)
    for process in processes:
        _signal_group(process, signal.SIGKILL)
        process.wait()


def _signal_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    try:
        os.killpg(process.pid, number)
    except (ProcessLookupError, PermissionError):  # all gone; macOS says the latter of a group of zombies
        return


def set_aside_when_large(log: Path, *, limit: int = LOG_LIMIT) -> None:
    """Rename a log above `limit` bytes to `<name>.1`, replacing the one before."""
    log.touch()
    if log.stat().st_size > limit:
        log.replace(log.with_name(log.name + ".1"))
        log.touch()


def describe_status(status: int) -> str:
    """'exit status 3' or 'SIGKILL', from what Popen.returncode holds."""
    if status >= 0:
        return f"exit status {status}"
    try:
        return signal.Signals(-status).name
    except ValueError:
        return f"signal {-status}"


def bound_to_this_process(argv: Sequence[str]) -> list[str]:
    """`argv`, on Linux by way of `_exec_bound`, so that it does not outlive this process.

    -I -S: no start-up code and nothing from this folder, where `celery.py` is not Celery.
    """
    if not sys.platform.startswith("linux"):
        return list(argv)
    return [sys.executable, "-I", "-S", str(Path(__file__).resolve()), str(os.getpid()), *argv]


def _exec_bound(parent: int, argv: Sequence[str]) -> None:
    """Ask the kernel for SIGKILL when `parent` dies, then become `argv` (the request outlives execve).

    Done in a small program of its own rather than between fork and exec, where only little is safe.
    SIGKILL, because whoever killed the supervisor may start it again at once and the port must be free; it
    loses nothing, the truth about work in hand is in the database.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != parent:  # it died before the request was in place
        sys.exit(1)
    os.execvp(argv[0], list(argv))  # noqa: S606 - no shell is what is wanted


if __name__ == "__main__":
    _exec_bound(int(sys.argv[1]), sys.argv[2:])
