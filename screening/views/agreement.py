"""How far people agree: the figures of a stage or of a pilot round, and the disagreements one by one."""

from dataclasses import dataclass
from typing import Any

from django.core.paginator import Paginator
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from reviews import exporting
from reviews.merged import merged
from reviews.models import Membership, Record, User
from reviews.pages import page
from reviews.permissions import allows, membership_or_404
from screening import agreement as figures_of
from screening import opinions, reading
from screening.criteria import criteria_in_force
from screening.independent_votes import Judged
from screening.models import Conflict, Resolution, Sample, Stage
from screening.models.protocol import SCREENING_STAGES

from . import agreement_rows as rows
from .agreement_csv import written
from .room import about
from .screen import known_stage, record_or_404

LIST_PAGE = 50


@dataclass(frozen=True)
class Asked:
    """What the figures are wanted of: everything or a pilot round, with or without votes that saw a proposal."""

    stage: str
    pilot: Sample | None
    with_proposal: bool

    @property
    def query(self) -> str:
        """The same as a query string, with its question mark; empty where nothing special is asked."""
        said: dict[str, Any] = {"pilot": self.pilot.pk} if self.pilot else {}
        said |= {"proposal": "counted"} if self.with_proposal else {}
        return f"?{urlencode(said)}" if said else ""

    @property
    def other_query(self) -> str:
        """The query string that turns `with_proposal` round."""
        return Asked(self.stage, self.pilot, not self.with_proposal).query


@require_safe
@never_cache
def agreement(request: HttpRequest, slug: str, stage: str = str(Stage.TITLE_ABSTRACT)) -> HttpResponse:
    """The figures; `?pilot=` for one round, `?proposal=counted` for all votes, `?as=csv` for a file."""
    membership = membership_or_404(request.user, slug, may="read")
    asked = asked_of(request, membership, stage)
    if "as" in request.GET:
        return _file(membership_or_404(request.user, slug, may="export"), asked, request.GET["as"])
    found = figures_of.of_stage(membership, stage, pilot=asked.pilot, with_proposal=asked.with_proposal)
    steps = [
        estimate for step in found.over_time for estimate in (step.figures.specific[0], step.figures.alpha)
    ]
    estimates = [*rows.every_estimate(found.figures), *rows.every_estimate(found.other_way), *steps]
    axis = rows.axis_for(estimates)
    counting = found.figures.counting
    return page(
        request,
        "screening/agreement.html",
        membership,
        nav="agreement",
        asked=asked,
        stages=[(str(one), one.label) for one in SCREENING_STAGES],
        found=found,
        overall=rows.overall_rows(found.figures, axis),
        pairs=[_pair(pair, counting, axis) for pair in found.figures.pairs],
        keys=["Observed agreement", "Cohen’s kappa", "Gwet’s AC1"],
        other_way=rows.overall_rows(found.other_way, axis) if found.other_way else [],
        steps=[_step(step, axis) for step in found.over_time],
        axis=axis,
        width=rows.WIDTH,
        share=rows.percent(found.figures.share),
        rare=found.figures.share is not None and not 0.2 <= found.figures.share <= 0.8,
        sees_conflicts=allows(membership, "resolve"),
    )


@require_safe
@never_cache
def disagreements(request: HttpRequest, slug: str, stage: str) -> HttpResponse:
    """The records on which independent votes differ, by number, with who said what."""
    membership = membership_or_404(request.user, slug, may="read")
    asked = asked_of(request, membership, stage)
    found = found_by_number(membership, asked)
    listed = Paginator(found, LIST_PAGE).get_page(request.GET.get("page"))
    return page(
        request,
        "screening/disagreements.html",
        membership,
        nav="agreement",
        asked=asked,
        page=listed,
        rows=described(membership, stage, list(listed)),
    )


@require_safe
@never_cache
def disagreement(request: HttpRequest, slug: str, stage: str, number: int) -> HttpResponse:
    """One of them: the text in the middle, what each said at its sides, and the way to the next."""
    membership = membership_or_404(request.user, slug, may="read")
    asked = asked_of(request, membership, stage)
    found = found_by_number(membership, asked)
    place = next((n for n, (record, _) in enumerate(found) if record.number == number), None)
    if place is None:
        raise Http404("There is no such disagreement.")
    record = record_or_404(membership, number)
    criteria = criteria_in_force(membership.review, stage)
    whole = merged(record)
    _, sha256 = reading.judged_text(record, stage, whole=whole)
    seen = opinions.opinions(membership, record, stage, criteria, sha256)
    shown = seen.proposal.proposal if seen.proposal else None
    return page(
        request,
        "screening/disagreement.html",
        membership,
        nav="agreement",
        asked=asked,
        stage=stage,
        stage_name=Stage(stage).label,
        full_text=stage == Stage.FULL_TEXT,
        text=reading.reading(record, stage, shown, whole=whole),
        seen=seen,
        votes=([seen.own] if seen.own else []) + seen.others,
        said=described(membership, stage, [found[place]])[0],
        place=place + 1,
        of=len(found),
        before=found[place - 1][0] if place else None,
        after=found[place + 1][0] if place + 1 < len(found) else None,
        **about(membership, whole, stage),
    )


