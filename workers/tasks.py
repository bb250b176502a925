"""Every background job, a few lines each: fetch, work, say what is next. Ids in, nothing out."""

import logging
import threading
import time
from typing import Any

from celery.signals import worker_ready
from django.db import connection, transaction

from reviews import job_leases
from screening import leases
from screening.models import Run

from . import jobs
from .celery import app
from .identity import is_dead

logger = logging.getLogger(__name__)
SWEEP_EVERY = 60  # seconds


@app.task
def work_on(run_id: int) -> None:
    """Ask about one batch of a run. A full batch queues the next one first, so that idle threads and workers join."""
    from .batches import (  # here, so that the web process never loads what only workers need
        BATCH,
        work_on_batch,
    )

    run = Run.objects.select_related("review").filter(pk=run_id).first()
    if run is None or run.cancelled_at is not None:
        logger.info("run %s is gone or cancelled; nothing to do", run_id)
        return
    work_on_batch(run, size=BATCH, queue_next=lambda: queue(run_id))


@app.task
def do_job(job_id: int) -> None:
    """Do a job, then queue what waited for it to end. A message too many finds nothing to do and is gone."""
    if jobs.do(job_id):
        for waiting in job_leases.idle():
            queue_job(waiting)


@app.task
def sweep() -> None:
    """Take runs and jobs from dead workers, and queue those that wait while nobody works on them.

    A run or a job that somebody works on is left alone: its own message follows it. So a message a minute at
    most is added for one that waits behind others, and a message too many finds nothing to claim and is gone.
    """
    leases.sweep(is_dead=is_dead)
    for run_id in leases.idle_runs():
        queue(run_id)
    for job_id in jobs.sweep():
        queue_job(job_id)


def queue(run_id: int) -> None:
    """Tell the workers that this run has something to do.

    If the queue is out of reach nobody fails for it: the rows are there, and the sweeper finds them.
    """
    try:
        work_on.delay(run_id)
    except Exception as error:  # each broker has exceptions of its own
        logger.warning("run %s could not be queued (%s); the sweeper will", run_id, error)


def queue_job(job_id: int) -> None:
    """Tell the workers that there is this job; as with runs, nobody fails for a queue that is out of reach."""
    try:
        do_job.delay(job_id)
    except Exception as error:  # each broker has exceptions of its own
        logger.warning("job %s could not be queued (%s); the sweeper will", job_id, error)


def queue_job_on_commit(job_id: int) -> None:
    """Queue a job once the door's transaction is committed."""
    transaction.on_commit(lambda: queue_job(job_id))


def kick_on_commit(run_id: int) -> None:
    """Queue a run once the door's transaction is committed."""
    transaction.on_commit(lambda: queue(run_id))


@worker_ready.connect
def keep_sweeping(**_: Any) -> None:
    """Sweep when a worker starts and every minute after, in a thread of its own.

    (Celery's signal, not Django's: it is the one moment a worker can be told from a web process.)
    """

    def forever() -> None:
        while True:
            try:
                sweep()
            except Exception:
                logger.exception("the sweep failed; trying again in %s s", SWEEP_EVERY)
            connection.close()
            time.sleep(SWEEP_EVERY)

    threading.Thread(target=forever, name="sweeper", daemon=True).start()
