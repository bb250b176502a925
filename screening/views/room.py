"""What the screening room shows: one record to judge, one's own decision looked at again, or nothing left.

The same parts are a whole page and, for htmx, the inside of `main`, so that a decision's answer already brings
the next record: one round trip a record.
"""

import uuid
from dataclasses import dataclass, replace
from typing import Any

from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.urls import NoReverseMatch, reverse

from reviews.merged import Merged, merged
from reviews.models import DuplicatePair, Membership, Record
from reviews.pages import page
from reviews.refusals import Refused
from screening import opinions, queue, reading, visibility
from screening.criteria import criteria_in_force
from screening.forms.screen import Sent
from screening.models import Conflict, Criterion, Decision, Proposal, Stage
from screening.settling import live_resolution

MARKS = [("met", "met", "include"), ("not_met", "not", "exclude"), ("unclear", "unclear", "maybe")]


@dataclass(frozen=True)
class Row:
    """One criterion beside the text: its place, one's own answer so far, the quotes a proposal gives for it."""

    number: int
    criterion: Criterion
    answer: str
    quotes: str
    proposed: str


@dataclass(frozen=True)
class Last:
    """One's latest decision and what became of it: the quiet strip above the next record."""

    decision: Decision
    state: str  # settled, conflict or waiting
    verdict: str  # of the settled answer
    proposal: opinions.Shown | None


def room(
    request: HttpRequest,
    membership: Membership,
    stage: str,
    *,
    record: Record | None = None,
    sent: Sent | None = None,
    refusal: Refused | None = None,
    lost: dict[str, Any] | None = None,
    linked: int | None = None,
    status: int = 200,
) -> HttpResponse:
    """The room with `record`, or with the next one that waits.

    `sent` is what a person typed, shown again beside `refusal`; `lost` tells of a decision that was not needed
    any more ({"refusal", "record", "note", "verdict"}). `linked` is the pair this person has just judged the same
    from here: it is told of, with an undo, in place of their latest decision.
    """
    review, user = membership.review, membership.user
    if record is None:
        record = next(iter(queue.next_records(review, stage, user)), None)
        waiting = record is not None
    else:
        waiting = queue.waiting_for(review, stage, user).filter(pk=record.pk).exists()
    criteria = criteria_in_force(review, stage)
    context: dict[str, Any] = {
        "stage": stage,
        "stage_name": Stage(stage).label,
        "full_text": stage == Stage.FULL_TEXT,
        "lost": lost,
        "refusal": refusal,
        "record": record,
    }
    if record is None or waiting:
        mine = next(iter(queue.own_recent(review, stage, user, 1)), None)
        wanted = [one.pk for one in (record, mine and mine.record) if one]
        proposals = visibility.proposals_shown(user, review, stage, wanted)
        context["linked"] = _just_linked(membership, linked)
        told = None if context["linked"] else mine
        context["last"] = last_of(told, criteria, proposals.get(told.record_id)) if told else None
        if record is None:
            context |= _nothing(membership, stage, criteria)
        else:
            proposal = proposals.get(record.pk)
            context |= _to_judge(request, membership, stage, record, criteria, sent, proposal)
            context["back"] = mine
    else:
        context |= _to_look_at(membership, stage, record, criteria)
        context["asks"] = "undo" in request.GET or refusal is not None
    return _answer(request, membership, stage, context, status)


def _just_linked(membership: Membership, pair: int | None) -> dict[str, Any] | None:
    """The link of this pair, if this person made it and it stands: which record went, which stays."""
    if pair is None:
        return None
    found = DuplicatePair.objects.filter(
        pk=pair,
        review=membership.review,
        verdict=DuplicatePair.Verdict.SAME,
        decided_by=membership.user,
    )
    made = found.select_related("a__duplicate_of", "b__duplicate_of").first()
    if made is None:
        return None
    stays = made.a.duplicate_of or made.a
    went = max((made.a, made.b), key=lambda record: (record.pk != stays.pk, record.number))
    return {"pair": made, "record": went, "stays": stays}


def _answer(
    request: HttpRequest, membership: Membership, stage: str, context: dict[str, Any], status: int
) -> HttpResponse:
    """The whole page, or for htmx the inside of `main`."""
    partial = request.htmx and not request.htmx.history_restore_request  # type: ignore[attr-defined]
    if not partial or context["record"] is None:
        # Counting takes longer than all the rest in a large review, so a next record does not wait for it:
        # the header asks for its numbers by itself once the record is there (`screen_progress`).
        context["progress"] = queue.progress(membership.review, stage, membership.user)
    template = "screening/_room.html" if partial else "screening/room.html"
    return page(request, template, membership, status=status, **context | {"partial": partial})


def _to_judge(
    request: HttpRequest,
    membership: Membership,
    stage: str,
    record: Record,
    criteria: list[Criterion],
    sent: Sent | None,
    proposal: Proposal | None,
) -> dict[str, Any]:
    """A record that waits for this person; `proposal` only where they may see it already."""
    whole = merged(record)
    text = reading.reading(record, stage, proposal, whole=whole)
    shown = opinions.shown(proposal, criteria, text.sha256) if proposal else None
    earlier = None
    if sent is None:
        earlier = _said_before(membership, stage, record)
        sent = _as_before(earlier)
    if shown and "accept" in request.GET:
        sent = replace(sent, judgements=sent.judgements | shown.answers)
    return {
        "mode": "judge",
        "text": text,
        "sent": sent,
        "earlier": earlier,
        "rows": _rows(criteria, sent.judgements, shown),
        "marks": MARKS,
        "reason": sent.reason or opinions.first_violated(criteria, sent.judgements),
        "proposal": shown,
        **about(membership, whole, stage),
    }


