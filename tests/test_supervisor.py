"""The supervisor with small real programs as its children: restart, stop, kill, and nothing left behind."""

import os
import re
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from workers.supervisor import KeepsDying, Stopped, Supervisor, set_aside_when_large

ROOT = Path(__file__).resolve().parent.parent
linux_only = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="the kernel's promise is Linux's"
)


def python(code: str) -> list[str]:
    """A command line that runs `code`."""
    return [sys.executable, "-S", "-u", "-c", textwrap.dedent(code)]


def alive(pid: int) -> bool:
    """Whether a process is there and not merely waiting to be reaped by somebody else."""
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True).stdout
    return bool(state.strip()) and not state.strip().startswith("Z")


def eventually(true: Callable[[], bool], *, within: float = 10.0) -> bool:
    """Whether `true()` became so in time."""
    end = time.monotonic() + within
    while time.monotonic() < end:
        if true():
            return True
        time.sleep(0.02)
    return true()


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def supervisor(said: list[str]) -> Iterator[Supervisor]:
    with Supervisor(say=said.append, grace=5.0, first_pause=0.05) as made:
        yield made


SLEEPER = """
    import os, time
    print("here", os.getpid(), flush=True)
    time.sleep(60)
"""
STUBBORN = """
    import os, signal, time
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    print("here", os.getpid(), flush=True)
    time.sleep(60)
"""


def pids(log: Path) -> list[int]:
    """Those that the children above wrote down, in order."""
    return (
        [int(pid) for pid in re.findall(r"^here (\d+)$", log.read_text(), re.MULTILINE)]
        if log.exists()
        else []
    )


def test_a_child_that_dies_is_started_again(supervisor: Supervisor, said: list[str], tmp_path: Path) -> None:
    log = tmp_path / "child.log"
    supervisor.start("child", python(SLEEPER), log=log)
    assert supervisor.watch(until=lambda: len(pids(log)) == 1, timeout=10)
    os.kill(pids(log)[0], signal.SIGKILL)
    assert supervisor.watch(until=lambda: len(pids(log)) == 2, timeout=10)
    first, second = pids(log)
    assert not alive(first)
    assert alive(second)
    assert len(said) == 1
    assert said[0].startswith("child stopped by itself (SIGKILL); starting it again in")


def test_a_child_that_dies_five_times_ends_everything_with_its_last_words(
    supervisor: Supervisor, said: list[str], tmp_path: Path
) -> None:
    well, ill = tmp_path / "well.log", tmp_path / "ill.log"
    supervisor.start("well", python(SLEEPER), log=well)
    supervisor.start("ill", python("print('no room at all', flush=True); raise SystemExit(3)"), log=ill)
    with pytest.raises(KeepsDying) as caught:
        supervisor.watch(timeout=30)
    supervisor.stop()
    assert str(caught.value) == "ill stopped 5 times within 60 seconds"
    assert caught.value.last_words == "no room at all"
    assert ill.read_text() == "no room at all\n" * 5
    assert [line.partition(";")[0] for line in said] == [
        *["ill stopped by itself (exit status 3)"] * 4,
        "Stopping well ...",
    ]
    assert [alive(pid) for pid in pids(well)] == [False]


def test_the_pause_before_a_restart_doubles(supervisor: Supervisor, said: list[str], tmp_path: Path) -> None:
    supervisor.start("ill", python("raise SystemExit(1)"), log=tmp_path / "ill.log")
    with pytest.raises(KeepsDying):
        supervisor.watch(timeout=30)
    pauses = [float(re.search(r"again in ([\d.]+) s", line)[1]) for line in said]  # type: ignore[index]
    assert pauses == [0.1, 0.1, 0.2, 0.4]  # 0.05, 0.1, 0.2, 0.4 as printed


def test_deaths_longer_ago_than_the_window_are_forgotten(said: list[str], tmp_path: Path) -> None:
    log = tmp_path / "child.log"
    with Supervisor(say=said.append, first_pause=0.01, max_deaths=2, window=0.3) as supervisor:
        supervisor.start(
            "child", python("import time; print('here 1', flush=True); time.sleep(0.5)"), log=log
        )
        assert supervisor.watch(until=lambda: len(pids(log)) == 4, timeout=20)


def test_stopping_gives_a_child_time_to_finish(supervisor: Supervisor, tmp_path: Path) -> None:
    log = tmp_path / "child.log"
    code = """
        import os, signal, sys, time
        def finish(*_):
            time.sleep(0.3)
            print("finished", flush=True)
            sys.exit(0)
        signal.signal(signal.SIGTERM, finish)
        print("here", os.getpid(), flush=True)
        time.sleep(60)
    """
    supervisor.start("child", python(code), log=log)
    assert supervisor.watch(until=lambda: len(pids(log)) == 1, timeout=10)
    supervisor.stop()
    assert log.read_text().splitlines()[1:] == ["finished"]


