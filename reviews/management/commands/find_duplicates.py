"""manage.py find_duplicates REVIEW : compare all records, link what is proven, put the rest before people.

What it did goes to stdout (one JSON object with --json), how far it is to stderr. Ctrl-C while it compares stops it
with nothing changed.
"""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from reviews import dedup
from reviews.jobs import Cancelled
from reviews.management.commands._progress import Progress, stoppable
from reviews.management.commands.import_records import person_or_error, review_or_error


class Command(BaseCommand):
    """Look for duplicates. What people decided is never changed."""

    help = "Compare all records of a review, link what is proven to be the same, queue what is likely."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The review and who asks."""
        parser.add_argument("review", help="the review's address (slug)")
        parser.add_argument("--by", default="", metavar="EMAIL", help="who asks (default: the first lead)")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the detection and tell what it did."""
        review = review_or_error(options["review"])
        by = person_or_error(review, options["by"], "dedup")
        progress = Progress(self.stderr)
        try:
            with stoppable(progress):
                sought = dedup.find_duplicates(review=review, by=by, report=progress)
        except Cancelled as stopped:
            raise CommandError("Cancelled: nothing was changed.", returncode=130) from stopped
        finally:
            progress.clear()
        told = {
            "review": review.slug,
            "compared": sought.compared,
            "linked": sought.linked,
            "queued": sought.queued,
            "waiting": sought.waiting,
        }
        if options["json"]:
            self.stdout.write(json.dumps(told))
        else:
            self.stdout.write(
                f"{sought.compared} pairs compared: {sought.linked} records newly linked, {sought.queued} pairs newly "
                f"put to people, {sought.waiting} waiting."
            )
