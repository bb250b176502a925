"""The data extraction form for programs: read, draft, items, order, publish."""

from typing import Any

from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from extraction import design
from extraction.models import Form, Item
from reviews.models import Membership, Review
from reviews.permissions import membership_or_404


class NameFields(serializers.Serializer):
    """What the draft is called; the name of the version before it where nothing is sent."""

    name = serializers.CharField(max_length=120, required=False, allow_blank=True)


class ChangeFields(serializers.Serializer):
    """What may change of an item; what is not sent stays."""

    label = serializers.CharField(max_length=160, required=False)
    kind = serializers.ChoiceField(choices=Item.Kind.choices, required=False)
    help = serializers.CharField(max_length=2000, required=False, allow_blank=True)
    unit = serializers.CharField(max_length=40, required=False, allow_blank=True)
    options = serializers.ListField(
        child=serializers.CharField(max_length=160), max_length=200, required=False
    )
    required = serializers.BooleanField(required=False)


class ItemFields(ChangeFields):
    """A new item; its key is made from the label where none is sent."""

    label = serializers.CharField(max_length=160)
    kind = serializers.ChoiceField(choices=Item.Kind.choices)
    key = serializers.CharField(max_length=60, required=False, allow_blank=True)


class OrderFields(serializers.Serializer):
    """The keys of all items, in the order wanted."""

    keys = serializers.ListField(child=serializers.CharField(max_length=60), max_length=1000)


def item_json(item: Item) -> dict[str, Any]:
    """A data item."""
    return {
        "id": item.pk,
        "key": item.key,
        "label": item.label,
        "kind": item.kind,
        "help": item.help,
        "unit": item.unit,
        "options": item.options,
        "required": item.required,
    }


def form_json(form: Form | None) -> dict[str, Any] | None:
    """A version of the form with its items in order."""
    if form is None:
        return None
    return {
        "name": form.name,
        "version": form.version,
        "published_at": form.published_at,
        "items": [item_json(item) for item in form.items.all()],
    }


def _both(review: Review) -> dict[str, Any]:
    draft = Form.objects.filter(review=review, published_at__isnull=True).first()
    return {"in_force": form_json(design.published_form(review)), "draft": form_json(draft)}


def _draft_or_404(membership: Membership) -> Form:
    return get_object_or_404(Form, review=membership.review, published_at__isnull=True)


class FormView(APIView):
    """GET -> {"in_force", "draft"}, either null where there is none."""

    def get(self, request: Request, slug: str) -> Response:
        """See the class."""
        return Response(_both(membership_or_404(request.user, slug, may="read").review))


class DraftView(APIView):
    """POST {"name"} -> 201, the draft of the next version."""

    def post(self, request: Request, slug: str) -> Response:
        """See the class."""
        membership = membership_or_404(request.user, slug, may="form")
        fields = NameFields(data=request.data)
        fields.is_valid(raise_exception=True)
        draft = design.draft_form(review=membership.review, by=membership.user, **fields.validated_data)
        return Response(form_json(draft), status=201)


class ItemsView(APIView):
    """POST an item -> 201, the item at the end of the draft."""

    def post(self, request: Request, slug: str) -> Response:
        """See the class."""
        membership = membership_or_404(request.user, slug, may="form")
        fields = ItemFields(data=request.data)
        fields.is_valid(raise_exception=True)
        item = design.add_item(form=_draft_or_404(membership), by=membership.user, **fields.validated_data)
        return Response(item_json(item), status=201)


class ItemView(APIView):
    """PATCH what changes of an item of the draft -> the item. DELETE takes it off -> 204."""

    def patch(self, request: Request, slug: str, pk: int) -> Response:
        """See the class."""
        membership = membership_or_404(request.user, slug, may="form")
        fields = ChangeFields(data=request.data)
        fields.is_valid(raise_exception=True)
        item = get_object_or_404(Item, pk=pk, form__review=membership.review)
        return Response(item_json(design.change_item(item=item, by=membership.user, **fields.validated_data)))

    def delete(self, request: Request, slug: str, pk: int) -> Response:
        """See the class."""
        membership = membership_or_404(request.user, slug, may="form")
        item = get_object_or_404(Item, pk=pk, form__review=membership.review)
        design.remove_item(item=item, by=membership.user)
        return Response(status=204)


class OrderView(APIView):
    """POST {"keys"} -> the draft in its new order."""

    def post(self, request: Request, slug: str) -> Response:
        """See the class."""
        membership = membership_or_404(request.user, slug, may="form")
        fields = OrderFields(data=request.data)
        fields.is_valid(raise_exception=True)
        draft = _draft_or_404(membership)
        design.order_items(form=draft, by=membership.user, **fields.validated_data)
        return Response(form_json(draft))


class PublishView(APIView):
    """POST -> the form, in force from now on and never changed again."""

    def post(self, request: Request, slug: str) -> Response:
        """See the class."""
        membership = membership_or_404(request.user, slug, may="form")
        return Response(form_json(design.publish_form(form=_draft_or_404(membership), by=membership.user)))


urlpatterns: list[URLPattern] = [
    path("r/<slug:slug>/form/", FormView.as_view(), name="api_form"),
    path("r/<slug:slug>/form/draft/", DraftView.as_view(), name="api_form_draft"),
    path("r/<slug:slug>/form/items/", ItemsView.as_view(), name="api_form_items"),
    path("r/<slug:slug>/form/items/<int:pk>/", ItemView.as_view(), name="api_form_item"),
    path("r/<slug:slug>/form/order/", OrderView.as_view(), name="api_form_order"),
    path("r/<slug:slug>/form/publish/", PublishView.as_view(), name="api_form_publish"),
]
