"""What an import makes of each file of a folder: `python -m benchmarks.imports FOLDER [--json]`.

Every file below FOLDER is imported by the verb that people's imports run through, into a review of its own in
a fresh database (SQLite in a temporary folder). For each is printed: its name, the format it was read as, the
entries found, the records that the database then holds, the problems noted, and seconds; or, when it was
refused, what the person was told. `--json` prints one list of objects with these keys:
file, format, found, stored, problems, seconds, refused (null unless it was).

The exit code is 1 when a file could not be read for a reason that is no refusal: that is a fault of ours.
"""

import argparse
import json
import logging
import os
import sys
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import Any

COLUMNS = "{file:<{width}}  {format:<15}  {found:>7}  {stored:>7}  {problems:>8}  {seconds:>7}"


def main(folder: Path, as_json: bool) -> int:
    """Import each file and print the table or the list; the exit code."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    with tempfile.TemporaryDirectory(prefix="winnow-bench-") as data:
        os.environ |= {"WINNOW_DATA": data, "DJANGO_SETTINGS_MODULE": "config.settings"}
        os.environ.pop("DATABASE_URL", None)
        import django
        from django.core.management import call_command

        django.setup()
        logging.disable(logging.WARNING)
        call_command("migrate", verbosity=0)
        rows = [imported(path, folder) for path in files]
    print(json.dumps(rows, ensure_ascii=False, indent=1) if as_json else table(rows))
    return 1 if any(row["format"] == "error" for row in rows) else 0


def imported(path: Path, folder: Path) -> dict[str, Any]:
    """One row: what the import of one file brought."""
    from reviews.importing import import_search
    from reviews.members import create_review
    from reviews.models import ImportProblem, Record, User
    from reviews.refusals import BadInput, Refused

    name = str(path.relative_to(folder))
    person = User.objects.first() or User.objects.create_user("bench@example.org", name="Bench")
    review = create_review(by=person, title=name, question="What comes in?")
    row: dict[str, Any] = {
        "file": name,
        "format": None,
        "found": 0,
        "stored": 0,
        "problems": 0,
        "refused": None,
    }
    began = time.perf_counter()
    try:
        with path.open("rb") as stream:
            came = import_search(
                review=review,
                by=person,
                data=stream,
                source="A source",
                kind="database",
                searched_on=date(2026, 1, 15),
                file_name=path.name,
            )
        row |= {"format": came.search.format, "found": came.found}
    except (BadInput, Refused) as no:
        row["refused"] = " ".join(str(no).split())
    except Exception as error:
        row |= {"format": "error", "refused": f"{type(error).__name__}: {error}"}
    row["seconds"] = round(time.perf_counter() - began, 2)
    row["stored"] = Record.objects.filter(review=review).count()
    row["problems"] = ImportProblem.objects.filter(search__review=review).count()
    return row


def table(rows: list[dict[str, Any]]) -> str:
    """The rows for a person to read, with a line of sums."""
    names = {name: name for name in ("file", "format", "found", "stored", "problems", "seconds")}
    width = max([len(row["file"]) for row in rows] + [len("file")])
    lines = [COLUMNS.format(width=width, **names)]
    for row in rows:
        lines.append(COLUMNS.format(width=width, **row | {"format": row["format"] or "refused"}))
        if row["refused"]:
            lines.append(f"    {row['refused']}")
    refused = sum(1 for row in rows if row["refused"])
    sums = {name: sum(row[name] for row in rows) for name in ("found", "stored", "problems")}
    lines.append(
        f"{len(rows)} files, {refused} refused: {sums['found']} entries found, {sums['stored']} records stored, "
        f"{sums['problems']} problems"
    )
    return "\n".join(lines)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.imports", description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--json", action="store_true", help="print one JSON list")
    chosen = parser.parse_args()
    if not chosen.folder.is_dir():
        parser.error(f"{chosen.folder} is no folder")
    sys.exit(main(chosen.folder, chosen.json))
