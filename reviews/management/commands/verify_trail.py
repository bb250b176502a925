"""`manage.py verify_trail REVIEW [--json]`: recompute the chain of a review's trail, link by link."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from reviews import audit
from reviews.models import Review


class Command(BaseCommand):
    """Says that every link holds, or names the first that does not (exit status 1)."""

    help = (
        "Verify the hash chain of a review's trail, or with --installation that of the installation itself."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The command line."""
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("review", nargs="?", help="the review's slug")
        which.add_argument("--installation", action="store_true", help="accounts: what belongs to no review")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        """Verify and say."""
        found = audit.verify(None if options["installation"] else self._review(options["review"]))
        if options["json"]:
            said = {
                "ok": found.ok,
                "events": found.events,
                "head": found.head,
                "broken_at": found.broken_at or None,
                "why": found.why,
            }
            self.stdout.write(json.dumps(said))
        elif found.ok:
            self.stdout.write(f"OK: {found.events} events, head {found.head}")
        if not found.ok:
            raise CommandError(
                f"BROKEN at event {found.broken_at}: {found.why}. {found.events} events before it hold, "
                f"up to {found.head}."
            )

    def _review(self, slug: str) -> Review:
        review = Review.objects.filter(slug=slug).first()
        if review is None:
            raise CommandError(f'There is no review called "{slug}".')
        return review
