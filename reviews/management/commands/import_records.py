"""manage.py import_records REVIEW FILE... : each file is one search, stored whole or not at all."""

import json
from argparse import ArgumentParser
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from reviews import dedup, importing
from reviews.jobs import Cancelled, unstoppable
from reviews.models import Membership, Review, Role, User
from reviews.models.corpus import SearchKind
from reviews.parsers import ENCODINGS, ReadAs, UnreadableFile, open_source
from reviews.parsers.columns import FIELDS
from reviews.parsers.tables import SEPARATORS
from reviews.permissions import allows
from reviews.refusals import Refused
from screening import returning

from ._progress import Progress, stoppable


def person_or_error(review: Review, email: str, act: str) -> User:
    """The member with this address, else the first lead; they must be allowed `act`."""
    members = Membership.objects.select_related("user").filter(review=review, deactivated_at__isnull=True)
    if email:
        member = members.filter(user__email=email.strip().lower()).first()
    else:
        member = members.filter(role=Role.LEAD).order_by("joined_at", "pk").first()
    if member is None:
        raise CommandError(f"{email or 'A lead'} is not a member of this review. Nothing was changed.")
    if not allows(member, act):
        raise CommandError(f"{member.user.email} may not do this here. Nothing was changed.")
    return member.user


def review_or_error(slug: str) -> Review:
    """The review with this address."""
    review = Review.objects.filter(slug=slug).first()
    if review is None:
        raise CommandError(f"There is no review “{slug}”.")
    return review


def _add_reading(parser: ArgumentParser) -> None:
    """How files are read where what was found by itself is wrong; the same for all files of a call."""
    reading = parser.add_argument_group("reading", "decide what is otherwise found by itself")
    reading.add_argument("--encoding", default="", help=f"one of {', '.join(ENCODINGS)}")
    reading.add_argument(
        "--columns",
        action="append",
        default=[],
        metavar="NAME=FIELD",
        help="of a table, once for each column: its name (or #3 for the third) and one of "
        f"{', '.join(FIELDS)}, or nothing to leave it out",
    )
    reading.add_argument("--separator", default="", choices=["", *SEPARATORS.values()])
    reading.add_argument("--header-line", type=int, help="where the column names are; 0: nowhere")
    reading.add_argument("--sheet", default="", help="of a workbook")
    reading.add_argument("--look", action="store_true", help="print how each file is read; import nothing")


def _read_as(options: dict[str, Any]) -> ReadAs:
    columns = {}
    for told in options["columns"]:
        column, parted, field = told.rpartition("=")
        if not parted:
            raise CommandError(f"--columns {told}: give it as NAME=FIELD. Nothing was changed.")
        columns[column] = field
    signs = {name: sign for sign, name in SEPARATORS.items()}
    told = {
        "encoding": options["encoding"],
        "sheet": options["sheet"],
        "separator": signs.get(options["separator"], ""),
        "header_line": options["header_line"],
        "columns": columns or None,
    }
    try:
        return ReadAs.from_json(told)
    except ValueError as no:
        raise CommandError(f"{no} Nothing was changed.") from no


def _looked(path: Path, read_as: ReadAs) -> dict[str, Any]:
    """How a file would be read, as it stands in the JSON."""
    empty = {"file": str(path), "format": "", "encoding": "", "table": None, "error": ""}
    try:
        with path.open("rb") as stream:
            source = open_source(stream, read_as=read_as)
    except (UnreadableFile, OSError) as no:
        return empty | {"error": str(no)}
    table = source.table.as_json() if source.table else None
    return empty | {"format": source.format, "encoding": source.encoding, "table": table}


