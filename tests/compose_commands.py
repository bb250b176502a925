"""Run what compose.yaml says, without containers, against a PostgreSQL and a Redis that are already there.

CI has no container engine, so it takes the commands, the settings and the health checks of the file and
starts exactly those: the migration, then web and worker; waits for both health checks; puts the demo's
records through the queue; stops. Two addresses come from this environment, for the names `db` and `redis`
exist only among containers:

    DATABASE_URL=postgres://... WINNOW_BROKER_URL=redis://... python tests/compose_commands.py
"""

import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from workers.supervisor import Supervisor  # noqa: E402 - this file is a script

OUR_IMAGE = "winnow:local"
_REFERENCE = re.compile(r"\$\$|\$\{(?P<name>\w+)(?:(?P<how>:[-?])(?P<rest>[^}]*))?\}")
HEALTHY_WITHIN = 90.0  # seconds
# What a person writes into .env; everything else has a default in the file or is reported as missing.
DOT_ENV = {
    "POSTGRES_PASSWORD": "unused0here",
    "WINNOW_SECRET_KEY": "only-for-this-test-" + "x" * 40,
    "WINNOW_ALLOWED_HOSTS": "review.example.org",
}


def services() -> dict[str, dict[str, Any]]:
    """The services of compose.yaml, by name."""
    return yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))["services"]


def ours() -> dict[str, dict[str, Any]]:
    """Those that run our own image."""
    return {name: service for name, service in services().items() if service["image"] == OUR_IMAGE}


def interpolate(text: str, given: Mapping[str, str]) -> str:
    """What compose makes of `text`: ${NAME}, ${NAME:-default}, ${NAME:?why} and $$. KeyError when missing."""

    def value(match: re.Match[str]) -> str:
        if match[0] == "$$":
            return "$"
        if found := given.get(match["name"]):
            return found
        if match["how"] == ":-":
            return match["rest"]
        raise KeyError(match["rest"] or match["name"])

    return _REFERENCE.sub(value, text)


def environment(service: Mapping[str, Any], given: Mapping[str, str]) -> dict[str, str]:
    """The variables that the service is started with."""
    return {name: interpolate(str(text), given) for name, text in service["environment"].items()}


def health_command(service: Mapping[str, Any]) -> list[str]:
    """The health check as a command line."""
    how, *words = service["healthcheck"]["test"]
    return ["/bin/sh", "-c", interpolate(words[0], {})] if how == "CMD-SHELL" else words


def free_port() -> int:
    """A port nobody listens on at this moment."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def checked(command: list[str], env: Mapping[str, str]) -> str:
    """Run to the end; its output. The script ends with the program's own words when it fails."""
    done = subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)} failed ({done.returncode}):\n{done.stdout}{done.stderr}")
    return done.stdout


def wait_until_healthy(supervisor: Supervisor, name: str, command: list[str], env: Mapping[str, str]) -> None:
    """Repeat a service's own health check until it says yes."""
    last = ""

    def healthy() -> bool:
        nonlocal last
        done = subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True)
        last = done.stdout + done.stderr
        return done.returncode == 0

    if not supervisor.watch(until=healthy, timeout=HEALTHY_WITHIN):
        words = "\n".join(child.last_words() for child in supervisor.children if child.name == name)
        sys.exit(
            f"{name} is not healthy after {HEALTHY_WITHIN:.0f} s. The check said: {last}\nIts log:\n{words}"
        )


def main() -> None:
    """See the top of this file."""
    found = ours()
    with tempfile.TemporaryDirectory(prefix="winnow-compose-") as folder:
        env = {
            **os.environ,
            **environment(found["web"], DOT_ENV),
            "DATABASE_URL": os.environ["DATABASE_URL"],
            "WINNOW_BROKER_URL": os.environ["WINNOW_BROKER_URL"],
            "WINNOW_DATA": folder,
            "PORT": str(free_port()),
            "HOSTNAME": socket.gethostname(),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        }
        os.chdir(ROOT)
        checked(found["migrate"]["command"], env)
        with Supervisor(say=print, env=env, max_deaths=1) as supervisor:
            for name in ("web", "worker"):
                supervisor.start(name, found[name]["command"], log=Path(folder) / f"{name}.log")
            for name in ("web", "worker"):
                began = time.monotonic()
                wait_until_healthy(supervisor, name, health_command(found[name]), env)
                print(f"{name}: healthy after {time.monotonic() - began:.1f} s")
            manage = [sys.executable, "manage.py"]
            checked([*manage, "load_demo"], env)
            propose = [*manage, "propose", "demo", "--stage", "title_abstract", "--wait", "--json"]
            proposals = json.loads(checked(propose, env))["proposals"]
    verdicts = [proposal["verdict"] for proposal in proposals]
    print(f"proposals through Redis and the worker: {len(verdicts)} ({', '.join(verdicts)})")
    if len(verdicts) != 5:
        sys.exit("The demo has five records, and each should have been proposed on.")


if __name__ == "__main__":
    main()
