"""Which votes say how far people agree: what each said of a record on their own. One pure rule, one query.

A person's independent vote on a record at a stage is the last one they made there before they could see anybody
else's. So a slip that is corrected at once counts as corrected, and a vote that is changed after a disagreement lay
open counts as it was first given: otherwise talking about it would make the disagreement disappear. A vote taken
back before anything could be seen, and not made again, is no vote. Left out, and counted: votes made after seeing
another's, votes brought along from another tool, and (unless asked for) votes made with a model's proposal in view.

Whose votes may be looked at is not decided here but in visibility.py.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter

from django.db.models import Case, Exists, OuterRef, QuerySet, Value, When

from reviews.models import Record

from .models import Decision


@dataclass(frozen=True, slots=True)
class Said:
    """One decision as the rule needs it: `key` rises with time; `in_the_open`: others had voted by its end."""

    record: int
    key: int
    person: int
    verdict: str
    withdrawn: bool
    in_the_open: bool
    seen_votes: bool
    seen_proposal: bool
    brought: bool


@dataclass(frozen=True, slots=True)
class Judged:
    """What people said of one record, each on their own; `left_out` of its votes do not count, and why."""

    record: int
    votes: dict[int, str]
    last: int
    changed: int = 0
    after_votes: int = 0
    after_proposal: int = 0
    brought: int = 0


def independent(said: Sequence[Said], *, with_proposal: bool = False) -> Judged:
    """The rule, for all that was ever said of one record at one stage, in the order of time.

    `votes` maps a person to a verdict, `last` is the key of the latest of them (0: none). `changed` counts votes
    that were taken back in the open and count as first given; `after_votes` and `after_proposal` count people whose
    standing vote is left out because of what they could see, `brought` those whose vote was made elsewhere.
    """
    standing: dict[int, Said] = {}
    for one in said:
        if not one.brought and not one.seen_votes and (with_proposal or not one.seen_proposal):
            standing[one.person] = one
    counted = {p: one for p, one in standing.items() if not one.withdrawn or one.in_the_open}
    live = [one for one in said if not one.withdrawn and one.person not in counted]
    return Judged(
        record=said[0].record,
        votes={person: one.verdict for person, one in counted.items()},
        last=max((one.key for one in counted.values()), default=0),
        changed=sum(one.withdrawn for one in counted.values()),
        after_votes=sum(one.seen_votes and not one.brought for one in live),
        after_proposal=sum(one.seen_proposal and not one.seen_votes and not one.brought for one in live),
        brought=sum(one.brought for one in live),
    )


def judged(records: QuerySet[Record], stage: str, *, with_proposal: bool = False) -> Iterator[Judged]:
    """What was said of each of `records` that anybody has decided on, by id of record. One query."""
    for _, said in groupby(_said(records, stage), key=attrgetter("record")):
        yield independent(list(said), with_proposal=with_proposal)


def _said(records: QuerySet[Record], stage: str) -> Iterator[Said]:
    others = Decision.objects.filter(
        record=OuterRef("record"), stage=stage, made_at__lte=OuterRef("withdrawn_at")
    ).exclude(reviewer=OuterRef("reviewer"))
    rows = (
        Decision.objects.filter(record__in=records.values("pk"), stage=stage)
        # Asked only of the few that were withdrawn.
        .annotate(
            in_the_open=Case(When(withdrawn_at__isnull=False, then=Exists(others)), default=Value(False))
        )
        .order_by("record", "pk")
        .values_list(
            "record",
            "pk",
            "reviewer",
            "verdict",
            "withdrawn_at",
            "in_the_open",
            "seen_votes",
            "seen_proposal",
            "brought",
        )
    )
    for record, key, person, verdict, withdrawn, open_, votes, proposal, brought in rows.iterator(5000):
        yield Said(
            record, key, person, verdict, withdrawn is not None, open_, votes, proposal, brought is not None
        )
