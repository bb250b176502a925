"""`manage.py export_extraction REVIEW [--wide] [--output FILE]`: the agreed data as CSV."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from extraction.export import as_csv
from reviews import exporting
from reviews.models import Membership, Review, Role


class Command(BaseCommand):
    """Prints every agreed value of the form in force, or writes it to a file."""

    help = "Export the agreed data of a review as CSV: a row a value, or with --wide a row a study."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The command line."""
        parser.add_argument("review", help="the review's slug")
        parser.add_argument("--wide", action="store_true", help="a row a study, a column an item")
        parser.add_argument("--output", type=Path, metavar="FILE", help="write there instead of printing")
        parser.add_argument(
            "--by", metavar="EMAIL", help="in whose name the trail notes it (default: the first lead)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Read, note in the trail, write."""
        review = Review.objects.filter(slug=options["review"]).first()
        if review is None:
            raise CommandError(f'There is no review called "{options["review"]}".')
        members = Membership.objects.filter(review=review, deactivated_at__isnull=True).select_related("user")
        chosen = (
            members.filter(user__email=options["by"]) if options["by"] else members.filter(role=Role.LEAD)
        )
        member = chosen.order_by("pk").first()
        if member is None:
            raise CommandError(f"{options['by'] or 'A lead'} is not a member of this review.")
        shape = "wide" if options["wide"] else "long"
        text, rows = as_csv(review, shape, None)
        if options["output"]:
            try:
                options["output"].write_text(text, encoding="utf-8", newline="")
            except OSError as error:
                raise CommandError(f"{options['output']} cannot be written: {error.strerror}.") from error
        exporting.log_export(
            review=review, by=member.user, what=f"extraction, {shape}", form="csv", rows=rows
        )
        if options["output"]:
            self.stderr.write(f"{rows} rows written to {options['output']}.")
        else:
            self.stdout.write(text.removeprefix("\ufeff").replace("\r\n", "\n"), ending="")
