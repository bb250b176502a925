"""A worker does a job: what it makes of it, what it leaves when it fails, is cancelled or dies."""

import pytest

from reviews import arriving, importing, job_leases, jobs
from reviews.jobs import Cancelled
from reviews.models import Event, Job, Record, Search
from reviews.parsers import ReadAs
from tests import factories
from tests.reviews.test_importing import TWO, imported, nothing_is_stored, uploads
from tests.reviews.test_jobs import an_import, started, taken
from workers import jobs as doing
from workers import tasks


@pytest.fixture
def queued(monkeypatch):
    """The ids of the jobs put into the queue."""
    seen: list[int] = []
    monkeypatch.setattr(tasks.do_job, "delay", seen.append)
    return seen


@pytest.fixture(autouse=True)
def _files_go_at_once(monkeypatch):
    monkeypatch.setattr(jobs.transaction, "on_commit", lambda act: act())


def test_an_import_comes_in_with_the_file_it_was_started_with(review, alice, settings):
    job = an_import(review, alice, platform="Ovid", declared_count=3)
    [kept] = uploads(settings)
    assert doing.do(job.pk)
    job.refresh_from_db()
    search = Search.objects.get()
    assert (job.state, job.file.name, job.search, job.lease) == ("finished", "", search, "")
    assert job.result == {"search": search.pk, "found": 2, "problems": 0, "linked": 0, "queued": 0}
    assert (search.platform, search.declared_count, search.imported_by) == ("Ovid", 3, alice)
    assert uploads(settings) == [kept]
    with search.file.open("rb") as file:
        assert file.read() == TWO
    assert [event.verb for event in Event.objects.order_by("seq")] == ["search.imported", "duplicates.sought"]


def test_new_records_are_compared_with_the_old_ones(review, alice):
    imported(review, alice, data=TWO)
    job = an_import(review, alice, data=TWO.replace(b"DO  - 10.1000/moss.1\n", b""), source="Embase")
    doing.do(job.pk)
    job.refresh_from_db()
    assert (job.result["found"], job.result["linked"]) == (2, 1)


def test_a_job_is_done_once(review, alice):
    job = an_import(review, alice)
    assert doing.do(job.pk)
    assert not doing.do(job.pk)
    assert not doing.do(job.pk + 1)
    assert Record.objects.count() == 2


def test_what_is_refused_is_said_in_the_verbs_words_and_leaves_nothing(review, alice, settings):
    job = an_import(review, alice)
    imported(review, alice)
    before = uploads(settings)
    doing.do(job.pk)
    job.refresh_from_db()
    assert job.state == "failed"
    assert job.error.startswith("This file is already in the review")
    assert "Nothing was imported." in job.error
    assert Search.with_arriving.count() == 1
    assert len(uploads(settings)) == len(before) - 1


def test_our_own_mistakes_are_not_shown_and_leave_nothing(review, alice, settings, monkeypatch, caplog):
    monkeypatch.setattr(arriving, "let_in", lambda search: 1 / 0)
    job = an_import(review, alice)
    doing.do(job.pk)
    job.refresh_from_db()
    assert job.error == f"{doing.OUR_FAULT} Nothing of it was kept. Try again."
    assert "division by zero" in caplog.text
    assert nothing_is_stored(settings)
    assert not Search.with_arriving.exists()


def test_when_only_the_comparison_fails_the_import_stands_and_it_is_said(review, alice, monkeypatch):
    monkeypatch.setattr(doing.dedup, "find_duplicates", lambda **_: 1 / 0)
    job = an_import(review, alice)
    doing.do(job.pk)
    job.refresh_from_db()
    assert job.error.endswith("The import itself is whole and counts. Look for duplicates again.")
    assert Record.objects.found().count() == 2


def test_a_cancelled_import_leaves_nothing(review, alice, settings, monkeypatch):
    monkeypatch.setattr(importing, "BATCH", 1)
    monkeypatch.setattr(doing, "TELL_EVERY", 0)
    job, keep = an_import(review, alice), arriving.keep

    def and_somebody_cancels(search, records, problems, carried):
        keep(search, records, problems, carried)
        assert Record.with_arriving.count() == 1
        jobs.cancel(job=job)

    monkeypatch.setattr(arriving, "keep", and_somebody_cancels)
    doing.do(job.pk)
    job.refresh_from_db()
    assert (job.state, job.search) == ("cancelled", None)
    assert nothing_is_stored(settings)
    assert not Search.with_arriving.exists()
    assert not Event.objects.exists()


