"""Long work as rows: starting, cancelling, who has it in hand, and how it comes back from the dead."""

from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.db import IntegrityError, transaction

from reviews import audit, importing, job_leases, jobs
from reviews.jobs import Cancelled
from reviews.models import Job, Search
from reviews.refusals import BadInput, Refused
from tests import factories
from tests.reviews.test_importing import ABOUT, TWO, imported, uploads

ALIVE = "host:1:alive"


def started(review, by, **fields) -> Job:
    return jobs.start(review=review, by=by, **{"kind": Job.Kind.DUPLICATES} | fields)


def an_import(review, by, data=TWO, **fields) -> Job:
    return importing.start_import(
        review=review, by=by, file=ContentFile(data, name="x"), file_name="medline.ris", **ABOUT | fields
    )


def taken(job: Job, lease: str = ALIVE) -> Job:
    held = job_leases.claim(job.pk, lease=lease)
    assert held is not None
    return held


def test_an_import_is_looked_at_before_it_is_queued(review, alice, settings):
    job = an_import(review, alice, platform="Ovid", declared_count=3)
    assert (job.kind, job.state, job.file_name, job.started_by) == ("import", "waiting", "medline.ris", alice)
    assert job.arguments["searched_on"] == "2026-01-15"
    assert (job.arguments["platform"], job.arguments["declared_count"]) == ("Ovid", 3)
    with job.file.open("rb") as kept:
        assert kept.read() == TWO
    assert job.file.name.endswith(".ris")
    assert not Search.with_arriving.exists()


@pytest.mark.parametrize(
    ("fields", "words"),
    [({"data": b"%PDF-1.7"}, "PDF"), ({"source": " "}, "no source"), ({"data": b""}, "empty")],
)
def test_what_cannot_be_imported_is_refused_at_once_and_keeps_no_file(review, alice, settings, fields, words):
    with pytest.raises(BadInput, match=words):
        an_import(review, alice, **fields)
    assert not Job.objects.exists()
    assert uploads(settings) == []


def test_a_file_that_waits_or_is_there_is_not_queued_again(review, alice, settings):
    an_import(review, alice)
    with pytest.raises(Refused, match="waiting to be imported already"):
        an_import(review, alice, source="Again")
    other = factories.review(lead=alice, slug="other")
    imported(other, alice)
    with pytest.raises(Refused, match="already in the review"):
        an_import(other, alice)
    assert Job.objects.count() == 1


def test_a_waiting_job_is_cancelled_at_once_with_its_file(
    review, alice, settings, django_capture_on_commit_callbacks
):
    job = an_import(review, alice)
    with django_capture_on_commit_callbacks(execute=True):
        job = jobs.cancel(job=job)
    assert (job.state, job.file.name) == ("cancelled", "")
    assert uploads(settings) == []
    assert job_leases.claim(job.pk, lease=ALIVE) is None
    with pytest.raises(Refused, match="ended already"):
        jobs.cancel(job=job)


def test_a_job_in_hand_is_cancelled_when_its_worker_looks_up(
    review, alice, settings, django_capture_on_commit_callbacks
):
    job = taken(an_import(review, alice))
    job_leases.tell(job, phase="Reading", done=1, of=None)
    assert jobs.cancel(job=job).state == "cancelling"
    assert jobs.cancel(job=job).state == "cancelling"
    assert len(uploads(settings)) == 1
    with pytest.raises(Cancelled):
        job_leases.tell(job, phase="Reading", done=2, of=None)
    with django_capture_on_commit_callbacks(execute=True):
        assert job_leases.end_cancelled(job)
    job.refresh_from_db()
    assert (job.state, job.done, job.lease, job.file.name) == ("cancelled", 1, "", "")
    assert uploads(settings) == []


