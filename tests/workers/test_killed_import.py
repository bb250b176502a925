"""An import that is killed, cancelled or interrupted in the middle leaves nothing half counted.

Real processes throughout, as in test_killed_worker.py: a worker and a command on a database file (or on the
PostgreSQL and the Redis the environment names) while this test looks at what is stored.
"""

import hashlib
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.workers.test_killed_worker import ROOT, Installation, wait_until, where

__all__ = ["where"]
pytestmark = pytest.mark.processes

RECORDS, MORE_RECORDS = 40_000, 100_000  # a kill is sent at once, other words take a program's start
SET_UP = """
import django; django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0)
from tests import factories
alice, bob = factories.person("alice"), factories.person("bob")
review = factories.review(lead=alice, reviewers=[bob])
factories.record(factories.search(review, by=alice), title="Here before")
"""
START = """
from datetime import date
from django.core.files.base import ContentFile
from reviews import importing
with open(FILE, "rb") as file:
    importing.start_import(review=review, by=alice, file=ContentFile(file.read(), name="x"), source="MEDLINE",
                           kind="database", searched_on=date(2026, 1, 15), file_name="large.ris")
"""
LOOK = """
import json
import django; django.setup()
from pathlib import Path
from django.conf import settings
from reviews import audit, prisma
from reviews.models import Event, Job, Record, Review, Search
review, job = Review.objects.get(), Job.objects.first()
numbers = list(Record.with_arriving.order_by("number").values_list("number", flat=True))
print(json.dumps({
    "state": job and job.state, "done": job and job.done, "tries": job and job.tries, "error": job and job.error,
    "stored": len(numbers), "gaps": numbers != list(range(1, len(numbers) + 1)),
    "seen": Record.objects.count(), "searches": Search.objects.count(), "arriving": Search.with_arriving.count(),
    "identified": prisma.counts(review).counts["database_results"],
    "files": len([path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()]),
    "events": [event.verb for event in Event.objects.order_by("seq")], "trail": audit.verify(review).ok,
}))
"""
CANCEL = """
import django; django.setup()
from reviews import jobs
from reviews.models import Job
jobs.cancel(job=Job.objects.get())
"""
VOTE = """
import django; django.setup()
import time, uuid
from reviews.models import Record, User
from screening import decisions
began = time.monotonic()
decisions.decide(record=Record.objects.get(title="Here before"), stage="title_abstract", verdict="include",
                 reviewer=User.objects.get(name="Bob"), key=uuid.uuid4())
print(time.monotonic() - began)
"""


def written(path: Path, records: int) -> str:
    """A RIS file of papers that are nothing like each other."""
    with path.open("w") as out:
        for n in range(records):
            title = hashlib.sha256(str(n).encode()).hexdigest()
            out.write(
                f"TY  - JOUR\nTI  - {title[:9]} {title[9:18]}\nPY  - {1500 + n % 500}\nDO  - 10.1000/{n}\n"
            )
            out.write(f"AB  - {'We gave plerixafor. ' * 40}\nER  - \n\n")
    return str(path)


@pytest.fixture
def file(tmp_path) -> str:
    return written(tmp_path / "large.ris", RECORDS)


@pytest.fixture
def larger_file(tmp_path) -> str:
    return written(tmp_path / "larger.ris", MORE_RECORDS)


@pytest.fixture
def installation(tmp_path, where) -> Iterator[Installation]:
    made = Installation(tmp_path / "var", SimpleNamespace(api_base="http://127.0.0.1:9"), *where)
    made.folder.mkdir()
    try:
        yield made
    finally:
        for worker in made.workers:
            worker.kill()
            worker.wait()


def look(installation: Installation) -> dict[str, Any]:
    return json.loads(installation.say(LOOK))


def in_the_middle(installation: Installation) -> dict[str, Any]:
    """Wait until some thousand records are stored; nobody sees any of them."""
    seen: dict[str, Any] = {}

    def stored() -> bool:
        seen.update(look(installation))
        return seen["stored"] > 1000

    wait_until(stored, 60, installation.words)
    assert (seen["seen"], seen["searches"], seen["arriving"], seen["identified"]) == (1, 1, 2, 1)
    return seen


def nothing_is_left(seen: dict[str, Any]) -> bool:
    return (seen["stored"], seen["arriving"], seen["files"], seen["events"]) == (1, 1, 0, [])


def test_an_import_whose_worker_is_killed_counts_nowhere_and_is_brought_in_by_the_next(installation, file):
    installation.say(SET_UP + START.replace("FILE", repr(file)))
    first = installation.start_worker()
    in_the_middle(installation)
    assert float(installation.say(VOTE)) < 5
    first.send_signal(signal.SIGKILL)
    first.wait()
    killed = look(installation)
    assert (killed["state"], killed["seen"], killed["identified"], killed["tries"]) == ("working", 1, 1, 1)
    assert killed["stored"] > 1000

    installation.start_worker()
    wait_until(lambda: look(installation)["state"] == "finished", 120, installation.words)
    after = look(installation)
    assert (after["tries"], after["error"], after["gaps"], after["files"]) == (2, "", False, 1)
    assert after["stored"] == after["seen"] == after["identified"] == RECORDS + 1
    assert after["events"] == ["decision.made", "search.imported", "duplicates.sought"]
    assert after["trail"]


def test_an_import_cancelled_in_the_middle_leaves_nothing(installation, larger_file):
    installation.say(SET_UP + START.replace("FILE", repr(larger_file)))
    installation.start_worker()
    in_the_middle(installation)
    installation.say(CANCEL)
    wait_until(lambda: look(installation)["state"] == "cancelled", 60, installation.words)
    assert nothing_is_left(look(installation))


@pytest.mark.parametrize(("sent", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 130)])
def test_an_import_from_the_command_line_is_interrupted_cleanly(installation, larger_file, sent, status):
    installation.say(SET_UP)
    command = [sys.executable, "manage.py", "import_records", "myeloma", larger_file]
    importing = subprocess.Popen(
        [*command, "--source", "MEDLINE", "--searched-on", "2026-01-15"],
        cwd=ROOT, env=installation.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    in_the_middle(installation)
    importing.send_signal(sent)
    _out, err = importing.communicate(timeout=60)
    assert (importing.returncode, "nothing of" in err) == (status, True), err
    assert nothing_is_left(look(installation))


def test_an_import_from_the_command_line_that_is_killed_is_cleared_away_once_it_is_silent(
    installation, larger_file
):
    installation.say(SET_UP)
    command = [sys.executable, "manage.py", "import_records", "myeloma", larger_file]
    importing = subprocess.Popen(
        [*command, "--source", "MEDLINE", "--searched-on", "2026-01-15"],
        cwd=ROOT, env=installation.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    in_the_middle(installation)
    importing.kill()
    importing.wait()
    installation.say("""
import django; django.setup()
from datetime import timedelta
from reviews import arriving
from workers import tasks
tasks.sweep()
assert arriving.Search.with_arriving.count() == 2
arriving.Search.with_arriving.filter(arrived_at=None).update(imported_at=arriving.audit.now() - timedelta(hours=1))
tasks.sweep()
""")
    assert nothing_is_left(look(installation))
