"""Moving house: decisions made in another tool become decisions of members, by an act of a lead that can be undone.

Nothing is brought along by itself: a file that carries judgements (reviews/models/carried.py) only offers it, and a
lead says whose each name is. The decisions are marked as brought (Decision.brought), go through the same rules as a
vote made here (carried_plan.py, combining.py, settling.py), and each has its line in the trail. What carries nobody's
name, such as a consensus, can stand for one member's vote and never for two (ADR 9).
"""

import uuid
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction

from reviews import audit
from reviews.audit import Entry
from reviews.duplicate_groups import chunks, locked_groups
from reviews.models import CarriedJudgement, Record, Report, Search, User, Verb
from reviews.parsers.carried import COVIDENCE, TOOLS
from reviews.planner import tell_the_planner
from reviews.refusals import BadInput, Refused

from .carried_plan import Plan, Wish, foresee
from .combining import Disagreement, Settled
from .models import Bringing, Conflict, Decision, Resolution, Stage, Verdict
from .models.protocol import SCREENING_STAGES
from .pilot_seats import screeners
from .settling import locked_many

BATCH = 500


@dataclass(frozen=True)
class Brought:
    """What was done: the act, and the plan as it was carried out."""

    bringing: Bringing
    plan: Plan


@dataclass(frozen=True)
class SentBack:
    """What an undo did: decisions withdrawn, and decisions that stay because people built on them here."""

    withdrawn: int
    kept: int


def check_wish(wish: Wish) -> None:
    """Refuse a wish that cannot be fulfilled whatever the file holds.

    Raises:
        BadInput: an unknown stage, nobody named, somebody who does not screen here, a criterion not in force.
        Refused: the import was undone.
    """
    review = wish.search.review
    if wish.stage not in SCREENING_STAGES:
        raise BadInput("Decisions are brought along to title and abstract or to full text.")
    if not Search.objects.filter(pk=wish.search.pk, withdrawn_at__isnull=True).exists():
        raise Refused("This import was undone.", mend="Restore it first.")
    if not wish.people:
        raise BadInput("Nobody was named.", mend="Say of at least one name in the file which member it is.")
    here = set(screeners(review).values_list("pk", flat=True))
    for user in wish.people.values():
        if user.pk not in here:
            raise BadInput(
                f"{user} does not screen in this review.",
                mend="Name a lead or reviewer, or invite them first.",
            )
    if wish.listed not in ("", Verdict.INCLUDE, Verdict.EXCLUDE):
        raise BadInput("A list holds what was included or what was excluded.")
    if wish.listed and not CarriedJudgement.objects.filter(search=wish.search, tool=COVIDENCE).exists():
        raise BadInput("Only a file of Covidence is a list of one verdict.", mend="Leave the verdict out.")
    for criterion in wish.reasons.values():
        if (criterion.review_id, criterion.stage) != (review.pk, wish.stage) or criterion.retired_at:
            raise BadInput(
                f"“{criterion}” is not a criterion in force at this stage.", mend="Choose one of the list."
            )


def bring(*, wish: Wish, by: User) -> Brought:
    """Make what a search's file carries decisions of the members named, all of them or none.

    Safe beside people who vote: the records are locked first, and whoever voted before keeps their vote.

    Raises:
        BadInput, Refused: see check_wish.
        Refused: there is nothing to bring along, or nothing left.
    """
    check_wish(wish)
    rows = CarriedJudgement.objects.filter(search=wish.search, said_by__in=list(wish.people))
    with transaction.atomic():
        records = locked_groups(list(rows.values_list("record", flat=True)), whole=False)
        plan = foresee(wish)
        if not plan.decisions:
            raise Refused(
                "There is nothing to bring along: no decision of these people can be made here (any more).",
                mend="Look at what is left out, and why, in the preview.",
            )
        bringing = Bringing.objects.create(
            search=wish.search,
            stage=wish.stage,
            people={name: user.pk for name, user in wish.people.items()},
            reasons={words: criterion.pk for words, criterion in wish.reasons.items()},
            listed=wish.listed,
            by=by,
            made_at=audit.now(),
        )
        _write(bringing, plan)
        audit.log_many(
            review=wish.search.review,
            entries=[*_each(bringing, wish, plan, records), _summary(bringing, wish, plan)],
        )
    tell_the_planner(plan.decisions, Decision, Resolution, Conflict, Report)
    return Brought(bringing, plan)


def _write(bringing: Bringing, plan: Plan) -> None:
    """The decisions, and what they add up to."""
    decisions = [each.decision for made in plan.intended.values() for each in made]
    for decision in decisions:
        decision.brought, decision.made_at, decision.key = bringing, bringing.made_at, uuid.uuid4()
    Decision.objects.bulk_create(decisions, batch_size=BATCH)
    resolutions, conflicts, reports = [], [], []
    common = {"stage": bringing.stage}
    for record, outcome in plan.outcomes.items():
        if isinstance(outcome, Disagreement):
            conflicts.append(Conflict(record_id=record, opened_at=bringing.made_at, **common))
        elif isinstance(outcome, Settled):
            told = {"verdict": outcome.verdict, "reason": outcome.reason, "how": outcome.how}
            resolutions.append(
                Resolution(record_id=record, by=bringing.by, made_at=bringing.made_at, **common, **told)
            )
            if bringing.stage == Stage.TITLE_ABSTRACT and outcome.verdict == Verdict.INCLUDE:
                reports.append(Report(record_id=record, opened_at=bringing.made_at))
    Conflict.objects.bulk_create(conflicts, batch_size=BATCH)
    Resolution.objects.bulk_create(resolutions, batch_size=BATCH)
    Report.objects.bulk_create(reports, batch_size=BATCH, ignore_conflicts=True)