def test_a_job_is_claimed_once_and_a_review_has_one_in_hand(review, alice):
    first, second = started(review, alice), started(review, alice)
    elsewhere = started(factories.review(lead=alice, slug="other"), alice)
    assert job_leases.idle() == [first.pk, elsewhere.pk]
    held = taken(first)
    assert (held.state, held.tries) == ("working", 1)
    assert job_leases.claim(first.pk, lease="host:2:other") is None
    assert job_leases.claim(second.pk, lease="host:2:other") is None
    assert job_leases.idle() == [elsewhere.pk]
    assert job_leases.finish(held, result={"linked": 0})
    assert job_leases.idle() == [second.pk, elsewhere.pk]
    assert taken(second).state == "working"
    with pytest.raises(IntegrityError), transaction.atomic():
        Job.objects.filter(pk=first.pk).update(lease="x", leased_until=audit.now())


def test_progress_is_written_and_the_lease_renewed(review, alice):
    job = taken(started(review, alice))
    Job.objects.update(leased_until=audit.now())
    job_leases.tell(job, phase="Comparing", done=5, of=10)
    told = Job.objects.get()
    assert (told.phase, told.done, told.of) == ("Comparing", 5, 10)
    assert told.leased_until > audit.now() + timedelta(seconds=500)
    began = told.phase_at
    job_leases.tell(job, phase="Comparing", done=6, of=10)
    told = Job.objects.get()
    assert told.phase_at == began
    assert told.seconds_left(began + timedelta(seconds=6)) == 4.0
    assert told.seconds_left(began + timedelta(seconds=0.5)) is None


def test_who_lost_a_job_can_neither_report_nor_end_it(review, alice):
    job = taken(started(review, alice))
    Job.objects.update(lease="", leased_until=None)
    again = taken(job, lease="host:2:other")
    with pytest.raises(Cancelled):
        job_leases.tell(job, phase="Comparing", done=1, of=None)
    assert not job_leases.finish(job, result={})
    assert not job_leases.fail(job, error="x")
    assert not job_leases.end_cancelled(job)
    assert job_leases.finish(again, result={"linked": 1})
    assert Job.objects.get().result == {"linked": 1}


def test_a_job_is_overdue_when_its_worker_is_dead_or_silent(review, alice):
    job = taken(started(review, alice))
    assert job_leases.overdue(is_dead=lambda lease: False) == []
    assert job_leases.overdue(is_dead=lambda lease: lease == ALIVE) == [job]
    Job.objects.update(leased_until=audit.now() - timedelta(seconds=1))
    assert job_leases.overdue(is_dead=lambda lease: False) == [job]


def test_a_job_outlives_two_workers_and_fails_with_the_third(review, alice):
    job = started(review, alice)
    for tries in (1, 2, 3):
        held = taken(job, lease=f"host:{tries}:dead")
        assert held.tries == tries
        job_leases.give_back(held, left="Try again.")
    job.refresh_from_db()
    assert (job.state, job.error) == ("failed", "3 workers stopped over it. Try again.")


def test_a_job_whose_worker_died_after_cancel_was_asked_is_cancelled(review, alice):
    job = taken(started(review, alice))
    jobs.cancel(job=job)
    [held] = job_leases.overdue(is_dead=lambda lease: True)
    job_leases.give_back(held, left="")
    job.refresh_from_db()
    assert job.state == "cancelled"


def test_a_held_job_waits_for_a_person_and_not_for_ever(
    review, alice, settings, django_capture_on_commit_callbacks
):
    job = an_import(review, alice, hold=True)
    assert (job.state, job_leases.idle(), job_leases.claim(job.pk, lease=ALIVE)) == ("held", [], None)
    given = jobs.submit(job=job, arguments={"source": "Embase"})
    assert (given.state, given.arguments) == ("waiting", {"source": "Embase"})
    with pytest.raises(Refused, match="begun or was cancelled"):
        jobs.submit(job=job)
    old = an_import(review, alice, data=TWO + b"\n", hold=True)
    assert job_leases.forget_held() == 0
    Job.objects.filter(pk=old.pk).update(started_at=audit.now() - timedelta(days=8))
    with django_capture_on_commit_callbacks(execute=True):
        assert job_leases.forget_held() == 1
    old.refresh_from_db()
    assert old.state == "cancelled"
    assert len(uploads(settings)) == 1
