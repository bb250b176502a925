"""Consensus for programs: the sheets side by side, settling a difference, reopening."""

from typing import Any

from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from extraction import consensus as verbs
from extraction import visibility
from extraction.models import ConsensusValue, Item, State, Value
from extraction.side_by_side import Row, board
from extraction.views.sheets import study_and_form
from reviews.models import Membership, Study
from reviews.permissions import membership_or_404
from reviews.refusals import Refused

from .forms import item_json
from .sheets import said_json, value_json


class SettleFields(serializers.Serializer):
    """`choose`: the id of a value that was taken down; or `state` and `value`, written anew. Always a reason."""

    choose = serializers.IntegerField(min_value=1, required=False)
    state = serializers.ChoiceField(choices=State.choices, required=False)
    value = serializers.JSONField(required=False, allow_null=True, default=None)
    quote = serializers.CharField(required=False, allow_blank=True, default="", trim_whitespace=False)
    reason = serializers.CharField(max_length=1000)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Exactly one of the two ways."""
        if ("choose" in attrs) == ("state" in attrs):
            raise serializers.ValidationError("Send either choose or a state.")
        return attrs


class ReasonFields(serializers.Serializer):
    """Why an agreed value is reopened."""

    reason = serializers.CharField(max_length=1000)


def agreed_json(agreed: ConsensusValue) -> dict[str, Any]:
    """An agreed value, for those who may see it."""
    return {
        "id": agreed.pk,
        "state": agreed.state,
        "value": agreed.value,
        "quote": agreed.quote,
        "page": agreed.page,
        "how": agreed.how,
        "reason": agreed.reason,
        "by": agreed.by.name,
        "made_at": agreed.made_at,
        "withdrawn_at": agreed.withdrawn_at,
    }


def _row(row: Row) -> dict[str, Any]:
    return item_json(row.item) | {
        "answers": [
            {
                "extractor": cell.sheet.extractor.name,
                "answer": value_json(cell.value) if cell.value else None,
            }
            for cell in row.cells
        ],
        "proposals": [said_json(said) for said in row.proposals],
        "differs": row.differs,
        "agreed": agreed_json(row.agreed) if row.agreed else None,
    }


def _opened(membership: Membership, study: Study, item: Item) -> None:
    """Refuse whoever may not see the sheets yet, before anything is said about them."""
    if not visibility.sees_sheets(membership.user, study, item.form):
        raise Refused("You may not see these sheets yet.", mend="Hand in your own sheet first.")


class ConsensusView(APIView):
    """GET -> {"seen", "complete", "items"}; until this person may see the sheets only {"seen": false}."""

    def get(self, request: Request, slug: str, pk: int) -> Response:
        """See the class."""
        membership = membership_or_404(request.user, slug, may="read")
        study, form = study_and_form(membership, pk)
        shown = board(membership.user, study, form)
        if shown is None:
            return Response({"seen": False})
        rows = [_row(row) for row in shown.rows]
        return Response({"seen": True, "complete": shown.complete, "items": rows})


class SettleView(APIView):
    """POST -> 201, the agreed value of the item of that key."""

    def post(self, request: Request, slug: str, pk: int, key: str) -> Response:
        """See the class."""
        membership = membership_or_404(request.user, slug, may="consensus")
        fields = SettleFields(data=request.data)
        fields.is_valid(raise_exception=True)
        study, form = study_and_form(membership, pk)
        item = get_object_or_404(Item.objects.select_related("form"), form=form, key=key)
        _opened(membership, study, item)
        sent = dict(fields.validated_data)
        shared = {"study": study, "item": item, "by": membership.user, "reason": sent["reason"]}
        if "choose" in sent:
            values = Value.objects.select_related("sheet")
            chosen = get_object_or_404(values, pk=sent["choose"], item=item, sheet__study=study)
            made = verbs.choose(value=chosen, **shared)
        else:
            made = verbs.write(state=sent["state"], value=sent["value"], quote=sent["quote"], **shared)
        return Response(agreed_json(made), status=201)


class ReopenView(APIView):
    """POST {"reason"} -> the value that was agreed, withdrawn; the item is open again."""

    def post(self, request: Request, slug: str, pk: int, key: str) -> Response:
        """See the class."""
        membership = membership_or_404(request.user, slug, may="consensus")
        fields = ReasonFields(data=request.data)
        fields.is_valid(raise_exception=True)
        study, form = study_and_form(membership, pk)
        item = get_object_or_404(Item.objects.select_related("form"), form=form, key=key)
        _opened(membership, study, item)
        agreed = get_object_or_404(ConsensusValue, study=study, item=item, withdrawn_at__isnull=True)
        made = verbs.reopen(consensus=agreed, by=membership.user, **fields.validated_data)
        return Response(agreed_json(made))


urlpatterns: list[URLPattern] = [
    path("r/<slug:slug>/extraction/<int:pk>/consensus/", ConsensusView.as_view(), name="api_consensus"),
    path(
        "r/<slug:slug>/extraction/<int:pk>/consensus/<slug:key>/",
        SettleView.as_view(),
        name="api_consensus_settle",
    ),
    path(
        "r/<slug:slug>/extraction/<int:pk>/consensus/<slug:key>/reopen/",
        ReopenView.as_view(),
        name="api_consensus_reopen",
    ),
]
