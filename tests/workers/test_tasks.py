"""Background jobs: what queues what, what a dead queue does to a page, and the sweeper that finds what was lost."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from reviews.models import Event
from screening import runs
from screening.models import RunItem
from screening.proposals import end_item
from tests import factories
from tests.asking import claimed, started
from workers import batches, identity, tasks

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def queued(monkeypatch):
    """The ids of the runs put into the queue."""
    seen: list[int] = []
    monkeypatch.setattr(tasks.work_on, "delay", seen.append)
    return seen


@pytest.fixture
def answered(monkeypatch):
    """No model: each claimed record counts as answered."""

    def ask(run, questions, stop):
        for question in questions:
            end_item(question.item)

    monkeypatch.setattr(batches, "_ask", ask)


def test_one_message_carries_a_run_to_its_end(review, alice, queued, answered, monkeypatch):
    monkeypatch.setattr(batches, "BATCH", 4)
    run = started(review, alice, 10)
    queued.append(run.pk)
    handled = 0
    while queued:
        tasks.work_on(queued.pop())
        handled += 1
        assert len(queued) <= 1
    assert (runs.progress(run).answered, handled) == (10, 3)


@pytest.mark.parametrize("gone", ["cancelled", "missing"])
def test_a_message_of_a_run_that_is_no_more_does_nothing(review, alice, queued, answered, gone):
    run = started(review, alice, 1)
    runs.cancel_run(run=run, by=alice)
    tasks.work_on(run.pk if gone == "cancelled" else run.pk + 1)
    assert queued == []
    assert RunItem.objects.get().tries == 0


def test_a_message_too_many_finds_nothing_to_claim_and_is_gone(review, alice, queued, answered):
    run = started(review, alice, 1)
    tasks.work_on(run.pk)
    before = Event.objects.count()
    tasks.work_on(run.pk)
    assert queued == []
    assert (RunItem.objects.get().tries, Event.objects.count()) == (1, before)


def test_the_sweeper_queues_what_waits_and_leaves_alone_what_somebody_works_on(review, alice, queued):
    run = started(review, alice, 2)
    tasks.sweep()
    assert queued == [run.pk]
    claimed(run, 1, lease=identity.lease_name())
    tasks.sweep()
    assert queued == [run.pk]


def test_the_sweeper_frees_what_a_dead_worker_of_this_machine_held_and_queues_it(review, alice, queued):
    run = started(review, alice, 2)
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    claimed(run, 2, lease=f"{socket.gethostname()}:{process.pid}:token")
    tasks.sweep()
    assert queued == [run.pk]
    assert runs.progress(run).leased == 0


def test_the_sweeper_leaves_another_machines_worker_its_time(review, alice, queued):
    run = started(review, alice, 1)
    claimed(run, 1, lease="another-machine:1:token")
    tasks.sweep()
    assert queued == []
    assert runs.progress(run).leased == 1


def test_the_sweeper_queues_nothing_when_nothing_waits(review, alice, queued):
    run = started(review, alice, 1)
    end_item(claimed(run)[0])
    tasks.sweep()
    assert queued == []


def test_a_run_is_queued_only_once_its_rows_are_committed(
    review, alice, queued, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True) as callbacks:
        tasks.kick_on_commit(7)
        assert queued == []
    assert (len(callbacks), queued) == (1, [7])


def test_a_queue_that_is_out_of_reach_fails_nobody_and_says_so_in_the_log(monkeypatch, caplog):
    def refuse(run_id):
        raise OSError("connection refused")

    monkeypatch.setattr(tasks.work_on, "delay", refuse)
    tasks.queue(7)
    assert "run 7 could not be queued (connection refused); the sweeper will" in caplog.text


def test_starting_a_run_survives_a_broker_that_is_not_there(tmp_path):
    """A real process, a real client, and a port where nobody listens: refused within seconds, not retried for ever."""
    code = """
import django; django.setup()
from workers import tasks
tasks.queue(7)
print("still here")
"""
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "WINNOW_DATA": str(tmp_path),
        "WINNOW_BROKER_URL": "redis://127.0.0.1:1/0",
    }
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, timeout=60, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (0, "still here\n")
    assert "run 7 could not be queued" in done.stderr


def test_a_lease_tells_whose_it_is():
    own = identity.lease_name()
    assert not identity.is_dead(own)
    host, pid, _token = own.rsplit(":", 2)
    assert (host, int(pid)) == (socket.gethostname(), os.getpid())
    assert identity.is_dead(f"{host}:{pid}:another-life")
    assert not identity.is_dead(f"another-machine:{pid}:x")
    assert not identity.is_dead(f"{host}:1:x")  # somebody else's process, alive


def test_the_sweeper_tells_the_runs_of_different_reviews_apart(review, alice, queued):
    first = started(review, alice, 1)
    second = started(factories.review(lead=alice, slug="other"), alice, 1)
    claimed(second, 1)
    tasks.sweep()
    assert queued == [first.pk]
