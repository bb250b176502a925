"""One engine on one set, in a process of its own: `python -m benchmarks.dedup_engines winnow|bib_dedupe RECORDS.csv`.

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
from itertools import islice
from pathlib import Path

from .dedup_sets import record_of, rows_of

Found = dict[str, object]


def main(engine: str, path: Path) -> None:
    """Run one engine and print what it found."""
    found = winnow(path) if engine == "winnow" else bib_dedupe(path)
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
        began = time.perf_counter()
        dedup.find_duplicates(review=review, by=alice)
        seconds = time.perf_counter() - began
        groups: dict[int, list[str]] = {}
        for key, root, number in Record.objects.values_list("pk", "duplicate_of_id", "number").order_by(
            "number"
        ):
            groups.setdefault(root or key, []).append(rows[number - 1]["id"])
        asked = dedup.waiting_pairs(review).values_list("a__number", "b__number")
        return {
            "groups": [group for group in groups.values() if len(group) > 1],
            "asked": [[rows[a - 1]["id"], rows[b - 1]["id"]] for a, b in asked],
            "seconds": round(seconds, 2),
        }


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

    def store(self, search: object, parsed: object) -> None:
        """Store entries as an import does, and let the planner count them."""
        from django.db import connection

        from reviews.models import Record
        from reviews.record_rows import record_from

        entries = enumerate(parsed, start=1)  # type: ignore[call-overload]
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
    main(sys.argv[1], Path(sys.argv[2]))