def _to_look_at(
    membership: Membership, stage: str, record: Record, criteria: list[Criterion]
) -> dict[str, Any]:
    """A record this person decided on, or one that does not wait for them."""
    whole = merged(record)
    _, sha256 = reading.judged_text(record, stage, whole=whole)
    seen = opinions.opinions(membership, record, stage, criteria, sha256)
    own = seen.own.decision if seen.own else None
    mine = queue.own_decisions(membership.review, stage, membership.user)
    resolution = seen.resolution
    return {
        "mode": "mine" if own else "closed",
        "text": reading.reading(
            record, stage, seen.proposal.proposal if seen.proposal else None, whole=whole
        ),
        "seen": seen,
        "own": own,
        "rows": _rows(criteria, own.judgements if own else {}, seen.proposal),
        "needs_reason": resolution is not None and resolution.conflict_id is None,
        "discussed": resolution is not None and resolution.conflict_id is not None,
        "back": (mine.filter(pk__lt=own.pk) if own else mine).order_by("-pk").first(),
        "forward": mine.filter(pk__gt=own.pk).order_by("pk").first() if own else None,
        **about(membership, whole, stage),
    }


def about(membership: Membership, whole: Merged, stage: str) -> dict[str, Any]:
    """What stands around the text: where it was found, who wrote it, where it leads, its PDF."""
    record = whole.record
    report = reading.report_of(record) if stage == Stage.FULL_TEXT else None
    return {
        "record": record,
        "best": whole.best,
        "abstract_from": [each for each in whole.borrowed.get("abstract", ()) if each.pk != record.pk],
        "found_by": whole.found_by,
        "authors": reading.authors_line(whole.best),
        "links": reading.links(whole.best),
        "report": report,
        "report_href": href("report_file", membership.review.slug, record.number)
        if report and report.file
        else "",
        "record_href": href("record", membership.review.slug, record.number),
    }


def href(name: str, *args: Any) -> str:
    """The address of a page of another room, or nothing where that room is not built."""
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return ""


def last_of(decision: Decision, criteria: list[Criterion], proposal: Proposal | None) -> Last:
    """One's latest live decision and what became of it; `proposal` only where they may see it."""
    record, stage = decision.record, decision.stage
    resolution = live_resolution(record, stage)
    disputed = Conflict.objects.filter(record=record, stage=stage, closed_at__isnull=True)
    in_conflict = resolution is None and disputed.exists()
    return Last(
        decision=decision,
        state="settled" if resolution else "conflict" if in_conflict else "waiting",
        verdict=resolution.verdict if resolution else "",
        proposal=opinions.shown(proposal, criteria, proposal.text_sha256, decision) if proposal else None,
    )


def _rows(criteria: list[Criterion], judgements: dict[str, str], shown: opinions.Shown | None) -> list[Row]:
    quotes = {j["id"]: f"{shown.prefix}{n}" for n, j in enumerate(shown.judgements, 1)} if shown else {}
    proposed = shown.answers if shown else {}
    rows = []
    for n, criterion in enumerate(criteria, 1):
        key = str(criterion.pk)
        rows.append(Row(n, criterion, judgements.get(key, ""), quotes.get(key, ""), proposed.get(key, "")))
    return rows


def _said_before(membership: Membership, stage: str, record: Record) -> Decision | None:
    """One's own latest decision on this paper that does not count now: its answers need not be typed again.

    Taken back, or made on a record that was linked to this one since.
    """
    own = Decision.objects.filter(stage=stage, reviewer=membership.user).select_related("record")
    taken_back = Q(record=record, withdrawn_at__isnull=False)
    on_a_duplicate = Q(record__duplicate_of=record, withdrawn_at__isnull=True)
    return own.filter(taken_back | on_a_duplicate).order_by("-pk").first()


def _as_before(earlier: Decision | None) -> Sent:
    key = uuid.uuid4()
    if earlier is None:
        return Sent(key)
    return Sent(key, reason=earlier.reason_id, judgements=earlier.judgements, note=earlier.note)


def _nothing(membership: Membership, stage: str, criteria: list[Criterion]) -> dict[str, Any]:
    """Nothing waits: what there is to do instead, in this order."""
    review, user = membership.review, membership.user
    records = Record.objects.filter(review=review).to_screen()
    conflicts = Conflict.objects.filter(record__in=records, closed_at__isnull=True)
    open_by_stage = dict(conflicts.values_list("stage").annotate(n=Count("pk")))
    return {
        "mode": "nothing",
        "imported": Record.objects.filter(review=review).exists(),
        "criteria": criteria,
        "open_conflicts": open_by_stage.get(stage, 0),
        "waiting_at_full_text": queue.waiting_for(review, Stage.FULL_TEXT, user).count()
        if stage != Stage.FULL_TEXT
        else 0,
    }
