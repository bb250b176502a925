"""A worker killed with SIGKILL in mid-run loses nothing, and nothing answered is asked again.

Real processes throughout: a Celery worker on a database file and a queue of its own (or on the PostgreSQL and the
Redis that the environment names), a stub in place of the model, a kill, a second worker.
"""

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.asking import answer_to, sent_text
from tests.llm_stub import LLMStub

ROOT = Path(__file__).resolve().parents[2]
RECORDS = 12

PREPARE = """
import json, os
import django; django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0)
from tests import factories
from tests.asking import records, with_criteria
from workers.starting import start_and_queue
alice = factories.person("alice")
review = factories.review(lead=alice)
with_criteria(review, alice)
records(review, alice, int(os.environ["HOW_MANY"]))
print(start_and_queue(review=review, stage="title_abstract", by=alice).pk)
"""
LOOK = """
import json, sys
import django; django.setup()
from reviews import audit
from reviews.models import LLMCall
from screening import runs
from screening.models import Proposal, Run, RunItem
run = Run.objects.get()
print(json.dumps({
    "answered": runs.progress(run).answered,
    "failed": runs.progress(run).failed,
    "leased": RunItem.objects.exclude(lease="").count(),
    "under_way": runs.progress(run).under_way,
    "proposals": sorted(Proposal.objects.values_list("record__title", flat=True)),
    "calls": list(LLMCall.objects.filter(error_kind="").values_list("record__title", flat=True)),
    "trail": audit.verify(run.review).ok,
}))
"""


class Installation:
    """A data folder, a database and a queue that only this test knows, and programs run on them."""

    def __init__(self, folder: Path, stub: LLMStub, database: str, broker: str) -> None:
        self.folder = folder
        self.environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "PYTHONPATH": str(ROOT),
            "WINNOW_DATA": str(folder),
            "DATABASE_URL": database,
            "WINNOW_BROKER_URL": broker,
            "WINNOW_MODEL": "openai/x",
            "WINNOW_API_BASE": stub.api_base,
            "WINNOW_MODEL_WIDTH": "2",
            "WINNOW_MODEL_TIMEOUT": "20",
            "OPENAI_API_KEY": "sk-test-5f1c9d0e7a",
            "HOW_MANY": str(RECORDS),
        }
        self.workers: list[subprocess.Popen[bytes]] = []

    def say(self, code: str) -> str:
        """What a program prints."""
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def look(self) -> dict[str, Any]:
        return json.loads(self.say(LOOK))

    def start_worker(self) -> subprocess.Popen[bytes]:
        """The command that `manage.py up` and compose.yaml start, on two threads."""
        command = [
            sys.executable,
            "-m",
            "celery",
            "-A",
            "workers.celery",
            "worker",
            "-P",
            "threads",
            "-c",
            "2",
        ]
        log = (self.folder / f"worker-{len(self.workers)}.log").open("wb")
        with log:
            worker = subprocess.Popen(
                [*command, "--without-gossip", "--without-mingle", "--loglevel", "INFO"],
                cwd=ROOT, env=self.environment, stdout=log, stderr=subprocess.STDOUT,
            )  # fmt: skip
        self.workers.append(worker)
        return worker

    def words(self) -> str:
        return "\n".join(
            path.read_text(errors="replace") for path in sorted(self.folder.glob("worker-*.log"))
        )


@pytest.fixture
def stub() -> Iterator[LLMStub]:
    with LLMStub(default=lambda request: answer_to(request, latency=0.4)) as server:
        yield server


@pytest.fixture
def installation(tmp_path, stub, where) -> Iterator[Installation]:
    made = Installation(tmp_path / "var", stub, *where)
    made.folder.mkdir()
    try:
        yield made
    finally:
        for worker in made.workers:
            worker.kill()
            worker.wait()


@pytest.fixture(
    params=[
        pytest.param("laptop", id="sqlite-and-files"),
        pytest.param("institute", id="postgres-and-redis", marks=[pytest.mark.redis]),
    ]
)
def where(request, tmp_path) -> Iterator[tuple[str, str]]:
    """(DATABASE_URL, WINNOW_BROKER_URL) of an empty database and an empty queue."""
    if request.param == "laptop":
        yield f"sqlite:///{tmp_path / 'db.sqlite3'}", "filesystem://"
        return
    database, broker = os.environ.get("DATABASE_URL", ""), os.environ.get("WINNOW_BROKER_URL", "")
    if not (database.startswith("postgres") and broker.startswith("redis")):
        pytest.skip("needs a PostgreSQL in DATABASE_URL and a Redis in WINNOW_BROKER_URL")
    import psycopg

    name = f"winnow_killed_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(database, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
    # A Redis database that the other tests do not use; only Celery's own keys are written there.
    queue = f"{broker.rsplit('/', 1)[0]}/14"
    _forget(queue)
    try:
        yield f"{database.rsplit('/', 1)[0]}/{name}", queue
    finally:
        with psycopg.connect(database, autocommit=True) as server:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")
        _forget(queue)


def _forget(queue: str) -> None:
    import redis

    with redis.Redis.from_url(queue) as server:
        server.delete("celery", "unacked", "unacked_index", "unacked_mutex")


def wait_until(true: Callable[[], bool], seconds: float, why: Callable[[], str]) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, why()
        time.sleep(0.05)


def test_a_worker_killed_in_mid_run_loses_nothing_and_nothing_answered_is_asked_again(installation, stub):
    installation.say(PREPARE)
    first = installation.start_worker()
    wait_until(lambda: stub.answered >= 4, 60, installation.words)
    first.send_signal(signal.SIGKILL)
    first.wait()
    at_the_kill = installation.look()
    asked_before = Counter(sent_text(request).split("\n")[0] for request in stub.requests)
    assert 2 <= at_the_kill["answered"] < RECORDS
    assert at_the_kill["leased"] > 0
    assert set(asked_before.values()) == {1}

    installation.start_worker()
    wait_until(
        lambda: stub.answered >= RECORDS and not installation.look()["under_way"], 60, installation.words
    )
    after = installation.look()
    everything = sorted(f"Trial {n}" for n in range(1, RECORDS + 1))
    assert (after["answered"], after["failed"], after["leased"]) == (RECORDS, 0, 0)
    assert after["proposals"] == everything
    assert after["trail"]
    # Once each in the log; and the service was asked twice only about what was on its way at the kill.
    assert sorted(after["calls"]) == everything
    asked = Counter(sent_text(request).split("\n")[0] for request in stub.requests)
    twice = {title for title, times in asked.items() if times > 1}
    assert set(asked) == set(everything)
    assert max(asked.values()) <= 2
    assert twice.isdisjoint(at_the_kill["calls"])
    assert len(twice) <= 2  # as many as may be under way at once
