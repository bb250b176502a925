"""Agreement, pilot rounds and screening again, for programs."""

from typing import Any

from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from reviews.models import Record, User
from reviews.permissions import membership_or_404
from reviews.statistics.agreement import Agreement
from reviews.statistics.agreement_of_many import AgreementOfMany
from reviews.statistics.proportions import Estimate
from screening import agreement as figures_of
from screening import pilot as verbs
from screening import rescreening
from screening.models import Sample
from screening.models.protocol import SCREENING_STAGES
from screening.pilot_seats import screeners, seats_of
from screening.views.agreement import asked_of, described, found_by_number
from screening.views.pilots import rounds_of
from screening.views.screen import known_stage

MOST_LISTED = 1000


class DrawFields(serializers.Serializer):
    """A pilot round to draw; `people` are ids of members' users, everybody who screens where it is left out."""

    stage = serializers.ChoiceField(choices=[(stage.value, stage.label) for stage in SCREENING_STAGES])
    size = serializers.IntegerField(min_value=1, max_value=verbs.MOST)
    seed = serializers.IntegerField(min_value=0, max_value=verbs.LARGEST_SEED)
    people = serializers.ListField(child=serializers.IntegerField(), required=False, max_length=1000)


class CloseFields(serializers.Serializer):
    """Why, needed where somebody has not judged everything."""

    reason = serializers.CharField(required=False, allow_blank=True, max_length=20_000)


class AgainFields(serializers.Serializer):
    """Numbers of records, and why."""

    records = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=999_999_999),
        min_length=1,
        max_length=rescreening.MOST,
    )
    reason = serializers.CharField(max_length=20_000)


def estimate_json(estimate: Estimate) -> dict[str, Any]:
    """A figure with its 95% interval; null where it is not defined."""
    interval = estimate.interval
    return {
        "value": estimate.value,
        "low": interval.low if interval else None,
        "high": interval.high if interval else None,
    }


def many_json(of: AgreementOfMany) -> dict[str, Any]:
    """Everybody together."""
    return {
        "records": of.n,
        "answers": of.answers,
        "observed": estimate_json(of.observed),
        "alpha": estimate_json(of.alpha),
        "ac1": estimate_json(of.ac1),
        "specific": [estimate_json(one) for one in of.specific],
    }


def two_json(of: Agreement) -> dict[str, Any]:
    """Two people."""
    return {
        "records": of.n,
        "observed": estimate_json(of.observed),
        "kappa": {**estimate_json(of.kappa), "se": of.kappa_se},
        "pabak": estimate_json(of.pabak),
        "ac1": estimate_json(of.ac1),
        "specific": [estimate_json(one) for one in of.specific],
        "prevalence_index": of.prevalence,
        "bias_index": of.bias,
    }


def figures_json(figures: figures_of.Figures) -> dict[str, Any]:
    """All figures under one way of counting; `specific` and the tables are in the order of `categories`."""
    return {
        "categories": list(figures.counting.names),
        "share_of_first": figures.share,
        "disagreements": figures.disagreements,
        "overall": many_json(figures.overall),
        "pairs": [
            {
                "one": pair.one.name,
                "other": pair.other.name,
                "table": pair.table,
                **two_json(pair.figures),
            }
            for pair in figures.pairs
        ],
    }


class AgreementView(APIView):
    """GET ?pilot=&proposal=counted -> agreement over the records whose votes one may see: what is counted, everybody
    together, each pair, maybe counted the other way, over time; null: not defined.
    """

    def get(self, request: Request, slug: str, stage: str) -> Response:
        """See the class."""
        membership = membership_or_404(request.user, slug, may="read")
        asked = asked_of(request, membership, stage)
        found = figures_of.of_stage(membership, stage, pilot=asked.pilot, with_proposal=asked.with_proposal)
        return Response(
            {
                "stage": stage,
                "pilot": asked.pilot.pk if asked.pilot else None,
                "counted": vars(found.basis),
                "figures": figures_json(found.figures),
                "other_way": figures_json(found.other_way) if found.other_way else None,
                "over_time": [
                    {"first": step.first, "last": step.last, **many_json(step.figures)}
                    for step in found.over_time
                ],
            }
        )


class DisagreementsView(APIView):
    """GET ?pilot=&proposal=counted&after= -> records on which independent votes differ, by number, at most 1,000."""

    def get(self, request: Request, slug: str, stage: str) -> Response:
        """`next` is the `after` of the following ones."""
        membership = membership_or_404(request.user, slug, may="read")
        asked = asked_of(request, membership, stage)
        after = request.query_params.get("after", "")
        number = int(after) if after.isdecimal() and len(after) <= 9 else 0
        found = [pair for pair in found_by_number(membership, asked) if pair[0].number > number]
        listed = described(membership, stage, found[:MOST_LISTED])
        return Response(
            {
                "disagreements": [
                    {
                        "record": row["record"].number,
                        "title": row["record"].heading,
                        "votes": [{"reviewer": name, "verdict": verdict} for name, verdict in row["votes"]],
                        "settled": row["settled"].verdict if row["settled"] else None,
                        "conflict": row["conflict"].pk if row["conflict"] else None,
                    }
                    for row in listed
                ],
                "next": listed[-1]["record"].number if len(found) > MOST_LISTED else None,
            }
        )