def test_a_child_that_ignores_the_request_is_killed_after_the_grace(said: list[str], tmp_path: Path) -> None:
    log = tmp_path / "child.log"
    with Supervisor(say=said.append, grace=0.4) as supervisor:
        supervisor.start("child", python(STUBBORN), log=log)
        assert supervisor.watch(until=lambda: len(pids(log)) == 1, timeout=10)
        began = time.monotonic()
    took = time.monotonic() - began
    assert not alive(pids(log)[0])
    assert 0.4 <= took < 3


def test_what_a_child_started_itself_goes_with_it(supervisor: Supervisor, tmp_path: Path) -> None:
    log = tmp_path / "child.log"
    code = f"""
        import os, subprocess, sys, time
        subprocess.Popen([sys.executable, "-S", "-c", {textwrap.dedent(STUBBORN)!r}])
        print("here", os.getpid(), flush=True)
        time.sleep(60)
    """
    supervisor.start("child", python(code), log=log)
    assert supervisor.watch(until=lambda: len(pids(log)) == 2, timeout=10)
    supervisor.stop()
    assert eventually(lambda: [alive(pid) for pid in pids(log)] == [False, False])


def test_a_program_run_to_its_end_gives_its_status_and_words(supervisor: Supervisor, tmp_path: Path) -> None:
    log = tmp_path / "task.log"
    log.write_text("an older run\n")
    code = "print('asked'); print('failed: 1'); raise SystemExit(4)"
    assert supervisor.run("task", python(code), log=log) == (4, "asked\nfailed: 1")
    assert log.read_text() == "an older run\nasked\nfailed: 1\n"


def test_children_are_looked_after_while_a_program_runs(
    supervisor: Supervisor, said: list[str], tmp_path: Path
) -> None:
    log = tmp_path / "child.log"
    supervisor.start("child", python(SLEEPER), log=log)
    assert supervisor.watch(until=lambda: len(pids(log)) == 1, timeout=10)
    os.kill(pids(log)[0], signal.SIGKILL)
    wait_for_second = f"""
        import pathlib, time
        end = time.monotonic() + 10
        while pathlib.Path({str(log)!r}).read_text().count("here") < 2 and time.monotonic() < end:
            time.sleep(0.02)
    """
    assert supervisor.run("task", python(wait_for_second), log=tmp_path / "task.log") == (0, "")
    assert len(pids(log)) == 2


def test_only_errors_and_their_tracebacks_are_shown(said: list[str], tmp_path: Path) -> None:
    shown: list[str] = []
    log = tmp_path / "web.log"
    log.write_text("2026-01-01 09:00:00,000 ERROR web: of an earlier day\n")
    code = """
        import time
        print("2026-01-01 10:00:00,000 INFO django: all quiet")
        print("2026-01-01 10:00:01,000 ERROR django.request: Internal Server Error: /r/demo/")
        print("Traceback (most recent call last):")
        print("ValueError: no")
        print("[2026-01-01 10:00:02 +0000] [7] [INFO] ERROR is not the level of the next line", flush=True)
        time.sleep(60)
    """
    code = code.replace("ERROR is not the level of the next line", "quiet again")
    with Supervisor(say=said.append, show=shown.append) as supervisor:
        supervisor.start("web", python(code), log=log)
        assert supervisor.watch(until=lambda: len(shown) >= 3, timeout=10)
        supervisor.watch(timeout=0.3)
    assert shown == [
        "web: 2026-01-01 10:00:01,000 ERROR django.request: Internal Server Error: /r/demo/",
        "web: Traceback (most recent call last):",
        "web: ValueError: no",
    ]
    assert said == ["Stopping web ..."]


def test_a_large_log_is_set_aside_and_a_small_one_kept(tmp_path: Path) -> None:
    log = tmp_path / "web.log"
    log.write_bytes(b"x" * 100)
    set_aside_when_large(log, limit=100)
    assert (log.read_bytes(), sorted(path.name for path in tmp_path.iterdir())) == (b"x" * 100, ["web.log"])
    set_aside_when_large(log, limit=99)
    assert (log.read_bytes(), (tmp_path / "web.log.1").read_bytes()) == (b"", b"x" * 100)


