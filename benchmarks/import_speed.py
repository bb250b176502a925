"""How fast a large RIS file comes in, and how long votes wait: `python -m benchmarks.import_speed [N]`.

For each database (SQLite in a temporary folder; PostgreSQL when DATABASE_URL or POSTGRES_URL names one, in a
database made for it) a file of N records (default 100,000, about 2 KB each, written by us) is imported by the
verb itself, from parsing to all of them counted, in a process of its own. Then a fifth as many come in while
another person votes ten times a second. Prints one JSON line:

    {"records", "file_mb", "sqlite": {"seconds", "records_per_second", "peak_mb", "cpu_seconds", "votes": {...}}, ...}

peak_mb is the most memory the importing process had (Django itself is some 60 of it); votes are milliseconds.
"""

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
VOTE_EVERY = 0.1  # seconds
ENTRY = """TY  - JOUR
TI  - Trial number {n} of plerixafor with bortezomib in adults with relapsed myeloma
AU  - Moss, Ada {n}
AU  - Fern, Bo
AU  - Reed, Cy
AU  - Sedge, Di
PY  - {year}
JO  - Journal of Marrow {journal}
VL  - {volume}
IS  - 2
SP  - {n}
EP  - {last}
DO  - 10.1000/bench.{n}
LA  - English
KW  - multiple myeloma
KW  - plerixafor
KW  - bortezomib
KW  - chemosensitisation
KW  - adults, number {n}
AB  - {abstract}
ER  -

"""
SENTENCE = (
    "We treated {n} adults with relapsed or refractory multiple myeloma with plerixafor and bortezomib. "
)


def main(n: int) -> None:
    """Write the files, measure on each database, print."""
    told: dict[str, Any] = {"records": n}
    with tempfile.TemporaryDirectory(prefix="winnow-bench-") as folder:
        large, small = Path(folder) / "large.ris", Path(folder) / "small.ris"
        write(large, n)
        write(small, max(1, n // 5), first=n + 1)
        told["file_mb"] = round(large.stat().st_size / 1e6)
        for vendor, database in databases(folder).items():
            told[vendor] = json.loads(
                _python("measure", str(large), str(small), database=database, data=folder)
            )
    print(json.dumps(told))


def databases(folder: str) -> dict[str, str]:
    """The address of a database of each vendor there is."""
    found = {"sqlite": f"sqlite:///{folder}/db.sqlite3"}
    for name in ("DATABASE_URL", "POSTGRES_URL"):
        if os.environ.get(name, "").startswith("postgres"):
            found["postgresql"] = os.environ[name]
            break
    return found


def write(path: Path, n: int, first: int = 1) -> None:
    """A RIS file of n records."""
    with path.open("w", encoding="utf-8") as file:
        for k in range(first, first + n):
            file.write(
                ENTRY.format(
                    n=k, year=1970 + k % 55, journal=k % 400, volume=k % 40, last=k + 9,
                    abstract=SENTENCE.format(n=k % 500) * 13,
                )
            )  # fmt: skip


def _python(*words: str, database: str, data: str) -> str:
    """What this module prints when run in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.import_speed", *words],
        cwd=ROOT, env=_environment(database, data), stdout=subprocess.PIPE, text=True, check=True,
    )  # fmt: skip
    return done.stdout.strip().splitlines()[-1]


def _environment(database: str, data: str) -> dict[str, str]:
    return os.environ | {
        "DATABASE_URL": database, "WINNOW_DATA": data, "DJANGO_SETTINGS_MODULE": "config.settings",
        "WINNOW_LOG_LEVEL": "WARNING",
    }  # fmt: skip


def measure(large: str, small: str) -> dict[str, Any]:
    """On one database: the large file alone, then the small one while somebody votes."""
    import django
    from django.conf import settings
    from django.test.utils import setup_databases, teardown_databases

    if settings.DATABASES["default"]["ENGINE"].endswith("sqlite3"):
        settings.DATABASES["default"]["TEST"] = {"NAME": f"{settings.WINNOW_DATA}/bench.sqlite3"}
    django.setup()
    made = setup_databases(verbosity=0, interactive=False)
    try:
        return _measured(large, small)
    finally:
        teardown_databases(made, verbosity=0)


def _measured(large: str, small: str) -> dict[str, Any]:
    from django.conf import settings
    from django.db import connection

    from tests import factories

    name = str(connection.settings_dict["NAME"])
    if connection.vendor == "sqlite":
        database = f"sqlite:///{name}"
    else:
        database = f"{os.environ['DATABASE_URL'].rsplit('/', 1)[0]}/{name}"
    alice, bob = factories.person("alice"), factories.person("bob")
    review = factories.review(lead=alice, reviewers=[bob])
    search = factories.search(review, by=alice)
    waiting = [factories.record(search, title=f"Waiting {n}") for n in range(1, 1001)]
    connection.close()
    data = str(settings.WINNOW_DATA)
    told = json.loads(_python("bring-in", large, database=database, data=data))
    importer = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.import_speed", "bring-in", small],
        cwd=ROOT, env=_environment(database, data), stdout=subprocess.DEVNULL,
    )  # fmt: skip
    told["votes"] = votes_while(importer, waiting, bob)
    return told


def votes_while(importer: "subprocess.Popen[bytes]", records: list[Any], by: Any) -> dict[str, Any]:
    """Milliseconds a vote took, cast every now and then until the importer has ended."""
    from screening import decisions

    took = []
    for record in records:
        if importer.poll() is not None:
            break
        began = time.perf_counter()
        decisions.decide(
            record=record, stage="title_abstract", reviewer=by, verdict="include", key=uuid.uuid4()
        )
        took.append((time.perf_counter() - began) * 1000)
        time.sleep(VOTE_EVERY)
    if importer.wait() != 0:
        raise RuntimeError("the import beside the votes failed")
    return {"n": len(took), "median_ms": round(statistics.median(took), 1), "worst_ms": round(max(took), 1)}


def bring_in(path: str) -> dict[str, Any]:
    """Import one file, timed."""
    import django

    django.setup()
    from datetime import date

    from reviews import importing
    from reviews.models import Review

    review = Review.objects.get()
    with Path(path).open("rb") as stream:
        began, cpu = time.perf_counter(), time.process_time()
        imported = importing.import_search(
            review=review, by=review.created_by, data=stream, source=Path(path).stem, kind="database",
            searched_on=date(2026, 1, 15), file_name=Path(path).name,
        )  # fmt: skip
        seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    return {
        "seconds": round(seconds, 2),
        "records_per_second": round(imported.stored / seconds),
        "cpu_seconds": round(cpu, 2),
        "peak_mb": peak_mb(),
    }


def peak_mb() -> int:
    """The most memory this process has had, in megabytes."""
    status = Path("/proc/self/status")
    if status.exists():  # getrusage also counts what the process was forked from
        return int(status.read_text().partition("VmHWM:")[2].split()[0]) // 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["measure", large, small]:
            print(json.dumps(measure(large, small)))
        case ["bring-in", path]:
            print(json.dumps(bring_in(path)))
        case [n]:
            main(int(n))
        case _:
            main(100_000)
