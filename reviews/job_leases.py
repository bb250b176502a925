"""Who works on which job: handing jobs to workers under leases, and taking them back from the dead.

As with the records of a run (screening/leases.py): a worker claims a job under a lease, renews it with each
report, and ends it; `overdue` names the jobs whose worker died. In a review one job is worked on at a time; the
database refuses a second lease. Leases are housekeeping and write no events.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Exists, F, OuterRef, Q

from . import audit
from .jobs import Cancelled, drop_file
from .models import Job
from .models.jobs import OPEN

SECONDS = 600.0  # how long a lease holds without a report
MOST_TRIES = 3  # workers that may die over a job before it is shown as failed
HELD_FOR = timedelta(days=7)  # how long a job waits for a person before it is cancelled


def claim(pk: int, *, lease: str, seconds: float = SECONDS) -> Job | None:
    """Take a waiting job; None when it is gone, ended, taken, or its review has another one in hand."""
    moment = audit.now()
    try:
        with transaction.atomic():
            taken = (
                Job.objects.under_way()
                .filter(pk=pk, lease="")
                .update(
                    lease=lease,
                    leased_until=moment + timedelta(seconds=seconds),
                    begun_at=moment,
                    tries=F("tries") + 1,
                )
            )
    except IntegrityError:  # job_one_at_a_time_per_review
        return None
    return Job.objects.select_related("review", "started_by").get(pk=pk) if taken else None


def tell(job: Job, *, phase: str, done: int, of: int | None, seconds: float = SECONDS) -> None:
    """Write down how far a job is, and hold it for `seconds` more.

    Raises:
        Cancelled: somebody asked for that, or the job was taken from this worker.
    """
    moment = audit.now()
    fields: dict[str, Any] = {
        "phase": phase[:120], "done": done, "of": of, "leased_until": moment + timedelta(seconds=seconds)
    }  # fmt: skip
    if phase != job.phase:
        job.phase, fields["phase_at"] = phase, moment
    mine = Job.objects.filter(OPEN, pk=job.pk, lease=job.lease)
    if not mine.filter(cancel_asked_at__isnull=True).update(**fields):
        raise Cancelled


def finish(job: Job, *, result: dict[str, Any]) -> bool:
    """Say that a job came to its end, and what came of it; whether it was still this worker's."""
    return _end(job, finished_at=audit.now(), result=result)


def fail(job: Job, *, error: str) -> bool:
    """Say that a job failed, and why in words; its file goes."""
    return _end(job, failed_at=audit.now(), error=error or "It failed without a word.")


def end_cancelled(job: Job) -> bool:
    """Say that a cancelled job has stopped and left nothing; its file goes."""
    with transaction.atomic():
        Job.objects.filter(pk=job.pk, cancel_asked_at__isnull=True).update(cancel_asked_at=audit.now())
        return _end(job, cancelled_at=audit.now())


def _end(job: Job, **fields: Any) -> bool:
    with transaction.atomic():
        mine = Job.objects.select_for_update(no_key=True).filter(OPEN, pk=job.pk, lease=job.lease)
        held = mine.values_list("file", flat=True).first()
        if held is None:
            return False
        drop_file(held)
        mine.update(lease="", leased_until=None, file="", **fields)
        return True


def overdue(*, is_dead: Callable[[str], bool]) -> list[Job]:
    """Jobs in the hands of workers that died, or that were not heard of while their lease ran out."""
    held = Job.objects.filter(OPEN).exclude(lease="").select_related("review")
    moment = audit.now()
    return [job for job in held if (job.leased_until or moment) < moment or is_dead(job.lease)]


def give_back(job: Job, *, left: str) -> None:
    """Let another worker take up what a dead one had in hand, once what it left lying is cleared away.

    Cancelled if that was asked meanwhile; failed, after MOST_TRIES workers; `left` says what remains then.
    """
    if job.cancel_asked_at:
        end_cancelled(job)
    elif job.tries >= MOST_TRIES:
        fail(job, error=f"{MOST_TRIES} workers stopped over it. {left}")
    else:
        Job.objects.filter(OPEN, pk=job.pk, lease=job.lease).update(lease="", leased_until=None)


def idle() -> list[int]:
    """The next waiting job of each review in which none is in hand."""
    busy = Job.objects.filter(OPEN, review=OuterRef("review")).exclude(lease="")
    waiting = Job.objects.under_way().filter(lease="").exclude(Exists(busy)).order_by("pk")
    first: dict[int, int] = {}
    for pk, review in waiting.values_list("pk", "review_id"):
        first.setdefault(review, pk)
    return list(first.values())


def forget_held() -> int:
    """Cancel jobs that waited for a person for longer than HELD_FOR; returns how many."""
    old = Job.objects.filter(OPEN, Q(queued_at__isnull=True), started_at__lt=audit.now() - HELD_FOR)
    ended = 0
    for job in old:
        ended += end_cancelled(job)
    return ended