def _each(bringing: Bringing, wish: Wish, plan: Plan, records: dict[int, Record]) -> Iterable[Entry]:
    """A line for each decision; sealed like any vote, for the lead as well."""
    for record, made in plan.intended.items():
        for each in made:
            decision = each.decision
            yield Entry(
                Verb.DECISION_BROUGHT,
                actor=bringing.by,
                record=records[record],
                stage=bringing.stage,
                subject={"decision": decision.pk, "bringing": bringing.pk, "carried": each.carried},
                after={
                    "of": decision.reviewer.name,
                    "named": each.said_by,
                    "verdict": decision.verdict,
                    "reason": decision.reason.label if decision.reason else None,
                    "note": decision.note,
                    "outcome": _in_a_word(plan.outcomes[record]),
                },
            )


def _in_a_word(outcome: Settled | Disagreement | None) -> str:
    if isinstance(outcome, Disagreement):
        return "conflict"
    return f"settled: {outcome.verdict}" if outcome else "waiting for another vote"


def _summary(bringing: Bringing, wish: Wish, plan: Plan) -> Entry:
    tool = (
        CarriedJudgement.objects.filter(search=wish.search).order_by("pk").values_list("tool", flat=True)[0]
    )
    return Entry(
        Verb.DECISIONS_BROUGHT,
        actor=bringing.by,
        stage=bringing.stage,
        subject={"bringing": bringing.pk, "search": wish.search.pk},
        after={
            "source": TOOLS.get(tool, tool),
            "people": {name: user.name for name, user in wish.people.items()},
            "reasons": {words: criterion.label for words, criterion in wish.reasons.items()},
            "listed": wish.listed,
            **plan.figures(),
        },
    )


# ---------------------------------------------------------------- undoing it


def send_back(*, bringing: Bringing, by: User, reason: str) -> SentBack:
    """Undo a bringing along: its decisions are withdrawn, and with them what they settled or put in conflict.

    Votes made here stay. A decision stays too where people built on it here since: its conflict was settled by
    somebody, or the record was judged at full text. Then this can be asked again once that was taken back.

    Raises:
        BadInput: no reason.
        Refused: nothing of it stands any more, or all that stands has been built on.
    """
    if not reason.strip():
        raise BadInput("No reason was given for undoing this.", mend="Say in a few words why.")
    with transaction.atomic():
        live = Decision.objects.filter(brought=bringing, withdrawn_at__isnull=True)
        records = locked_many(live.values_list("record", flat=True))
        decisions = list(live.select_related("reviewer").order_by("record", "pk"))
        if not decisions:
            raise Refused("Nothing of this stands any more: every decision of it was taken back.")
        built_on = _built_on(bringing.stage, records)
        going = [decision for decision in decisions if decision.record_id not in built_on]
        kept = len(decisions) - len(going)
        if not going:
            raise Refused(
                "People have built on every one of these decisions: settled their conflict, or judged at full text.",
                mend="Take that back first.",
            )
        moment = audit.now()
        _withdraw(bringing.stage, going, moment)
        Bringing.objects.filter(pk=bringing.pk, undone_at__isnull=True).update(
            undone_at=moment, undone_by=by, why_undone=reason.strip()
        )
        audit.log_many(
            review=bringing.search.review,
            entries=[
                *_each_back(bringing, by, going, records),
                _summary_back(bringing, by, reason, going, kept),
            ],
        )
    return SentBack(len(going), kept)


def _built_on(stage: str, records: Iterable[int]) -> set[int]:
    """Records on which somebody settled a conflict at this stage, or which were judged at full text since."""
    found: set[int] = set()
    for chunk in chunks(records):
        settled = Resolution.objects.filter(
            record__in=chunk, stage=stage, withdrawn_at__isnull=True, conflict__isnull=False
        )
        found |= set(settled.values_list("record", flat=True))
        if stage == Stage.TITLE_ABSTRACT:
            later = Decision.objects.filter(
                record__in=chunk, stage=Stage.FULL_TEXT, withdrawn_at__isnull=True
            )
            found |= set(later.values_list("record", flat=True))
    return found


def _withdraw(stage: str, decisions: list[Decision], moment: object) -> None:
    for chunk in chunks(decision.pk for decision in decisions):
        Decision.objects.filter(pk__in=chunk).update(withdrawn_at=moment)
    for chunk in chunks(decision.record_id for decision in decisions):
        here = {"record__in": chunk, "stage": stage}
        Resolution.objects.filter(withdrawn_at__isnull=True, **here).update(withdrawn_at=moment)
        Conflict.objects.filter(closed_at__isnull=True, **here).update(
            closed_at=moment, closed_how=Conflict.Closed.VOTE_WITHDRAWN
        )


def _each_back(
    bringing: Bringing, by: User, decisions: list[Decision], records: dict[int, Record]
) -> Iterable[Entry]:
    for decision in decisions:
        yield Entry(
            Verb.DECISION_SENT_BACK,
            actor=by,
            record=records[decision.record_id],
            stage=bringing.stage,
            subject={"decision": decision.pk, "bringing": bringing.pk},
            before={"of": decision.reviewer.name, "verdict": decision.verdict},
        )


def _summary_back(bringing: Bringing, by: User, reason: str, decisions: list[Decision], kept: int) -> Entry:
    people = Counter(decision.reviewer.name for decision in decisions)
    return Entry(
        Verb.DECISIONS_SENT_BACK,
        actor=by,
        stage=bringing.stage,
        subject={"bringing": bringing.pk, "search": bringing.search_id},
        after={"decisions": len(decisions), "people": dict(people), "kept": kept},
        reason=reason.strip(),
    )
