"""`manage.py propose REVIEW --stage title_abstract [--wait] [--json]`: ask the model about what was not yet asked."""

import json
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from extraction import listing as extraction_listing
from reviews.models import Membership, Review, Role, User
from reviews.permissions import allows
from reviews.refusals import Refused
from screening import runs
from screening.listing import as_json, in_words, newest_proposals
from screening.models import Run, RunItem, Stage
from workers.starting import start_and_queue


class Command(BaseCommand):
    """Starts a run through the queue and, with --wait, stays until it has ended."""

    help = "Ask the configured model about every record of a stage that was not asked about yet."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The command line."""
        parser.add_argument("review", help="the review's slug")
        parser.add_argument("--stage", choices=Stage.values, default=Stage.TITLE_ABSTRACT)
        parser.add_argument("--by", metavar="EMAIL", help="who starts it (default: the first lead)")
        parser.add_argument("--wait", action="store_true", help="until the run has ended")
        parser.add_argument("--timeout", type=float, default=3600, metavar="SECONDS", help="longest wait")
        parser.add_argument("--json", action="store_true", help="print the proposals as one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        """Start, wait, print. Exit status 1 if the wait ran out or a record failed."""
        review = Review.objects.filter(slug=options["review"]).first()
        if review is None:
            raise CommandError(f'There is no review called "{options["review"]}".')
        try:
            run = start_and_queue(
                review=review, stage=options["stage"], by=self._person(review, options["by"])
            )
        except Refused as refusal:
            raise CommandError(f"{refusal.what} {refusal.mend}".strip()) from refusal
        if run is None:
            self.stderr.write("Nothing left to ask: every record was asked about this way already.")
        elif options["wait"]:
            self._wait(run, options["timeout"])
        self._print(review, options)
        if run is not None and options["wait"]:
            self._fail_if_incomplete(run)

    def _person(self, review: Review, email: str | None) -> User:
        leads = Membership.objects.filter(review=review, deactivated_at__isnull=True).select_related("user")
        chosen = leads.filter(user__email=email) if email else leads.filter(role=Role.LEAD)
        member = chosen.order_by("pk").first()
        if member is None:
            raise CommandError(f"{email or 'A lead'} is not a member of this review.")
        if not allows(member, "propose"):
            raise CommandError(f"As {member.get_role_display().lower()}, {email} cannot start a run.")
        return member.user

    def _wait(self, run: Run, timeout: float) -> None:
        """Until nothing of the run is under way; its rows tell, not the queue."""
        deadline = time.monotonic() + timeout
        while runs.progress(run).under_way:
            if time.monotonic() > deadline:
                raise CommandError(
                    f"Run {run.pk} has not ended within {timeout:g} seconds. Is a worker running? "
                    "What was answered is kept; run the command again to go on."
                )
            time.sleep(0.2)
            run.refresh_from_db()

    def _print(self, review: Review, options: dict[str, Any]) -> None:
        if options["stage"] == Stage.EXTRACTION:
            values = extraction_listing.newest_values(review)
            listed, words = extraction_listing.as_json(values), extraction_listing.in_words(values)
        else:
            proposals = newest_proposals(review, options["stage"])
            listed, words = as_json(proposals), in_words(proposals)
        if options["json"]:
            self.stdout.write(json.dumps({"proposals": listed}, ensure_ascii=False, indent=1))
        else:
            self.stdout.write(words)

    def _fail_if_incomplete(self, run: Run) -> None:
        failed = (
            RunItem.objects.filter(run=run, failed_at__isnull=False).select_related("record").order_by("pk")
        )
        if failed:
            lines = [f"#{item.record.number}: {item.failure}" for item in failed[:10]]
            raise CommandError(f"{len(failed)} records failed in run {run.pk}:\n" + "\n".join(lines))