def test_progress_is_written_down_twice_a_second_at_most(review, alice, monkeypatch):
    told = []
    monkeypatch.setattr(job_leases, "tell", lambda job, **said: told.append((said["phase"], said["done"])))
    report = doing.Progress(taken(started(review, alice)))
    for done in range(100):
        report("One", done)
    report("Two", 100)
    assert told == [("One", 0), ("Two", 100)]


def dead_in_mid_import(review, alice, monkeypatch) -> Job:
    """A job whose worker went without a word after the first batch."""
    job = taken(an_import(review, alice), lease="host:1:dead")
    monkeypatch.setattr(importing, "BATCH", 1)
    with monkeypatch.context() as patch, pytest.raises(Cancelled):
        patch.setattr(importing, "_leave_nothing", lambda search: None)

        def die(phase, done, of=None):
            if done:
                raise Cancelled

        doing.KINDS[job.kind](job, die)
    assert (Search.with_arriving.count(), Record.with_arriving.count(), Record.objects.count()) == (1, 1, 0)
    return job


def test_the_sweeper_clears_up_after_a_dead_worker_and_the_next_one_brings_it_in(
    review, alice, settings, monkeypatch, queued
):
    job = dead_in_mid_import(review, alice, monkeypatch)
    tasks.sweep()
    assert Search.with_arriving.count() == 1  # of a worker of another machine nothing is known
    monkeypatch.setattr(doing, "is_dead", lambda lease: lease == "host:1:dead")
    tasks.sweep()
    assert queued == [job.pk]
    assert not Search.with_arriving.exists()
    assert len(uploads(settings)) == 1
    tasks.do_job(job.pk)
    job.refresh_from_db()
    assert (job.state, job.tries, Record.objects.count()) == ("finished", 2, 2)
    assert list(Record.objects.order_by("number").values_list("number", flat=True)) == [1, 2]


def test_a_worker_that_died_while_comparing_leaves_only_that_to_do(review, alice, monkeypatch):
    job = an_import(review, alice)
    with monkeypatch.context() as patch:
        patch.setattr(doing.dedup, "find_duplicates", lambda **_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            doing.KINDS["import"](taken(job, lease="host:1:dead"), jobs.quietly)
    monkeypatch.setattr(doing, "is_dead", lambda lease: lease == "host:1:dead")
    assert doing.sweep() == [job.pk]
    assert doing.do(job.pk)
    job.refresh_from_db()
    assert (job.state, job.result["found"]) == ("finished", 2)
    assert Search.objects.count() == 1


def test_the_sweeper_queues_what_a_broken_broker_lost(review, alice, monkeypatch, caplog):
    def refuse(job_id):
        raise OSError("connection refused")

    job = an_import(review, alice)
    monkeypatch.setattr(tasks.do_job, "delay", refuse)
    tasks.queue_job(job.pk)
    assert f"job {job.pk} could not be queued (connection refused); the sweeper will" in caplog.text
    queued = []
    monkeypatch.setattr(tasks.do_job, "delay", queued.append)
    tasks.sweep()
    assert queued == [job.pk]


def test_what_waited_is_queued_when_a_job_ends(review, alice, queued):
    first, second = started(review, alice), started(review, alice)
    tasks.do_job(first.pk)
    assert queued == [second.pk]


def test_looking_for_duplicates_is_a_job(review, alice, search):
    from tests.reviews.test_dedup import PAPER

    for _ in range(2):
        factories.record(search, **PAPER)
    job = started(review, alice)
    doing.do(job.pk)
    job.refresh_from_db()
    assert job.result == {"compared": 1, "linked": 1, "queued": 0, "waiting": 0}
    of_one = started(review, alice, arguments={"search": search.pk})
    doing.do(of_one.pk)
    of_one.refresh_from_db()
    assert of_one.result["linked"] == 0


def test_what_a_person_decided_about_a_table_reaches_the_worker(review, alice):
    table = b"Name;Year\nA trial of plerixafor;2019\n"
    job = an_import(
        review, alice, data=table, read_as=ReadAs(separator=";", mapping={"Name": "title", "Year": ""})
    )
    doing.do(job.pk)
    job.refresh_from_db()
    assert (job.state, job.error) == ("finished", "")
    record = Record.objects.get()
    assert (record.title, record.year) == ("A trial of plerixafor", None)
