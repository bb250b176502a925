"""Doing jobs: which verb does which kind of job, how it reports, and what becomes of a job whose worker died."""

import logging
import time
from collections.abc import Callable
from datetime import date
from typing import Any

from django.db import connection

from reviews import applying_rules, arriving, dedup, importing, job_leases, uploads
from reviews.jobs import Cancelled, Report, unstoppable
from reviews.models import Job, Search
from reviews.parsers import ReadAs
from reviews.refusals import Refused
from screening import returning

from .identity import is_dead, lease_name

logger = logging.getLogger(__name__)
TELL_EVERY = 0.5  # seconds
OUR_FAULT = "Something went wrong on our side; the server's log says what."
ABOUT = ("source", "kind", "platform", "strategy", "declared_count", "limits", "filters")


class Progress:
    """The Report of a job in hand: writes it down twice a second at most, and stops what was cancelled.

    Inside a transaction it says nothing: nobody would see it before the end, and the row would stay locked.
    """

    def __init__(self, job: Job) -> None:
        self.job = job
        self.told_at = 0.0
        self.phase = ""
        self.depth = len(connection.atomic_blocks)

    def __call__(self, phase: str, done: int, of: int | None = None) -> None:
        """See Report."""
        moment = time.monotonic()
        if phase == self.phase and moment - self.told_at < TELL_EVERY:
            return
        if len(connection.atomic_blocks) > self.depth:
            return
        job_leases.tell(self.job, phase=phase, done=done, of=of)
        self.phase, self.told_at = phase, time.monotonic()


def bring_in(job: Job, report: Report) -> dict[str, Any]:
    """Import the job's file, give its records back what they had before, compare them with all others.

    A worker that died after the records had arrived leaves only the rest to do.
    """
    search = job.search if job.search and job.search.arrived_at else _import(job, report)
    returning.return_judgements(search=search, by=job.started_by)
    # The import counts by now, so cancelling comes too late for it.
    sought = dedup.find_duplicates(
        review=job.review, by=job.started_by, record_ids=_records(search), report=unstoppable(report)
    )
    return {
        "search": search.pk,
        "found": search.records.count(),
        "problems": search.problems.count(),
        "linked": sought.linked,
        "queued": sought.queued,
    }


def _import(job: Job, report: Report) -> Search:
    about = {key: value for key, value in job.arguments.items() if key in ABOUT}
    with job.file.open("rb") as stream:
        imported = importing.import_search(
            review=job.review,
            by=job.started_by,
            data=stream.file,
            file_name=job.file_name,
            searched_on=date.fromisoformat(job.arguments["searched_on"]),
            **about,
            read_as=ReadAs.from_json(job.argument("read_as")),
            report=report,
            job=job,
        )
    return imported.search


def _records(search: Search) -> list[int]:
    return list(search.records.values_list("pk", flat=True))


def find_duplicates(job: Job, report: Report) -> dict[str, Any]:
    """Compare all records, or those of one search (argument `search`) with all."""
    only = None
    if wanted := job.argument("search"):
        only = _records(Search.objects.get(review=job.review, pk=wanted))
    sought = dedup.find_duplicates(review=job.review, by=job.started_by, record_ids=only, report=report)
    return {
        "compared": sought.compared,
        "linked": sought.linked,
        "queued": sought.queued,
        "waiting": sought.waiting,
    }


def apply_rules(job: Job, report: Report) -> dict[str, Any]:
    """Apply the rules before screening that were seen in a preview (arguments `expected`, `up_to`)."""
    done = applying_rules.apply_rules(
        review=job.review,
        by=job.started_by,
        expected=job.argument("expected"),
        up_to=job.argument("up_to"),
        report=report,
    )
    return {"application": done.pk, "removed": done.removed, "records": done.records}


# What does each kind of job. The verb's results, as JSON can hold them, are the job's.
KINDS: dict[str, Callable[[Job, Report], dict[str, Any]]] = {
    Job.Kind.IMPORT: bring_in,
    Job.Kind.DUPLICATES: find_duplicates,
    Job.Kind.RULES: apply_rules,
}


def do(pk: int) -> bool:
    """Do a job from beginning to end, unless somebody else has it; whether it was done here."""
    job = job_leases.claim(pk, lease=lease_name())
    if job is None:
        return False
    try:
        result = KINDS[job.kind](job, Progress(job))
    except Cancelled:
        job_leases.end_cancelled(job)
    except Refused as no:
        job_leases.fail(job, error=" ".join(filter(None, (no.what, no.kept, no.mend))))
    except Exception:
        logger.exception("job %s (%s) failed", job.pk, job.kind)
        job_leases.fail(job, error=f"{OUR_FAULT} {what_is_left(job)}")
    else:
        job_leases.finish(job, result=result)
    return True


def what_is_left(job: Job) -> str:
    """What a failed job leaves, and what to do, in words."""
    if Search.objects.filter(jobs=job).exists():
        return "The import itself is whole and counts. Look for duplicates again."
    return "Nothing of it was kept. Try again."


def sweep() -> list[int]:
    """Clear away what dead workers left half done and let their jobs be taken up again; the jobs to queue."""
    for job in job_leases.overdue(is_dead=is_dead):
        logger.warning("the worker of job %s is gone; clearing up after it", job.pk)
        if job.search and not job.search.arrived_at:
            arriving.clear_away(job.search)
        job_leases.give_back(job, left=what_is_left(job))
    arriving.clear_stale()
    job_leases.forget_held()
    uploads.remove_broken()
    return job_leases.idle()
