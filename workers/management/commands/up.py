"""`manage.py up`: everything on one machine, under one supervisor. This is what `make run` starts."""

import contextlib
import errno
import os
import signal
import socket
import sys
import time
from argparse import ArgumentParser
from http import HTTPStatus
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import CommandError, call_command
from django.core.management.base import BaseCommand
from django.db import OperationalError, connections

from screening.models import Proposal, RunItem, Stage
from workers import probe
from workers.supervisor import AlreadyRunning, Child, KeepsDying, Lock, Stopped, Supervisor

START_LIMIT = 90.0  # seconds the web process may take to answer for the first time
EVERY_ADDRESS = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - looked up, not bound
DEMO = "demo"


class Command(BaseCommand):
    """Prepare the data folder, run web and worker, show the demo, serve until Ctrl-C."""

    help = "Run Winnow on this machine: database, demo review, web server and worker, until Ctrl-C."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """--host, --port and --no-serve."""
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
        parser.add_argument("--port", type=int, default=8000, help="the port (default: %(default)s)")
        parser.add_argument(
            "--no-serve", action="store_true", help="do everything, stop, and exit 0 when all of it went well"
        )

    def handle(self, *args: Any, host: str, port: int, no_serve: bool, **options: Any) -> None:
        """Exit status 0 after --no-serve or Ctrl-C while serving; 1, and why, when something failed."""
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.default_int_handler)  # until the supervisor takes over
        self._serving = False
        lock = self._lock(host, port)
        try:
            self._up(host, self._port(host, port, any_will_do=no_serve), serve=not no_serve)
        except KeepsDying as error:
            raise CommandError(
                f"{error}, so all of it was stopped. Its last words, from {error.log}:\n\n{error.last_words}"
            ) from error
        except (Stopped, KeyboardInterrupt):
            self._say(f"Stopped. Everything is kept in {settings.WINNOW_DATA}")
            if not self._serving:
                sys.exit(128 + signal.SIGINT)
        finally:
            lock.release()

    def _say(self, text: str) -> None:
        with contextlib.suppress(OSError):  # the terminal may be gone; what runs need not be
            self.stdout.write(text)
            self.stdout.flush()

    def _lock(self, host: str, port: int) -> Lock:
        holder = f"process {os.getpid()}, asked to listen on {host} port {port}"
        try:
            return Lock(settings.WINNOW_DATA / "up.lock", holder=holder)
        except AlreadyRunning as error:
            raise CommandError(
                f"Winnow is already running on {settings.WINNOW_DATA} ({error.holder or 'just starting'}). "
                "Nothing was changed. Stop the other one with Ctrl-C in its terminal, or keep a second set "
                f"of data: WINNOW_DATA=./var2 make run PORT={port + 1}"
            ) from error

    def _port(self, host: str, port: int, *, any_will_do: bool) -> int:
        """`port` when it is free; with `any_will_do` another one when it is not."""
        for _ in range(20):  # a server that was killed a moment ago may still be letting go of it
            trouble = listening_trouble(host, port)
            if trouble != errno.EADDRINUSE:
                break
            time.sleep(0.1)
        if not trouble:
            return port
        if trouble == errno.EADDRINUSE and any_will_do:
            other = free_port(host)
            self._say(f"Port {port} is taken by another program; using {other} this once.")
            return other
        if trouble == errno.EADDRINUSE:
            raise CommandError(
                f"Port {port} on {host} is taken by another program. Nothing was changed. Choose another "
                f"port: make run PORT={port + 1}"
            )
        raise CommandError(
            f"This machine cannot listen on {host} port {port}: {os.strerror(trouble)}. Nothing was changed. "
            "Choose another: make run HOST=127.0.0.1 PORT=8001"
        )

    def _up(self, host: str, port: int, *, serve: bool) -> None:
        self._say(f"Winnow keeps everything in {settings.WINNOW_DATA}")
        self._prepare()
        with Supervisor(say=self._say, show=self._say, env=child_environment()) as supervisor:
            self._say("Starting the web server and the worker ...")
            log = settings.WINNOW_DATA / "log"
            web = supervisor.start("web", web_command(host, port, log / "access.log"), log=log / "web.log")
            supervisor.start("worker", worker_command(), log=log / "worker.log")
            self._wait_for_web(supervisor, web, host, port)
            trouble = self._propose(supervisor, log / "demo.log")
            call_command("show_demo", stdout=self.stdout, address=page_address(host, port))
            connections.close_all()
            if trouble and not serve:
                raise CommandError(trouble)
            if trouble:
                self.stderr.write(trouble)
            if serve:
                self._serving = True
                self._say(f"\nServing at {page_address(host, port)} until Ctrl-C. Logs are in {log}")
                supervisor.watch()

    def _prepare(self) -> None:
        try:
            call_command("migrate", interactive=False, verbosity=0)
            call_command("load_demo", verbosity=0)
        except OperationalError as error:
            raise CommandError(
                f"The database cannot be used: {str(error).strip()}\nNothing was started. Check DATABASE_URL "
                "(unset, an SQLite file in the data folder is used)."
            ) from error
        finally:
            connections.close_all()

    def _wait_for_web(self, supervisor: Supervisor, web: Child, host: str, port: int) -> None:
        """Until /healthz says that all is well. 'Not yet' (503) is waited for; another answer is a failure."""
        answer = probe.Answer(0, "")

        def decided() -> bool:
            nonlocal answer
            answer = probe.ask(
                EVERY_ADDRESS.get(host, host), port, name=probe.known_as(settings.ALLOWED_HOSTS)
            )
            return answer.status not in (0, HTTPStatus.SERVICE_UNAVAILABLE)

        supervisor.watch(until=decided, timeout=START_LIMIT)
        if answer.wrong:
            raise CommandError(
                f"The web server did not come up ({answer.wrong}). Its last words, from {web.log}:\n\n"
                f"{web.last_words()}"
            )

    def _propose(self, supervisor: Supervisor, log: Path) -> str:
        """Have the demo's records asked about once, through the queue; what went wrong, or ''.

        A later start only waits for what an earlier one left open (the worker's sweeper takes that up by
        itself), and asks anew when nothing at all was answered, as after a wrong key. It never asks about
        records that people have added to the demo since: that is theirs to start, and may cost money.
        """
        if open_items().exists():
            self._say("Waiting for the answers that an earlier start left open ...")
            if not supervisor.watch(until=lambda: not open_items().exists(), timeout=START_LIMIT):
                return f"{open_items().count()} of the demo's records are still open. Read {log.parent}/worker.log"
        if Proposal.objects.filter(run__review__slug=DEMO, run__stage=Stage.TITLE_ABSTRACT).exists():
            return ""
        self._say("Asking about the demo's records, through the queue ...")
        command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "propose", DEMO]
        command += ["--stage", str(Stage.TITLE_ABSTRACT), "--wait"]
        status, last_words = supervisor.run("propose", command, log=log)
        return "" if status == 0 else f"The demo's records could not all be asked about:\n{last_words}"


