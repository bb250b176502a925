"""Bringing decisions along, for programs: what a search's file carries, what would happen, doing and undoing it."""

from typing import Any

from django.db.models import Count, Q
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from reviews.models import Membership, Search, User
from reviews.permissions import membership_or_404
from reviews.refusals import BadInput
from screening import moving
from screening.carried_plan import TELLS_NOTHING_FROM, Wish, foresee, offer, reasons_in, same_words
from screening.criteria import criteria_in_force
from screening.forms.screen import reason_among
from screening.models import Bringing
from screening.models.protocol import SCREENING_STAGES
from screening.pilot_seats import screeners


class BringFields(serializers.Serializer):
    """`people`: name in the file -> address of a member; `reasons`: words in the file -> id of a criterion."""

    stage = serializers.ChoiceField(choices=[(stage.value, stage.label) for stage in SCREENING_STAGES])
    people = serializers.DictField(child=serializers.CharField(max_length=254))
    reasons = serializers.DictField(child=serializers.IntegerField(), required=False)
    listed = serializers.ChoiceField(choices=["", "include", "exclude"], required=False, default="")
    dry_run = serializers.BooleanField(required=False, default=False)


class WhyFields(serializers.Serializer):
    """Why it is undone."""

    reason = serializers.CharField(max_length=500)


def bringing_json(bringing: Bringing, standing: int) -> dict[str, Any]:
    """One act of bringing along; `standing` is how many of its decisions stand."""
    return {
        "id": bringing.pk,
        "search": bringing.search_id,
        "stage": bringing.stage,
        "by": bringing.by.name,
        "made_at": bringing.made_at,
        "standing": standing,
        "undone_at": bringing.undone_at,
        "why_undone": bringing.why_undone,
    }


def wish_from(
    search: Search, stage: str, people: dict[str, str], reasons: dict[str, int], listed: str = ""
) -> Wish:
    """What a program asks for: members by their address, criteria by their id.

    Raises:
        BadInput: nobody who screens here has an address given, or a criterion is not in force at the stage.
    """
    members: dict[str, User] = {user.email: user for user in screeners(search.review)}
    for email in people.values():
        if email.strip().lower() not in members:
            raise BadInput(
                f"{email} does not screen in this review.", mend="Name a lead or reviewer by their address."
            )
    criteria = criteria_in_force(search.review, stage)
    given = {words: reason_among(criteria, pk) for words, pk in reasons.items()}
    return Wish(
        search=search,
        stage=stage,
        people={name: members[email.strip().lower()] for name, email in people.items()},
        reasons=same_words(search, criteria) | {words: c for words, c in given.items() if c},
        listed=listed,
    )


def carried_in(search: Search) -> dict[str, Any]:
    """What a search's file carries, in totals; its reasons only where they tell nothing of a single record."""
    found = offer(search)
    if found is None:
        raise Http404("This file carries nothing from another tool.")
    return {
        "search": search.pk,
        "tool": found.tool,
        "records": found.records,
        "is_list": found.is_list,
        "names": [{"name": n.name, "decided": n.decided, "noted": n.noted} for n in found.names],
        "labels": found.has_labels,
        "notes": found.has_notes,
        "reasons": list(reasons_in(search)) if found.records >= TELLS_NOTHING_FROM else None,
    }


def _search(membership: Membership, pk: int) -> Search:
    return get_object_or_404(Search.objects.select_related("review"), review=membership.review, pk=pk)


class BringView(APIView):
    """GET what a search's file carries. POST BringFields -> 201, or with dry_run 200 and what would happen."""

    def get(self, request: Request, slug: str, pk: int) -> Response:
        """See the class."""
        search = _search(membership_or_404(request.user, slug, may="bring"), pk)
        acts = search.bringings.select_related("by").order_by("-pk")
        standing = Count("decisions", filter=Q(decisions__withdrawn_at__isnull=True))
        listed = [bringing_json(act, act.standing) for act in acts.annotate(standing=standing)]
        return Response(carried_in(search) | {"bringings": listed})

    def post(self, request: Request, slug: str, pk: int) -> Response:
        """See the class."""
        membership = membership_or_404(request.user, slug, may="bring")
        fields = BringFields(data=request.data)
        fields.is_valid(raise_exception=True)
        given = fields.validated_data
        wish = wish_from(
            _search(membership, pk),
            given["stage"],
            given["people"],
            given.get("reasons", {}),
            given["listed"],
        )
        if given["dry_run"]:
            moving.check_wish(wish)
            return Response({"bringing": None, "figures": foresee(wish).figures()})
        done = moving.bring(wish=wish, by=membership.user)
        told = bringing_json(done.bringing, done.plan.decisions)
        return Response({"bringing": told, "figures": done.plan.figures()}, status=201)


class UndoView(APIView):
    """POST a reason: undo a bringing along -> {"withdrawn", "kept"}, the decisions people have built on being kept."""

    def post(self, request: Request, slug: str, pk: int) -> Response:
        """See the class."""
        membership = membership_or_404(request.user, slug, may="bring")
        acts = Bringing.objects.select_related("search__review")
        bringing = get_object_or_404(acts, pk=pk, search__review=membership.review)
        fields = WhyFields(data=request.data)
        fields.is_valid(raise_exception=True)
        done = moving.send_back(bringing=bringing, by=membership.user, **fields.validated_data)
        return Response({"withdrawn": done.withdrawn, "kept": done.kept})


urlpatterns: list[URLPattern] = [
    path("r/<slug:slug>/searches/<int:pk>/decisions/", BringView.as_view(), name="api_bring_decisions"),
    path("r/<slug:slug>/bringings/<int:pk>/undo/", UndoView.as_view(), name="api_bringing_undo"),
]
