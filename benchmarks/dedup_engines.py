"""One engine on one set, in a process of its own: `python -m benchmarks.dedup_engines winnow|bib_dedupe RECORDS.csv`.

`made N` measures Winnow on N made-up records instead (see benchmarks.dedup).

Prints one JSON object: `groups` (records it linked by itself), `asked` (pairs it would put to a person, the most
likely first), `seconds` and `peak_mb`. Reading the CSV and filling the database are not timed; everything from
there to links is: for Winnow the verb people use, `find_duplicates` (it reads the records from the database,
prepares, blocks, compares, and writes links, pairs and the trail), for bib-dedupe prep, block, match and cluster.
Memory is the most that this process held; what bib-dedupe's own worker processes hold is not counted.
"""

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path

from reviews.parsers import ParsedRecord

from . import made_records
from .dedup_sets import record_of, rows_of
from .made_records import Made

Found = dict[str, object]


def main(engine: str, what: str) -> None:
    """Run one engine and print what it found."""
    if engine == "made":
        found = made(int(what))
    else:
        found = winnow(Path(what)) if engine == "winnow" else bib_dedupe(Path(what))
    print(json.dumps(found | {"peak_mb": round(peak_mb(), 1)}))


def peak_mb() -> float:
    """The most memory this process has held, in MB."""
    status = Path("/proc/self/status")
    if status.exists():  # the other figure begins with what the parent held
        told = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(told.split()[1]) / 1024
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (
        1 << 20 if sys.platform == "darwin" else 1024
    )


def winnow(path: Path) -> Found:
    """Winnow's verb on a database of its own (SQLite in a temporary folder, or beside DATABASE_URL's)."""
    with Database() as database:
        from reviews import dedup
        from reviews.models import Record

        review, search, alice = database.stage()
        rows = rows_of(path)
        database.store(search, (record_of(row, number) for number, row in enumerate(rows, start=1)))
        seconds = timed(lambda: dedup.find_duplicates(review=review, by=alice))
        groups: dict[int, list[str]] = {}
        for key, root, number in Record.objects.values_list("pk", "duplicate_of_id", "number").order_by(
            "number"
        ):
            groups.setdefault(root or key, []).append(rows[number - 1]["id"])
        asked = dedup.waiting_pairs(review).values_list("a__number", "b__number")
        return {
            "groups": [group for group in groups.values() if len(group) > 1],
            "asked": [[rows[a - 1]["id"], rows[b - 1]["id"]] for a, b in asked],
            "seconds": seconds,
        }


def made(n: int) -> Found:
    """The verb on `n` made-up records, then on a hundredth of new ones: seconds, the longest that anything was
    locked, and how many pairs are right."""
    with Database() as database:
        from django.db import connection

        from reviews import dedup
        from reviews.models import DuplicatePair, Record

        review, search, alice = database.stage()
        papers = [0]  # of the record of that number

        def parsed(records: Iterable[tuple[int, Made]]) -> Iterator[ParsedRecord]:
            for paper, record in records:
                papers.append(paper)
                told = {name: getattr(record, name) for name in Made.__dataclass_fields__}
                told |= {"authors": tuple(record.authors), "publication_types": ()}
                yield ParsedRecord(position=len(papers), line=1, raw=f"{len(papers)}", **told)

        stream = parsed(made_records.made(n + n // 100))
        database.store(search, islice(stream, n))
        held: list[float] = []
        for name in ("link", "finish"):
            _watch(dedup._Run, name, held)
        seconds = timed(lambda: dedup.find_duplicates(review=review, by=alice))
        database.store(search, stream, first=n + 1)
        new = list(Record.objects.filter(number__gt=n).values_list("pk", flat=True))
        again = timed(lambda: dedup.find_duplicates(review=review, by=alice, record_ids=new))
        links = Record.objects.filter(duplicate_of__isnull=False).values_list(
            "number", "duplicate_of__number"
        )
        asked = dedup.waiting_pairs(review).values_list("a__number", "b__number")
        return {
            "records": n,
            "database": connection.vendor,
            "seconds": seconds,
            "longest_transaction": round(max(held), 2),
            "new_records": len(new),
            "seconds_for_new": again,
            "pairs_kept": DuplicatePair.objects.count(),
            "linked": len(links),
            "false": sum(papers[a] != papers[b] for a, b in links),
            "asked": len(asked),
            "asked_and_true": sum(papers[a] == papers[b] for a, b in asked),
        }


def timed(act: Callable[[], object]) -> float:
    """Seconds of `act`."""
    began = time.perf_counter()
    act()
    return round(time.perf_counter() - began, 2)


def _watch(owner: type, name: str, held: list[float]) -> None:
    act = getattr(owner, name)

    def watched(*given: object) -> object:
        began = time.perf_counter()
        try:
            return act(*given)
        finally:
            held.append(time.perf_counter() - began)

    setattr(owner, name, watched)


class Database:
    """A fresh database for one measurement; gone afterwards."""

    def __enter__(self) -> "Database":
        self.folder = tempfile.TemporaryDirectory(prefix="winnow-bench-")
        os.environ["WINNOW_DATA"] = self.folder.name
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
        import django
        from django.conf import settings
        from django.test.utils import setup_databases

        if settings.DATABASES["default"]["ENGINE"].endswith("sqlite3"):
            settings.DATABASES["default"].setdefault("TEST", {})["NAME"] = f"{self.folder.name}/bench.sqlite3"
        # Hashing a password with Argon2 takes 100 MB, which is no part of what is measured.
        settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
        django.setup()
        self.made = setup_databases(verbosity=0, interactive=False)
        return self

    def __exit__(self, *gone_wrong: object) -> None:
        from django.test.utils import teardown_databases

        teardown_databases(self.made, verbosity=0)
        self.folder.cleanup()

    def stage(self) -> tuple[object, object, object]:
        """A review, a search in it, and who asks."""
        from tests import factories

        alice = factories.person("alice")
        review = factories.review(lead=alice)
        return review, factories.search(review, by=alice), alice

    def store(self, search: object, parsed: Iterable[ParsedRecord], *, first: int = 1) -> None:
        """Store entries as an import does, and let the planner count them."""
        from django.db import connection

        from reviews.models import Record
        from reviews.record_rows import record_from

        entries = enumerate(parsed, start=first)
        while batch := list(islice(entries, 500)):
            Record.objects.bulk_create([record_from(each, search, number)[0] for number, each in batch])
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")


def bib_dedupe(path: Path) -> Found:
    """The peer, as its documentation runs it."""
    import bib_dedupe.bib_dedupe as peer
    import pandas as pd

    rows = rows_of(path)
    columns = (
        "ID",
        "title",
        "author",
        "year",
        "journal",
        "booktitle",
        "volume",
        "number",
        "pages",
        "doi",
        "abstract",
    )
    table = pd.DataFrame(
        {name: [row[name.lower()] or None for row in rows] for name in columns}, dtype=object
    )
    table["ENTRYTYPE"] = [row["type"] or "article" for row in rows]
    began = time.perf_counter()
    matched = peer.match(peer.block(peer.prep(table, verbosity_level=0)))
    groups = peer.cluster(matched)
    seconds = time.perf_counter() - began
    maybe = matched[matched["duplicate_label"] == "maybe"]
    return {
        "groups": [[str(each) for each in group] for group in groups],
        "asked": [[str(a), str(b)] for a, b in maybe[["ID_1", "ID_2"]].values.tolist()],
        "seconds": round(seconds, 2),
    }


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
