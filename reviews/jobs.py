"""Long work: starting it, cancelling it, and how it says how far it is.

A job is a row (models/jobs.py); workers take it under a lease (job_leases.py) and call the verb that does it
(workers/jobs.py). The verb is given a Report, calls it now and then, and lets Cancelled through.
"""

from contextlib import suppress
from typing import Any, Protocol

from django.core.files import File
from django.db import transaction

from . import audit
from .models import Job, Review, User
from .refusals import Refused


class Cancelled(Exception):
    """Somebody cancelled the work. Raised by a Report; whoever works lets it through and leaves nothing behind."""


class Report(Protocol):
    """What long work calls now and then, at least once a second: `phase` in words, `done` of `of` things.

    `of` is None while it is not known. Raises Cancelled when the work should stop.
    """

    def __call__(self, phase: str, done: int, of: int | None = None) -> None: ...


def quietly(phase: str, done: int, of: int | None = None) -> None:
    """A Report for work that nobody watches: says nothing, never stops."""


def unstoppable(report: Report) -> Report:
    """The same report for work that can no longer be stopped: what is half written is brought to its end."""

    def told(phase: str, done: int, of: int | None = None) -> None:
        with suppress(Cancelled):
            report(phase, done, of)

    return told


def start(
    *,
    review: Review,
    kind: str,
    by: User,
    arguments: dict[str, Any] | None = None,
    file: File | None = None,
    stored_as: str = "",
    file_name: str = "",
    hold: bool = False,
) -> Job:
    """Write down that something long is to be done; the door then queues it (workers.tasks.queue_job_on_commit).

    `file` is kept with the job under `stored_as`; one that Django has put on disk is moved, not copied. With
    `hold` the job waits for `submit`.
    """
    moment = audit.now()
    job = Job(
        review=review,
        kind=kind,
        started_by=by,
        arguments=arguments or {},
        file_name=file_name,
        started_at=moment,
        queued_at=None if hold else moment,
    )
    if file is not None:
        job.file.save(stored_as, file, save=False)
    try:
        job.save(force_insert=True)
    except BaseException:
        if job.file.name:
            job.file.storage.delete(job.file.name)
        raise
    return job


def start_unless_waiting(
    *, review: Review, kind: str, by: User, arguments: dict[str, Any] | None = None
) -> Job:
    """The job that waits to do just this, if there is one, else a new one."""
    same = Job.objects.filter(review=review).under_way().filter(kind=kind, begun_at__isnull=True)
    for waiting in same:
        if waiting.arguments == (arguments or {}):
            return waiting
    return start(review=review, kind=kind, by=by, arguments=arguments)


def change(*, job: Job, arguments: dict[str, Any]) -> Job:
    """Give a held job other arguments than it has.

    Raises:
        Refused: it was handed over, cancelled, or changed before.
    """
    was = job.arguments
    with transaction.atomic():
        job = _still_held(job)
        if job.arguments != was:
            raise Refused("This was changed meanwhile, perhaps in another window.", mend="Look at it again.")
        job.arguments = arguments
        job.save(update_fields=["arguments"])
    return job


def submit(*, job: Job, arguments: dict[str, Any] | None = None) -> Job:
    """Hand a held job to the workers, with `arguments` in place of those it had, if given.

    Raises:
        Refused: it was handed over, or cancelled, before.
    """
    with transaction.atomic():
        job = _still_held(job)
        job.queued_at = audit.now()
        if arguments is not None:
            job.arguments = arguments
        job.save(update_fields=["queued_at", "arguments"])
    return job


def cancel(*, job: Job) -> Job:
    """Stop a job: at once while no worker has it, else as soon as its worker looks up (a second or so).

    Raises:
        Refused: it has ended.
    """
    with transaction.atomic():
        job = _locked(job)
        if job.ended:
            raise Refused("This has ended already.")
        moment = audit.now()
        job.cancel_asked_at = job.cancel_asked_at or moment
        let_go = ""
        if not job.lease and not job.search_id:
            job.cancelled_at, let_go, job.file = moment, job.file.name or "", ""
        job.save(update_fields=["cancel_asked_at", "cancelled_at", "file"])
        drop_file(let_go)
    return job


def drop_file(name: str) -> None:
    """Remove a job's file from the disk once the transaction under way is committed."""
    if name:
        storage = Job._meta.get_field("file").storage
        transaction.on_commit(lambda: storage.delete(name))


def _still_held(job: Job) -> Job:
    job = _locked(job)
    if job.queued_at or job.ended:
        raise Refused("This has begun or was cancelled already.")
    return job


def _locked(job: Job) -> Job:
    return Job.objects.select_for_update(no_key=True, of=("self",)).select_related("review").get(pk=job.pk)
