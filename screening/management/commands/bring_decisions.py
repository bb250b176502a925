"""`manage.py bring_decisions REVIEW SEARCH --map "Ann=ann@example.org"`: decisions of another tool, brought along."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from reviews.management.commands.import_records import person_or_error, review_or_error
from reviews.models import Search
from reviews.refusals import Refused
from screening import moving
from screening.api.moving import bringing_json, carried_in, wish_from
from screening.carried_plan import LEFT, foresee, offer
from screening.criteria import criteria_in_force
from screening.models.protocol import SCREENING_STAGES


class Command(BaseCommand):
    """Without --map it says what the file carries; --dry-run what would happen."""

    help = (
        "Bring decisions made in Rayyan, Covidence, ASReview, Abstrackr or EPPI-Reviewer along as decisions of "
        "members, from the file of a search. Without --map: say what the file carries."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The command line."""
        parser.add_argument("review", help="the review's slug")
        parser.add_argument("search", type=int, help="the number of the search, as in its address")
        parser.add_argument(
            "--map", action="append", default=[], metavar="NAME=EMAIL",
            help='whose a name in the file is, once for each; "=EMAIL" for what names nobody',
        )  # fmt: skip
        parser.add_argument(
            "--stage", choices=[str(stage) for stage in SCREENING_STAGES], default="title_abstract"
        )
        parser.add_argument(
            "--listed", choices=["include", "exclude"], default="", help="what a Covidence list holds"
        )
        parser.add_argument(
            "--reason", action="append", default=[], metavar="WORDS=LABEL",
            help='what a reason of the file is called among the criteria; "=LABEL" for all others',
        )  # fmt: skip
        parser.add_argument(
            "--by", default="", metavar="EMAIL", help="the lead who does it (default: the first)"
        )
        parser.add_argument("--dry-run", action="store_true", help="say what would happen, and do nothing")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        """Say, foresee or do; exit 1 where it is refused."""
        review = review_or_error(options["review"])
        by = person_or_error(review, options["by"], "bring")
        search = Search.objects.select_related("review").filter(review=review, pk=options["search"]).first()
        if search is None or offer(search) is None:
            raise CommandError("There is no such search in this review, or its file carries no decisions.")
        told = carried_in(search)
        try:
            if options["map"]:
                wish = wish_from(
                    search, options["stage"], _pairs(options["map"], "--map"),
                    _criteria(search, options), options["listed"],
                )  # fmt: skip
                moving.check_wish(wish)
                if options["dry_run"]:
                    told |= {"bringing": None, "figures": foresee(wish).figures()}
                else:
                    done = moving.bring(wish=wish, by=by)
                    told |= {
                        "bringing": bringing_json(done.bringing, done.plan.decisions),
                        "figures": done.plan.figures(),
                    }
        except Refused as no:
            raise CommandError(" ".join(filter(None, (no.what, no.kept, no.mend)))) from no
        self._tell(told, in_json=options["json"])

    def _tell(self, told: dict[str, Any], *, in_json: bool) -> None:
        if in_json:
            self.stdout.write(json.dumps(told, indent=2, ensure_ascii=False, default=str))
            return
        self.stdout.write(f"{told['tool']}: decisions on {told['records']} records")
        for each in told["names"]:
            self.stdout.write(
                f"  {each['name'] or '(nobody named)'}: {each['decided']} decisions, {each['noted']} notes"
            )
        if figures := told.get("figures"):
            does = "brought along" if told["bringing"] else "would be brought along"
            self.stdout.write(
                f"{figures['decisions']} decisions {does}: {figures['settled']} records settled, "
                f"{figures['conflicts']} in conflict, {figures['waiting']} waiting for another vote"
            )
            for why, n in figures["left"].items():
                self.stdout.write(f"  left as they are: {n} {LEFT[why]}")


def _pairs(given: list[str], option: str) -> dict[str, str]:
    """NAME=VALUE, parted at the last equals sign (a name may hold one, an address cannot)."""
    pairs = {}
    for each in given:
        name, equals, value = each.rpartition("=")
        if not equals or not value.strip():
            raise CommandError(
                f"{option} wants two words with = between them, not “{each}”. Nothing was changed."
            )
        pairs[name.strip()] = value.strip()
    return pairs


def _criteria(search: Search, options: dict[str, Any]) -> dict[str, int]:
    """Ids of the criteria named by their label."""
    by_label = {c.label.casefold(): c.pk for c in criteria_in_force(search.review, options["stage"])}
    found = {}
    for words, label in _pairs(options["reason"], "--reason").items():
        if label.casefold() not in by_label:
            raise CommandError(f"No criterion at this stage is called “{label}”. Nothing was changed.")
        found[words] = by_label[label.casefold()]
    return found
