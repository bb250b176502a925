"""`manage.py prisma REVIEW --format json|csv|svg [--output FILE]`: the PRISMA 2020 flow as it stands now."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from reviews import prisma
from reviews.flow_files import TYPES, written
from reviews.flow_identities import identities
from reviews.models import Review


class Command(BaseCommand):
    """Prints the flow; exit status 1 where an identity that must hold does not."""

    help = "Count the PRISMA 2020 flow of a review and print it as JSON, as the PRISMA2020 tool's CSV, or as SVG."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The command line."""
        parser.add_argument("review", help="the review's slug")
        parser.add_argument("--format", choices=list(TYPES), default="json")
        parser.add_argument("--output", type=Path, metavar="FILE", help="write to a file instead of printing")

    def handle(self, *args: Any, **options: Any) -> None:
        """Count, check, write."""
        review = Review.objects.filter(slug=options["review"]).first()
        if review is None:
            raise CommandError(f'There is no review called "{options["review"]}".')
        flow = prisma.counts(review)
        text = written(flow, options["format"])
        if options["output"]:
            try:
                options["output"].write_text(text, encoding="utf-8", newline="")
            except OSError as problem:
                raise CommandError(
                    f"{options['output']} could not be written: {problem.strerror}."
                ) from problem
        else:
            self.stdout.write(text, ending="")
        broken = [i for i in identities(flow) if not i.holds and not i.code.startswith("W")]
        if broken:
            sums = "; ".join(f"{i.code}: {i.left} against {i.right} ({i.says})" for i in broken)
            raise CommandError(f"The flow was written, but the numbers do not add up. {sums}")