class Command(BaseCommand):
    """Import files into a review and look for duplicates among what is new."""

    help = (
        "Import exports of databases, tables or texts into a review. A file that fails leaves nothing behind; the "
        "others are stored."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What PRISMA-S asks about a search."""
        parser.add_argument("review", help="the review's address (slug)")
        parser.add_argument("files", nargs="+", metavar="FILE")
        parser.add_argument("--source", required=True, help="such as MEDLINE")
        parser.add_argument("--kind", choices=SearchKind.values, default=SearchKind.DATABASE.value)
        parser.add_argument("--searched-on", required=True, type=date.fromisoformat, metavar="YYYY-MM-DD")
        parser.add_argument("--platform", default="")
        strategy = parser.add_mutually_exclusive_group()
        strategy.add_argument("--strategy", default="", help="the search string, as run")
        strategy.add_argument("--strategy-file", type=Path, help="a file with the search string")
        parser.add_argument("--limits", default="")
        parser.add_argument("--filters", default="")
        parser.add_argument("--declared", type=int, help="how many records the source said it had")
        _add_reading(parser)
        parser.add_argument(
            "--anew",
            action="store_true",
            help="import a file anew although its import was undone (restoring that is the better way)",
        )
        parser.add_argument("--by", default="", metavar="EMAIL", help="who imports (default: the first lead)")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        """Import file by file; exit 1 when one failed."""
        review = review_or_error(options["review"])
        by = person_or_error(review, options["by"], "import")
        about = {
            name: options[name] for name in ("source", "kind", "searched_on", "platform", "limits", "filters")
        }
        about["strategy"] = options["strategy"]
        if options["strategy_file"]:
            try:
                about["strategy"] = options["strategy_file"].read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as no:
                raise CommandError(f"The search string cannot be read: {no}. Nothing was changed.") from no
        read_as = _read_as(options)
        if options["look"]:
            self._look(options["files"], read_as, in_json=options["json"])
            return
        progress = Progress(self.stderr)
        files: list[dict[str, Any]] = []
        with stoppable(progress):
            for name in options["files"]:
                try:
                    files.append(
                        self._import(
                            review,
                            by,
                            Path(name),
                            about | {"read_as": read_as, "anew": options["anew"]},
                            options["declared"],
                            progress,
                        )
                    )
                except Cancelled as stopped:
                    progress.clear()
                    raise CommandError(
                        f"Cancelled: nothing of {name} was imported, "
                        f"{sum('error' not in file for file in files)} files before it were.",
                        returncode=130,
                    ) from stopped
        progress.clear()
        if options["json"]:
            self.stdout.write(
                json.dumps({"review": review.slug, "files": files}, indent=2, ensure_ascii=False)
            )
        else:
            for file in files:
                self._tell(file)
        failed = sum("error" in file for file in files)
        if failed:
            raise CommandError(
                f"{failed} of {len(files)} files could not be imported; the others were stored."
            )

    def _import(
        self,
        review: Review,
        by: User,
        path: Path,
        about: dict[str, Any],
        declared: int | None,
        progress: Progress,
    ) -> dict[str, Any]:
        """One file as it stands in the JSON."""
        empty: dict[str, Any] = {
            "format": None,
            "encoding": None,
            "found": 0,
            "stored": 0,
            "search": None,
            "records": [],
        }
        failed: dict[str, Any] = {"file": str(path), **empty, "problems": []}
        try:
            with path.open("rb") as stream:
                imported = importing.import_search(
                    review=review, by=by, data=stream, file_name=path.name, declared_count=declared,
                    report=progress, **about,
                )  # fmt: skip
        except Refused as no:
            return failed | {"error": " ".join(filter(None, (no.what, no.kept, no.mend)))}
        except OSError as no:
            return failed | {"error": f"The file cannot be read: {no.strerror}. Nothing of it was imported."}
        search = imported.search
        returning.return_judgements(search=search, by=by)
        numbers = list(importing.numbers_of(search))
        sought = dedup.find_duplicates(
            review=review,
            by=by,
            record_ids=list(search.records.values_list("pk", flat=True)),
            report=unstoppable(progress),  # the import counts by now
        )
        return {
            "file": str(path),
            "format": search.format,
            "encoding": search.encoding,
            "found": imported.found,
            "stored": imported.stored,
            "search": search.pk,
            "records": numbers,
            "problems": list(search.problems.order_by("line", "pk").values("line", "reason")),
            "duplicates": {"linked": sought.linked, "queued": sought.queued},
        }

    def _look(self, names: list[str], read_as: ReadAs, *, in_json: bool) -> None:
        """Print how each file would be read."""
        files = [_looked(Path(name), read_as) for name in names]
        if in_json:
            self.stdout.write(json.dumps({"files": files}, indent=2, ensure_ascii=False))
            return
        for file in files:
            self.stdout.write(
                f"{file['file']}: {file['error'] or file['format']} {file['encoding']}".rstrip()
            )
            for column in (file["table"] or {}).get("columns", ()):
                seen = " | ".join(sample[:40].replace("\n", " ") for sample in column["samples"][:2])
                self.stdout.write(
                    f"  #{column['number']} {column['name']} = {column['field'] or '-'}   {seen}"
                )
            if file["table"] and file["table"]["trouble"]:
                self.stdout.write(f"  {file['table']['trouble']}")

    def _tell(self, file: dict[str, Any]) -> None:
        if "error" in file:
            self.stderr.write(f"{file['file']}: {file['error']}")
            return
        taken_for = ", ".join(filter(None, (file["format"], file["encoding"])))
        said = f"{file['stored']} of {file['found']} records stored ({taken_for})"
        links = file["duplicates"]
        self.stdout.write(
            f"{file['file']}: {said}; {links['linked']} linked as duplicates, {links['queued']} pairs to look at"
        )
        for problem in file["problems"]:
            self.stdout.write(f"  line {problem['line']}: {problem['reason']}")
