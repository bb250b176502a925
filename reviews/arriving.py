"""How the records of a search come in: many short transactions, seen by nobody until one last one lets them be.

`begin` makes the Search, not arrived; `keep` stores a batch; `arrive` makes all of it count at once. Until then
nothing is seen of it (Search.objects and Record.objects leave it out), so reviewers go on voting meanwhile, on
SQLite with its one writer too. What does not arrive is cleared away without a trace: rows, numbers, file. In a
review one search arrives at a time (the database says so), so that numbers follow each other without gaps. ADR 7.
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Max

from . import audit
from .jobs import Report
from .many_rows import insert_rows
from .models import CarriedJudgement, ImportProblem, Job, Record, Review, Search
from .refusals import Refused

Row = Mapping[str, Any]  # a value by the name of its column
STALE_AFTER = timedelta(minutes=10)  # unheard of for so long, who brought a search in is dead
PATIENCE = 60.0  # seconds one import waits for another one of the same review
LOOK_AGAIN = 0.2  # seconds
_CLEARED_AT_ONCE = 2000  # rows in one transaction


class GivenUp(Refused):
    """The search was cleared away from under whoever was bringing it in (it had not been heard of for long)."""

    def __init__(self) -> None:
        super().__init__(
            "This import was given up: nothing had been heard of it for some time.",
            kept="Nothing was imported.",
            mend="Import the file again.",
        )


def begin(search: Search, *, job: Job | None, report: Report) -> int:
    """Make the Search, not arrived, once no other is arriving in its review; the number its first record gets.

    Raises:
        Refused: this very file is in the review already, or another import did not end within PATIENCE.
    """
    deadline = time.monotonic() + PATIENCE
    while True:
        with transaction.atomic():
            Review.objects.select_for_update(no_key=True).get(pk=search.review_id)
            refuse_second_time(search)
            if not Search.with_arriving.filter(review=search.review_id, arrived_at__isnull=True).exists():
                return _begin(search, job)
        if connection.in_atomic_block or time.monotonic() > deadline:
            raise Refused(
                "Another import into this review is under way.",
                kept="Nothing was imported.",
                mend="Try again when it has ended.",
            )
        report("Waiting for another import to end", 0)
        clear_stale()
        time.sleep(LOOK_AGAIN)


def _begin(search: Search, job: Job | None) -> int:
    search.imported_at = audit.now()
    search.arrived_at = None
    search.save(force_insert=True)
    if job:
        Job.objects.filter(pk=job.pk).update(search=search)
    last = Record.with_arriving.filter(review=search.review_id).aggregate(last=Max("number"))["last"]
    return (last or 0) + 1


def refuse_second_time(search: Search) -> None:
    """Raise Refused if the review has this very file already, or it is coming in."""
    earlier = Search.with_arriving.filter(
        review_id=search.review_id, sha256=search.sha256, withdrawn_at__isnull=True
    ).first()
    what = f"This {'file' if search.file_name else 'text'}"
    if earlier and earlier.arrived_at:
        raise Refused(
            f"{what} is already in the review: it was imported as “{earlier}” on "
            f"{earlier.imported_at:%d %B %Y}.",
            kept="Nothing was imported.",
            mend="If it should be imported anew, undo that import first.",
        )
    if earlier:
        raise Refused(f"{what} is being imported just now, as “{earlier}”.", kept="Nothing was imported.")


class UndoneBefore(Refused):
    """This very file was imported before and that was undone; `search` is the newest such import."""

    def __init__(self, search: Search, what: str) -> None:
        super().__init__(
            f"{what} was imported before, as “{search}” on {search.imported_at:%d %B %Y}, and that import was undone.",
            kept="Nothing was imported.",
            mend="Restore that import: its records count again, with all that was said of them. Or import it anew.",
        )
        self.search = search


def refuse_undone(search: Search) -> None:
    """Raise UndoneBefore if this very file is that of an undone import: restoring it is the better way."""
    undone = Search.objects.filter(
        review_id=search.review_id, sha256=search.sha256, withdrawn_at__isnull=False
    )
    if earlier := undone.order_by("-withdrawn_at").first():
        raise UndoneBefore(earlier, f"This {'file' if search.file_name else 'text'}")


def keep(
    search: Search, records: Iterable[Row], problems: Sequence[Row], carried: Sequence[Row] = ()
) -> None:
    """Store a batch, rows as record_rows.py and carrying.py make them, in a transaction of its own.

    PostgreSQL stores one row while the next is read: rows come to it as they are made, and `problems` and
    `carried` are looked at after them. On SQLite all rows are made before its one write lock is taken.

    Raises:
        GivenUp: see there.
    """
    if connection.vendor == "sqlite":
        records = list(records)
    with transaction.atomic():
        still = Search.with_arriving.filter(pk=search.pk, arrived_at__isnull=True, withdrawn_at__isnull=True)
        if not still.update(imported_at=audit.now()):  # heard of again; and it keeps a sweeper out
            raise GivenUp
        insert_rows(Record, records)
        if problems:
            insert_rows(ImportProblem, problems)
        if carried:
            _keep_carried(search, carried)


def _keep_carried(search: Search, carried: Sequence[Row]) -> None:
    """What was carried beside records just stored, which are found again by their place in the file."""
    places = sorted({row["position"] for row in carried})
    keys: dict[int, int] = {}
    for n in range(0, len(places), 500):
        stored = Record.with_arriving.filter(search_id=search.pk, position__in=places[n : n + 500])
        keys.update(stored.values_list("position", "pk"))
    insert_rows(CarriedJudgement, ({**row, "record_id": keys[row["position"]]} for row in carried))


def let_in(search: Search) -> None:
    """Make the search count, with all its records; called in the transaction that writes the event.

    Raises:
        GivenUp: see there.
    """
    Review.objects.select_for_update(no_key=True).get(pk=search.review_id)
    still = Search.with_arriving.filter(pk=search.pk, arrived_at__isnull=True, withdrawn_at__isnull=True)
    search.imported_at = search.arrived_at = audit.now()
    if not still.update(imported_at=search.imported_at, arrived_at=search.arrived_at):
        raise GivenUp
    Job.objects.filter(search=search).update(file="")  # it is the search's now


def clear_away(search: Search) -> None:
    """Leave nothing of a search that did not arrive: its records, problems, itself, its file. Safe to repeat.

    The file of a job stays with the job, which ends it.
    """
    gone = Search.with_arriving.filter(pk=search.pk, arrived_at__isnull=True)
    if not gone.update(withdrawn_at=audit.now()):  # from here on nobody adds to it
        return
    for rows in (CarriedJudgement.objects, Record.with_arriving, ImportProblem.objects):
        while pks := list(rows.filter(search_id=search.pk).values_list("pk", flat=True)[:_CLEARED_AT_ONCE]):
            with transaction.atomic():
                for n in range(0, len(pks), 500):
                    rows.filter(pk__in=pks[n : n + 500])._raw_delete(connection.alias)
    with transaction.atomic():
        of_a_job = bool(Job.objects.filter(search=search.pk).update(search=None))
        gone._raw_delete(connection.alias)
    if search.file.name and not of_a_job:
        search.file.storage.delete(search.file.name)


def clear_stale() -> int:
    """Clear away every search that does not arrive any more, because who brought it in is dead; how many.

    Those of jobs in a worker's hands are left to the sweep of jobs, which knows at once that a worker died.
    """
    silent = Search.with_arriving.filter(
        arrived_at__isnull=True, imported_at__lt=audit.now() - STALE_AFTER
    ).exclude(jobs__in=Job.objects.exclude(lease=""))
    found = list(silent)
    for search in found:
        clear_away(search)
    return len(found)