def asked_of(request: HttpRequest, membership: Membership, stage: str) -> Asked:
    """What the address asks for. Raises Http404: no such stage, or no such pilot round at it."""
    known_stage(stage)
    pilot, wanted = None, request.GET.get("pilot", "")
    if wanted:
        pk = int(wanted) if wanted.isdecimal() and len(wanted) < 19 else 0
        rounds = Sample.objects.filter(review=membership.review, purpose=Sample.Purpose.PILOT, stage=stage)
        pilot = get_object_or_404(rounds, pk=pk)
    return Asked(stage, pilot, request.GET.get("proposal") == "counted")


def found_by_number(membership: Membership, asked: Asked) -> list[tuple[Record, Judged]]:
    """The disagreements with their records, by number. Three queries."""
    found = figures_of.disagreements(
        membership, asked.stage, pilot=asked.pilot, with_proposal=asked.with_proposal
    )
    said = {one.record: one for one in found}
    records = figures_of.visible(membership, asked.stage, asked.pilot).filter(pk__in=said) if said else []
    return sorted(((record, said[record.pk]) for record in records), key=lambda pair: pair[0].number)


def described(membership: Membership, stage: str, found: list[tuple[Record, Judged]]) -> list[dict[str, Any]]:
    """Who said what on their own, and what became of it. Three queries for all."""
    people = User.objects.in_bulk({person for _, one in found for person in one.votes})
    here = {"record__in": [record.pk for record, _ in found], "stage": stage}
    settled = by_record(Resolution.objects.filter(withdrawn_at__isnull=True, **here).select_related("reason"))
    disputed = by_record(Conflict.objects.filter(closed_at__isnull=True, **here))
    return [
        {
            "record": record,
            "votes": sorted((people[person].name, verdict) for person, verdict in one.votes.items()),
            "changed": one.changed,
            "settled": settled.get(record.pk),
            "conflict": disputed.get(record.pk),
        }
        for record, one in found
    ]


def by_record(found: Any) -> dict[int, Model]:
    """Rows by the id of their record."""
    return {row.record_id: row for row in found}


def _pair(pair: figures_of.Pair, counting: figures_of.Counting, axis: rows.Axis) -> dict[str, Any]:
    """Two people: their figures, and their table line by line."""
    cells = [
        {"name": counting.names[i], "cells": [{"n": n, "apart": i != j} for j, n in enumerate(line)]}
        for i, line in enumerate(pair.table)
    ]
    return {"pair": pair, "rows": rows.pair_rows(pair, counting, axis), "cells": cells}


def _step(step: figures_of.Step, axis: rows.Axis) -> dict[str, Any]:
    return {
        "step": step,
        "positive": rows.percent_row("Positive agreement", step.figures.specific[0], axis),
        "observed": rows.percent_row("Observed agreement", step.figures.observed, axis),
        "alpha": rows.coefficient_row("Alpha", step.figures.alpha, axis),
    }


def _file(membership: Membership, asked: Asked, form: str) -> HttpResponse:
    """The figures as this person may see them; leaves a line in the trail."""
    if form != "csv":
        raise Http404("The figures come as csv.")
    found = figures_of.of_stage(membership, asked.stage, pilot=asked.pilot, with_proposal=asked.with_proposal)
    said: dict[str, Any] = {"stage": asked.stage} | ({"pilot": asked.pilot.pk} if asked.pilot else {})
    exporting.log_export(review=membership.review, by=membership.user, what="agreement", form=form, **said)
    answer = HttpResponse(written(found), content_type="text/csv; charset=utf-8")
    name = f"{membership.review.slug}-agreement-{asked.stage}.csv"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


urlpatterns: list[URLPattern] = [
    path("r/<slug:slug>/agreement/", agreement, name="agreement"),
    path("r/<slug:slug>/agreement/<slug:stage>/", agreement, name="agreement_at"),
    path("r/<slug:slug>/agreement/<slug:stage>/disagreements/", disagreements, name="disagreements"),
    path(
        "r/<slug:slug>/agreement/<slug:stage>/disagreements/<int:number>/", disagreement, name="disagreement"
    ),
]
