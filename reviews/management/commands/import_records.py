"""manage.py import_records REVIEW FILE... : each file is one search, stored whole or not at all."""

import json
from argparse import ArgumentParser
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from reviews import dedup, importing
from reviews.jobs import Cancelled
from reviews.models import Membership, Review, Role, User
from reviews.models.corpus import SearchKind
from reviews.permissions import allows
from reviews.refusals import Refused

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


class Command(BaseCommand):
    """Import files into a review and look for duplicates among what is new."""

    help = "Import RIS files or texts into a review. A file that fails leaves nothing behind; the others are stored."

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
        progress = Progress(self.stderr)
        files: list[dict[str, Any]] = []
        with stoppable(progress):
            for name in options["files"]:
                try:
                    files.append(self._import(review, by, Path(name), about, options["declared"], progress))
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
        numbers = list(importing.numbers_of(search))
        sought = dedup.find_duplicates(
            review=review, by=by, record_ids=list(search.records.values_list("pk", flat=True))
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

    def _tell(self, file: dict[str, Any]) -> None:
        if "error" in file:
            self.stderr.write(f"{file['file']}: {file['error']}")
            return
        said = f"{file['stored']} of {file['found']} records stored ({file['format']}, {file['encoding']})"
        links = file["duplicates"]
        self.stdout.write(
            f"{file['file']}: {said}; {links['linked']} linked as duplicates, {links['queued']} pairs to look at"
        )
        for problem in file["problems"]:
            self.stdout.write(f"  line {problem['line']}: {problem['reason']}")
