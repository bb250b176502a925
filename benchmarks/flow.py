"""How long the numbers and the queue take on a large review: `python -m benchmarks.flow [RECORDS]`.

Fills a fresh database (SQLite in a temporary folder, or a database made beside the one DATABASE_URL names) with
records, half of them judged by two people, a tenth of those in conflict, and times each read and one decision,
nine times over. Prints one JSON line: milliseconds, as median and worst.
"""

import hashlib
import json
import os
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import Callable

TIMES = 9


def main(n: int) -> None:
    """Fill, time, print."""
    with tempfile.TemporaryDirectory(prefix="winnow-bench-") as folder:
        os.environ["WINNOW_DATA"] = folder
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
        import django
        from django.test.utils import setup_databases, teardown_databases

        django.setup()
        made = setup_databases(verbosity=0, interactive=False)
        try:
            print(json.dumps(figures(n)))
        finally:
            teardown_databases(made, verbosity=0)


def figures(n: int) -> dict[str, object]:
    """{"records", "database", and for each thing timed {"median_ms", "worst_ms"}}."""
    from django.db import connection

    from reviews import prisma
    from reviews.models import Record
    from screening import decisions, queue

    review, people = fill(n)
    fresh = iter(Record.objects.filter(review=review, number__gt=n - n // 4).order_by("number"))

    def decide() -> None:
        decisions.decide(
            record=next(fresh),
            stage="title_abstract",
            reviewer=people[0],
            verdict="exclude",
            key=uuid.uuid4(),
        )

    return {
        "records": n,
        "database": connection.vendor,
        "prisma_counts": timed(lambda: prisma.counts(review)),
        "next_record": timed(lambda: queue.next_records(review, "title_abstract", people[1])),
        "progress": timed(lambda: queue.progress(review, "title_abstract", people[1])),
        "decision": timed(decide),
    }


def timed(act: Callable[[], object]) -> dict[str, float]:
    """Milliseconds of `act`, run once for warmth and then TIMES times."""
    act()
    taken = []
    for _ in range(TIMES):
        began = time.perf_counter()
        act()
        taken.append((time.perf_counter() - began) * 1000)
    return {"median_ms": round(statistics.median(taken), 1), "worst_ms": round(max(taken), 1)}


def fill(n: int) -> tuple[object, list[object]]:
    """A review of `n` records with abstracts of a usual length; rows are written directly, as no verb is timed here."""
    from django.db import connection

    from reviews import audit
    from reviews.models import Record, Report
    from screening.models import Conflict, Decision, Resolution
    from tests import factories

    people = [factories.person(name) for name in ("alice", "bob", "carol")]
    review = factories.review(lead=people[0], reviewers=people[1:])
    searches = [factories.search(review, by=people[0], source=f"Source {k}") for k in range(5)]
    words = "We gave plerixafor to adults with multiple myeloma and counted what happened to them. " * 18
    records = [
        Record(
            review=review,
            search=searches[k % 5],
            position=k,
            number=k,
            title=f"Trial number {k}",
            abstract=words,
            raw=words,
            raw_sha256=hashlib.sha256(str(k).encode()).hexdigest(),
        )
        for k in range(1, n + 1)
    ]
    Record.objects.bulk_create(records, batch_size=500)
    now, judged = audit.now(), records[: n // 2]
    common = {"stage": "title_abstract", "made_at": now}
    Decision.objects.bulk_create(
        [
            Decision(
                record=record,
                reviewer=person,
                verdict=verdict(record, person, people),
                key=uuid.uuid4(),
                **common,
            )
            for record in judged
            for person in people[1:]
        ],
        batch_size=500,
    )
    agreed = [record for record in judged if record.number % 10]
    Resolution.objects.bulk_create(
        [
            Resolution(
                record=r,
                verdict="include" if r.number % 20 == 1 else "exclude",
                how="agreement",
                by=people[2],
                **common,
            )
            for r in agreed
        ],
        batch_size=500,
    )
    included = [r for r in agreed if r.number % 20 == 1]
    Report.objects.bulk_create([Report(record=r, opened_at=now) for r in included], batch_size=500)
    Conflict.objects.bulk_create(
        [Conflict(record=r, stage="title_abstract", opened_at=now) for r in judged if r.number % 10 == 0],
        batch_size=500,
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")  # as autovacuum does within a minute, and an import at once
    return review, people


def verdict(record: object, person: object, people: list[object]) -> str:
    """Include one in twenty; carol disagrees on every tenth record."""
    number = record.number  # type: ignore[attr-defined]
    if number % 10 == 0 and person is people[2]:
        return "include"
    return "include" if number % 20 == 1 else "exclude"


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 50_000)