def pilot_json(pilot: Sample) -> dict[str, Any]:
    """A pilot round, as it was drawn, and how many records each person has judged."""
    return {
        "id": pilot.pk,
        "stage": pilot.stage,
        "size": pilot.size,
        "seed": pilot.seed,
        "drawn_from": pilot.drawn_from,
        "drawn_at": pilot.drawn_at,
        "closed_at": pilot.closed_at,
        "records": list(pilot.drawn.order_by("position").values_list("record__number", flat=True)),
        "people": [
            {
                "id": seat.person.pk,
                "name": seat.person.name,
                "judged": seat.judged,
                "waited_for": seat.active and pilot.closed_at is None,
            }
            for seat in seats_of(pilot)
        ],
    }


class PilotsView(APIView):
    """GET -> pilot rounds, newest first. POST stage, size, seed, people? -> 201, a round drawn."""

    def get(self, request: Request, slug: str) -> Response:
        """Without records and people: those are with each round."""
        membership = membership_or_404(request.user, slug, may="read")
        fields = ("id", "stage", "size", "seed", "drawn_from", "drawn_at", "closed_at")
        return Response({"pilots": list(rounds_of(membership).order_by("-pk").values(*fields))})

    def post(self, request: Request, slug: str) -> Response:
        """See the class."""
        membership = membership_or_404(request.user, slug, may="protocol")
        fields = DrawFields(data=request.data)
        fields.is_valid(raise_exception=True)
        given = dict(fields.validated_data)
        wanted = given.pop("people", None)
        everybody = screeners(membership.review)
        people = User.objects.filter(pk__in=wanted) if wanted is not None else everybody
        drawn = verbs.draw_pilot(review=membership.review, by=membership.user, people=list(people), **given)
        return Response(pilot_json(drawn), status=201)


class PilotView(APIView):
    """GET -> a pilot round: its draw, its records in order, how many of them each person has judged."""

    def get(self, request: Request, slug: str, pk: int) -> Response:
        """See the class."""
        membership = membership_or_404(request.user, slug, may="read")
        return Response(pilot_json(get_object_or_404(rounds_of(membership), pk=pk)))


class PilotCloseView(APIView):
    """POST reason? -> the round, closed; its records are judged as the protocol says from now on."""

    def post(self, request: Request, slug: str, pk: int) -> Response:
        """See the class."""
        membership = membership_or_404(request.user, slug, may="protocol")
        wanted = get_object_or_404(rounds_of(membership), pk=pk)
        fields = CloseFields(data=request.data)
        fields.is_valid(raise_exception=True)
        reason = fields.validated_data.get("reason", "")
        return Response(pilot_json(verbs.close_pilot(pilot=wanted, by=membership.user, reason=reason)))


class ScreenAgainView(APIView):
    """GET ?pilot=&after= -> settled and disputed records judged under older criteria, at most 1,000. POST records,
    reason -> which were put up for screening again, and which were left and why.
    """

    def get(self, request: Request, slug: str, stage: str) -> Response:
        """`next` is the `after` of the following ones."""
        membership = membership_or_404(request.user, slug, may="read")
        asked = asked_of(request, membership, stage)
        after = request.query_params.get("after", "")
        number = int(after) if after.isdecimal() and len(after) <= 9 else 0
        found = rescreening.affected(membership.review, stage, asked.pilot).filter(number__gt=number)
        listed: list[Any] = list(found[: MOST_LISTED + 1])
        return Response(
            {
                "records": [
                    {
                        "record": record.number,
                        "title": record.heading,
                        "oldest_version": record.oldest,
                        "settled": record.answer,
                        "judged_at_full_text": record.went_on,
                    }
                    for record in listed[:MOST_LISTED]
                ],
                "next": listed[MOST_LISTED - 1].number if len(listed) > MOST_LISTED else None,
            }
        )

    def post(self, request: Request, slug: str, stage: str) -> Response:
        """See the class."""
        membership = membership_or_404(request.user, slug, may="protocol")
        known_stage(stage)
        fields = AgainFields(data=request.data)
        fields.is_valid(raise_exception=True)
        given = fields.validated_data
        done = rescreening.put_up_again(
            records=Record.objects.filter(review=membership.review, number__in=given["records"]),
            stage=stage,
            by=membership.user,
            reason=given["reason"],
        )
        return Response(
            {
                "put_up": [record.number for record in done.done],
                "left": [{"record": record.number, "why": why} for record, why in done.left],
            }
        )


urlpatterns: list[URLPattern] = [
    path("r/<slug:slug>/agreement/<slug:stage>/", AgreementView.as_view(), name="api_agreement"),
    path(
        "r/<slug:slug>/agreement/<slug:stage>/disagreements/",
        DisagreementsView.as_view(),
        name="api_disagreements",
    ),
    path("r/<slug:slug>/pilots/", PilotsView.as_view(), name="api_pilots"),
    path("r/<slug:slug>/pilots/<int:pk>/", PilotView.as_view(), name="api_pilot"),
    path("r/<slug:slug>/pilots/<int:pk>/close/", PilotCloseView.as_view(), name="api_pilot_close"),
    path("r/<slug:slug>/screen-again/<slug:stage>/", ScreenAgainView.as_view(), name="api_screen_again"),
]