def open_items() -> Any:
    """The demo's records that a run is still to answer."""
    return RunItem.objects.filter(
        run__review__slug=DEMO,
        run__stage=Stage.TITLE_ABSTRACT,
        run__cancelled_at=None,
        done_at=None,
        failed_at=None,
    )


def child_environment() -> dict[str, str]:
    """This environment, with the data folder and the code where the children find them from any folder."""
    path = [str(settings.BASE_DIR), *filter(None, [os.environ.get("PYTHONPATH")])]
    return os.environ | {"WINNOW_DATA": str(settings.WINNOW_DATA), "PYTHONPATH": os.pathsep.join(path)}


def web_command(host: str, port: int, access_log: Path) -> list[str]:
    """gunicorn: one process, eight threads (some 200 pages a second in 70 MB)."""
    bind = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    command = [sys.executable, "-m", "gunicorn", "config.wsgi:application", "--bind", bind]
    command += ["--worker-class", "gthread", "--workers", "1", "--threads", "8", "--timeout", "120"]
    return [*command, "--graceful-timeout", "5", "--no-control-socket", "--access-logfile", str(access_log)]


def worker_command() -> list[str]:
    """Celery: one process, four threads, each taking chunks of records."""
    command = [sys.executable, "-m", "celery", "-A", "workers.celery", "worker", "-P", "threads", "-c", "4"]
    return [*command, "--without-gossip", "--without-mingle", "--loglevel", "INFO"]


def page_address(host: str, port: int) -> str:
    """What to type into a browser on this machine."""
    name = EVERY_ADDRESS.get(host, host)
    return f"http://[{name}]:{port}/" if ":" in name else f"http://{name}:{port}/"


def listening_trouble(host: str, port: int) -> int:
    """The errno that listening there would meet, 0 for none."""
    try:
        with socket.create_server((host, port), family=_family(host), backlog=1):
            return 0
    except socket.gaierror:
        return errno.EADDRNOTAVAIL
    except OSError as error:
        return error.errno or errno.EIO


def free_port(host: str) -> int:
    """A port nobody listens on at this moment."""
    with socket.create_server((host, 0), family=_family(host)) as server:
        number: int = server.getsockname()[1]
        return number


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET
