"""A worker, in the test's own process: what was queued is done when a test says so."""

from urllib.parse import urljoin

from django.http import HttpResponse
from django.test import Client

from reviews.models import Job
from workers import jobs


def work() -> list[Job]:
    """Do every job that waits, oldest first; the jobs done, as they then stand."""
    waiting = list(Job.objects.under_way().filter(lease="").order_by("pk"))
    for job in waiting:
        assert jobs.do(job.pk)
        job.refresh_from_db()
    return waiting


def see_it_through(browser: Client, answer: HttpResponse) -> HttpResponse:
    """Follow a POST that started a job to where the person is when the job has ended."""
    if answer.status_code != 302:
        return answer
    assert "/jobs/" in answer["Location"]
    work()
    return browser.get(urljoin("/", answer["Location"]), follow=True)
