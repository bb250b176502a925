"""manage.py apply_rules REVIEW : apply the rules before screening, or with --dry-run only look."""

import json
from argparse import ArgumentParser
from collections import Counter
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from reviews import applying_rules
from reviews.duplicate_groups import votes_on
from reviews.jobs import Cancelled
from reviews.management.commands._progress import Progress, stoppable
from reviews.management.commands.import_records import person_or_error, review_or_error
from reviews.models import Review, User
from reviews.refusals import Refused

Told = dict[str, Any]


class Command(BaseCommand):
    """Mark what the rules in force match. A record somebody judged, or brought back from a rule, stays."""

    help = "Apply a review's rules before screening. With --dry-run nothing is changed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The review, who applies them, and whether only to look."""
        parser.add_argument("review", help="the review's address (slug)")
        parser.add_argument("--dry-run", action="store_true", help="only say what they would do")
        parser.add_argument(
            "--by", default="", metavar="EMAIL", help="who applies them (default: the first lead)"
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        """Look or apply, and tell how many records each rule takes out."""
        review = review_or_error(options["review"])
        by = person_or_error(review, options["by"], "rules")
        progress = Progress(self.stderr)
        try:
            with stoppable(progress):
                told = (
                    self._look(review, progress) if options["dry_run"] else self._apply(review, by, progress)
                )
        except Refused as no:
            raise CommandError(" ".join(filter(None, (no.what, no.kept, no.mend)))) from no
        except Cancelled as stopped:
            raise CommandError("Stopped. Nothing was changed.") from stopped
        finally:
            progress.clear()
        if options["json"]:
            self.stdout.write(json.dumps(told, ensure_ascii=False))
        else:
            self._tell(told)

    def _look(self, review: Review, progress: Progress) -> Told:
        """For the operator, who sees what is sealed to reviewers: judged records are told as such."""
        seen = applying_rules.look(review, report=progress)
        judged = votes_on(match.record for match in seen.matches)
        takes = Counter(match.rule for match in seen.matches if match.record not in judged)
        stays = Counter(match.rule for match in seen.matches if match.record in judged)
        back = Counter(match.rule for match in seen.brought_back)
        return {
            "review": review.slug,
            "dry_run": True,
            "application": None,
            "looked_at": len(seen.numbers),
            "removed": 0,
            "would_remove": sum(takes.values()),
            "rules": [
                {
                    "rule": rule.pk,
                    "words": rule.words,
                    "would_remove": takes[rule.pk],
                    "judged_already": stays[rule.pk],
                    "brought_back": back[rule.pk],
                }
                for rule in seen.rules
            ],
        }

    def _apply(self, review: Review, by: User, progress: Progress) -> Told:
        done = applying_rules.apply_rules(review=review, by=by, report=progress)
        return {
            "review": review.slug,
            "dry_run": False,
            "application": done.pk,
            "looked_at": done.records,
            "removed": done.removed,
            "rules": [{key: entry[key] for key in ("rule", "words", "removed")} for entry in done.rules],
        }

    def _tell(self, told: Told) -> None:
        if told["dry_run"]:
            self.stdout.write(
                f"{told['looked_at']:,} records looked at; {told['would_remove']:,} would be marked as ineligible. "
                "Nothing was changed."
            )
            for rule in told["rules"]:
                stays = rule["judged_already"] + rule["brought_back"]
                kept = f"; {stays:,} stay, judged or brought back" if stays else ""
                self.stdout.write(f"{rule['would_remove']:>8,}  {rule['words']}{kept}")
            return
        self.stdout.write(
            f"{told['looked_at']:,} records looked at, {told['removed']:,} marked as ineligible."
        )
        for rule in told["rules"]:
            self.stdout.write(f"{rule['removed']:>8,}  {rule['words']}")
