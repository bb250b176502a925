"""Every background job, a few lines each: fetch, work, say what is next. Ids in, nothing out."""

import logging
import threading
from typing import Any

from celery.signals import worker_ready
from django.db import close_old_connections, transaction

from screening import runs
from screening.models import Run

from .celery import app
from .identity import is_dead

logger = logging.getLogger(__name__)
SWEEP_EVERY = 60  # seconds


@app.task
def work_on(run_id: int) -> None:
    """Ask about one batch of a run, then queue the next batch if anything still waits."""
    from .batches import work_on_batch  # here, so that the web process never loads the model's library

    run = Run.objects.select_related("review").filter(pk=run_id).first()
    if run is None or run.cancelled_at is not None:
        logger.info("run %s is gone or cancelled; nothing to do", run_id)
        return
    if work_on_batch(run):
        work_on.delay(run_id)


@app.task
def sweep() -> None:
    """Free the leases of dead workers and queue every run that has waiting records."""
    runs.sweep(is_dead=is_dead)
    for run_id in runs.waiting_items().values_list("run_id", flat=True).distinct():
        work_on.delay(run_id)


def kick_on_commit(run_id: int) -> None:
    """Queue a run once the door's transaction is committed.

    If the queue is out of reach the page does not fail: the rows are there, and the sweeper finds them.
    """

    def kick() -> None:
        try:
            work_on.delay(run_id)
        except Exception as error:  # each broker has exceptions of its own
            logger.warning("run %s could not be queued (%s); the sweeper will", run_id, error)

    transaction.on_commit(kick)


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
            close_old_connections()
            pause.wait(SWEEP_EVERY)

    pause = threading.Event()
    threading.Thread(target=forever, name="sweeper", daemon=True).start()