def test_the_handlers_of_before_are_put_back(said: list[str]) -> None:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    with Supervisor(say=said.append):
        assert signal.getsignal(signal.SIGINT) != before[signal.SIGINT]
    assert {number: signal.getsignal(number) for number in before} == before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_stop_signal_ends_the_watch_without_losing_the_children(
    number: signal.Signals, supervisor: Supervisor, tmp_path: Path
) -> None:
    log = tmp_path / "child.log"
    supervisor.start("child", python(SLEEPER), log=log)
    assert supervisor.watch(until=lambda: len(pids(log)) == 1, timeout=10)
    threading.Timer(0.2, os.kill, [os.getpid(), number]).start()
    with pytest.raises(Stopped):
        supervisor.watch(timeout=10)
    supervisor.stop()
    assert not alive(pids(log)[0])


# ------------------------------------------------------------------ the supervisor as a process of its own

OWN_PROCESS = """
    import sys
    from pathlib import Path
    sys.path.insert(0, {root!r})
    from workers.supervisor import Stopped, Supervisor
    folder = Path(sys.argv[2])
    command = [sys.executable, "-S", str(folder / "child.py")]
    with Supervisor(say=print, grace=float(sys.argv[1])) as supervisor:
        for name in ("web", "worker"):
            supervisor.start(name, command, log=folder / (name + ".log"))
        try:
            supervisor.watch()
        except Stopped:
            print("stopping", flush=True)
    print("stopped", flush=True)
"""


@pytest.fixture
def own_process(tmp_path: Path) -> Iterator[Callable[..., tuple[subprocess.Popen[str], list[int]]]]:
    """Starts a supervisor with two children; gives it and the children's pids."""
    started: list[subprocess.Popen[str]] = []
    children: list[int] = []

    def start(code: str, *, grace: float = 10.0) -> tuple[subprocess.Popen[str], list[int]]:
        (tmp_path / "child.py").write_text(textwrap.dedent(code))
        command = [*python(OWN_PROCESS.format(root=str(ROOT))), str(grace), str(tmp_path)]
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
        )
        started.append(process)
        logs = [tmp_path / "web.log", tmp_path / "worker.log"]
        assert eventually(lambda: all(pids(log) for log in logs))
        children.extend(pid for log in logs for pid in pids(log))
        return process, list(children)

    yield start
    for process in started:
        process.kill()
        process.communicate()
    for pid in children:
        if alive(pid):
            os.kill(pid, signal.SIGKILL)


def test_ctrl_c_stops_every_child_without_a_traceback(own_process: Callable[..., tuple]) -> None:
    process, children = own_process(SLEEPER)
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=10) == ("stopping\nStopping web and worker ...\nstopped\n", None)
    assert process.returncode == 0
    assert [alive(pid) for pid in children] == [False, False]


def test_the_terminals_ctrl_c_reaches_the_supervisor_only(own_process: Callable[..., tuple]) -> None:
    process, children = own_process(SLEEPER)
    assert [os.getpgid(pid) == os.getpgid(process.pid) for pid in children] == [False, False]
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    assert process.communicate(timeout=10) == ("stopping\nStopping web and worker ...\nstopped\n", None)
    assert [alive(pid) for pid in children] == [False, False]


def test_a_second_ctrl_c_does_not_wait_for_the_grace(own_process: Callable[..., tuple]) -> None:
    process, children = own_process(STUBBORN, grace=60.0)
    process.send_signal(signal.SIGINT)
    assert [process.stdout.readline() for _ in range(2)] == ["stopping\n", "Stopping web and worker ...\n"]
    time.sleep(0.7)
    assert [alive(pid) for pid in children] == [True, True]
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=10) == ("stopped\n", None)
    assert [alive(pid) for pid in children] == [False, False]


def test_one_signal_that_arrives_twice_is_one_signal(own_process: Callable[..., tuple]) -> None:
    takes_a_second = """
        import os, signal, sys, time
        signal.signal(signal.SIGTERM, lambda *_: (time.sleep(1), sys.exit(0)))
        print("here", os.getpid(), flush=True)
        time.sleep(60)
    """
    process, children = own_process(takes_a_second, grace=60.0)
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    time.sleep(0.1)
    process.send_signal(signal.SIGTERM)
    assert process.communicate(timeout=10)[0] == "stopping\nStopping web and worker ...\nstopped\n"
    assert time.monotonic() - began >= 1.0
    assert [alive(pid) for pid in children] == [False, False]


@linux_only
def test_killing_the_supervisor_outright_leaves_nothing_running(own_process: Callable[..., tuple]) -> None:
    process, children = own_process(STUBBORN)
    assert [alive(pid) for pid in children] == [True, True]
    process.kill()
    process.wait(timeout=10)
    assert eventually(lambda: [alive(pid) for pid in children] == [False, False])


@linux_only
def test_a_child_whose_supervisor_died_first_does_not_start() -> None:
    command = [
        sys.executable,
        str(ROOT / "workers/supervisor.py"),
        "1",
        sys.executable,
        "-c",
        "print('started')",
    ]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, "")
