"""`manage.py show_demo`: what was proposed for the demo review, its PRISMA counts, and how to sign in."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from reviews import demo, prisma
from reviews.models import Review
from screening.listing import in_words, newest_proposals
from screening.models import Stage

from .load_demo import password_file

BOXES = [
    "database_results",
    "duplicates",
    "records_screened",
    "records_excluded",
    "dbr_sought_reports",
    "dbr_notretrieved_reports",
    "dbr_assessed",
    "dbr_excluded",
    "new_reports",
    "new_studies",
]
OPEN = ["dbr_in_screening", "dbr_awaiting_retrieval", "dbr_awaiting_full_text", "unlinked_reports"]


class Command(BaseCommand):
    """Prints; writes nothing."""

    help = "Show the demo review's proposals, its PRISMA counts, and its people's logins."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The command line."""
        parser.add_argument("--address", default="http://127.0.0.1:8000/", help="where the pages are served")

    def handle(self, *args: Any, **options: Any) -> None:
        """The three parts, in the order a newcomer reads them."""
        review = Review.objects.filter(slug=demo.SLUG).first()
        if review is None:
            raise CommandError("The demo review is not loaded. Run: manage.py load_demo")
        proposals = newest_proposals(review, Stage.TITLE_ABSTRACT)
        self.stdout.write("\nWhat was proposed (people decide):\n")
        self.stdout.write(in_words(proposals))
        self.stdout.write("\nPRISMA 2020 counts, from what people have settled so far:\n")
        self.stdout.write(_counts(review))
        self.stdout.write(f"\nOpen  {options['address']}  and sign in as one of")
        for email, name, role in demo.PEOPLE:
            self.stdout.write(f"  {email:<20} {name} ({role})")
        if password_file().exists():
            password = password_file().read_text(encoding="utf-8").strip()
            self.stdout.write(f"  with the password   {password}   (made for this installation)")


def _counts(review: Review) -> str:
    """The boxes of the left arm, one a line, and what is still open."""
    flow = prisma.counts(review)
    lines = [f"{flow.n(box):>6}  {prisma.title(box)}" for box in BOXES]
    lines += [f"{flow.n(box):>6}  still open: {prisma.title(box).lower()}" for box in OPEN if flow.n(box)]
    return "\n".join(lines)
