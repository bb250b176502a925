"""The page of long work: how far it is, cancelling it, what came of it; and imports among the searches."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from reviews import audit, job_leases, jobs
from reviews.models import Job, Record, Search
from reviews.views.jobs import RESULTS, home_of
from tests import factories
from tests.reviews.test_importing import TWO, uploads
from tests.reviews.test_jobs import an_import, started, taken
from tests.reviews.test_search_pages import ABOUT, new
from tests.working import work
from workers.jobs import KINDS

HTMX = {"HX-Request": "true"}


def at(job: Job, name: str = "job") -> str:
    return reverse(name, args=[job.review.slug, job.pk])


def test_after_import_one_lands_on_its_page_and_then_at_the_search(as_person, review, bob):
    browser = as_person(bob)
    answer = browser.post(new(review), {**ABOUT, "file": SimpleUploadedFile("medline.ris", TWO)})
    job = Job.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, at(job))
    page = browser.get(at(job)).content.decode()
    assert "Importing MEDLINE" in page
    assert "Waiting for a worker" in page
    assert "Cancel the import" in page
    assert f'hx-get="{at(job)}"' in page
    assert not Record.objects.exists()
    work()
    polled = browser.get(at(job), headers=HTMX)
    assert polled["HX-Redirect"] == at(job)
    landed = browser.get(at(job), follow=True)
    assert landed.redirect_chain == [(reverse("search", args=[review.slug, Search.objects.get().pk]), 302)]
    assert "2 records imported." in landed.content.decode()


def test_while_it_works_it_says_what_how_far_how_fast_and_how_long_still(as_person, review, olive, alice):
    job = taken(an_import(review, alice))
    Job.objects.update(
        phase="Reading and storing records",
        phase_at=audit.now() - timedelta(hours=1),
        done=50_000,
        of=100_000,
    )
    polled = as_person(olive).get(at(job), headers=HTMX).content.decode()
    assert "<html" not in polled
    for words in (
        'max="100000" value="50000"',
        "<b>50,000</b> of about 100,000",
        "a second",
        "about 60 min left",
    ):
        assert words in polled
    assert "hx-trigger" in polled
    assert at(job, "job_cancel") not in as_person(olive).get(at(job)).content.decode()


def test_a_job_that_waits_says_for_what(as_person, review, alice):
    first, second = started(review, alice), an_import(review, alice)
    taken(first)
    browser = as_person(alice)
    assert "Waiting until this is done: Looking for duplicates" in browser.get(at(second)).content.decode()
    job_leases.finish(Job.objects.get(pk=first.pk), result={})
    assert "No worker has taken it up yet" not in browser.get(at(second)).content.decode()
    Job.objects.update(queued_at=audit.now() - timedelta(minutes=1))
    assert "No worker has taken it up yet" in browser.get(at(second)).content.decode()


def test_cancelling_stops_the_polling_and_says_that_nothing_is_left(
    as_person, review, alice, settings, django_capture_on_commit_callbacks
):
    job, browser = an_import(review, alice), as_person(alice)
    with django_capture_on_commit_callbacks(execute=True):
        page = browser.post(at(job, "job_cancel"), follow=True).content.decode()
    assert "Cancelled. Nothing was imported, and nothing of it was kept." in page
    assert "hx-trigger" not in page
    assert uploads(settings) == []
    assert browser.post(at(job, "job_cancel")).status_code == 409
    assert not work()
    assert not Record.objects.exists()


def test_a_failure_is_said_in_words_and_stands_among_the_searches_for_a_while(as_person, review, alice):
    job = an_import(review, alice, data=b"TY  - JOUR\nTI  - A\nER  - \n", source="<b>Embase</b>")
    held = taken(job)
    job_leases.fail(held, error="Nothing in <i>this</i> file is a record.")
    browser = as_person(alice)
    page = browser.get(at(job)).content.decode()
    assert "Nothing in &lt;i&gt;this&lt;/i&gt; file is a record." in page
    assert "&lt;b&gt;Embase" in page
    assert "hx-trigger" not in page
    listed = reverse("searches", args=[review.slug])
    assert "did not come in" in browser.get(listed).content.decode()
    Job.objects.update(failed_at=audit.now() - timedelta(days=4))
    assert "did not come in" not in browser.get(listed).content.decode()


def test_the_searches_page_lists_imports_under_way(as_person, review, alice, olive):
    job = taken(an_import(review, alice))
    Job.objects.update(phase="Reading and storing records", done=1500, of=3000)
    page = as_person(olive).get(reverse("searches", args=[review.slug])).content.decode()
    assert at(job) in page
    assert "reading and storing records, 1,500 of about 3,000" in page
    assert "No searches yet" not in page


@pytest.mark.parametrize("many", [1, 4])
def test_the_list_takes_the_same_queries_however_many_imports(
    as_person, review, alice, many, django_assert_num_queries
):
    for n in range(many):
        an_import(review, alice, data=TWO + b"\n" * n)
    browser = as_person(alice)
    with django_assert_num_queries(9):
        browser.get(reverse("searches", args=[review.slug]))


def test_a_job_of_another_review_is_not_found(as_person, review, alice):
    job = started(factories.review(lead=alice, slug="other"), alice)
    browser = as_person(alice)
    for name in ("job", "job_cancel"):
        address = reverse(name, args=[review.slug, job.pk])
        assert browser.get(address).status_code in (404, 405)
        assert browser.post(address).status_code in (404, 405)
    job.refresh_from_db()
    assert job.state == "waiting"


def test_an_observer_watches_and_does_not_cancel(as_person, review, alice, olive):
    job = started(review, alice)
    assert as_person(olive).get(at(job)).status_code == 200
    assert as_person(olive).post(at(job, "job_cancel")).status_code == 403
    job.refresh_from_db()
    assert job.state == "waiting"


def test_every_kind_of_job_has_words_for_what_came_of_it():
    assert set(RESULTS) == set(KINDS) == set(Job.Kind.values)


def test_a_cancelled_comparison_leaves_the_import_as_it_is(as_person, review, alice):
    job = an_import(review, alice)
    search = factories.search(review, by=alice)
    held = taken(job)
    Job.objects.update(search=search)
    jobs.cancel(job=held)
    job_leases.end_cancelled(held)
    page = as_person(alice).get(at(job)).content.decode()
    assert "The import itself is whole" in page
    assert home_of(Job.objects.get()) in page
