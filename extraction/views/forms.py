"""The data extraction form: the one in force, the draft of the next, its items, publishing."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from extraction import design
from extraction.forms.items import ItemForm, NewItemForm, filled
from extraction.models import Form, Item, Sheet
from reviews.models import Membership
from reviews.pages import page
from reviews.permissions import membership_or_404
from reviews.refusals import BadInput, Refused


@require_safe
@never_cache
def form(request: HttpRequest, slug: str) -> HttpResponse:
    """The form in force and, for who may change it, the draft; everybody in the review may read both."""
    return _form(request, membership_or_404(request.user, slug, may="read"))


def _form(request: HttpRequest, membership: Membership, *, status: int = 200, **context: Any) -> HttpResponse:
    review = membership.review
    versions = list(Form.objects.filter(review=review).select_related("created_by").order_by("-version"))
    draft = next((one for one in versions if one.published_at is None), None)
    in_force = design.published_form(review)
    changing: ItemForm | None = context.pop("changing", None)
    changed: Item | None = context.pop("changed", None)
    items = list(draft.items.all()) if draft else []
    shared = {
        "in_force": in_force,
        "items_in_force": list(in_force.items.all()) if in_force else [],
        "draft": draft,
        "rows": [
            {
                "item": item,
                "form": changing if changing and changed == item else filled(item),
                "failed": changed == item,
            }
            for item in items
        ],
        "new_form": NewItemForm(auto_id="new-%s"),
        "older": [one for one in versions if one.published_at and one != in_force],
        "begun": Sheet.objects.filter(form=in_force).count() if in_force else 0,
    }
    return page(
        request, "extraction/form.html", membership, nav="extraction", status=status, **(shared | context)
    )


@require_POST
def form_draft(request: HttpRequest, slug: str) -> HttpResponse:
    """Start the next version."""
    membership = membership_or_404(request.user, slug, may="form")
    try:
        design.draft_form(review=membership.review, by=membership.user, name=request.POST.get("name", ""))
    except Refused as no:
        return _form(request, membership, status=no.status, refusal=no)
    return redirect(f"{reverse('form', args=[slug])}#draft")


@require_POST
def form_item_add(request: HttpRequest, slug: str) -> HttpResponse:
    """Put an item at the end of the draft."""
    membership = membership_or_404(request.user, slug, may="form")
    draft = get_object_or_404(Form, review=membership.review, published_at__isnull=True)
    new = NewItemForm(request.POST, auto_id="new-%s")
    if not new.is_valid():
        return _form(request, membership, status=422, new_form=new)
    try:
        item = design.add_item(form=draft, by=membership.user, **new.fields_of_item())
    except Refused as no:
        return _form(request, membership, status=_status(no), refusal=no, new_form=new)
    messages.success(request, f"“{item.label}” was added, as column {item.key}.")
    return redirect(f"{reverse('form', args=[slug])}#add")


@require_POST
def form_item_change(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Change an item of the draft; its key stays."""
    membership = membership_or_404(request.user, slug, may="form")
    item = _item_or_404(membership, pk)
    changing = ItemForm(request.POST, auto_id=f"item-{item.pk}-%s")
    if not changing.is_valid():
        return _form(request, membership, status=422, changing=changing, changed=item)
    try:
        design.change_item(item=item, by=membership.user, **changing.fields_of_item())
    except Refused as no:
        return _form(request, membership, status=_status(no), refusal=no, changing=changing, changed=item)
    return _back(slug, item)


@require_POST
def form_item_remove(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Take an item off the draft."""
    membership = membership_or_404(request.user, slug, may="form")
    item = _item_or_404(membership, pk)
    try:
        design.remove_item(item=item, by=membership.user)
    except Refused as no:
        return _form(request, membership, status=_status(no), refusal=no)
    messages.success(request, f"“{item.label}” was taken off the draft.")
    return redirect(f"{reverse('form', args=[slug])}#draft")


@require_POST
def form_item_move(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Move an item of the draft one place up or down."""
    membership = membership_or_404(request.user, slug, may="form")
    item = _item_or_404(membership, pk)
    keys = [each.key for each in item.form.items.all()]
    at = keys.index(item.key)
    to = at + (1 if request.POST.get("to") == "down" else -1)
    if 0 <= to < len(keys):
        keys[at], keys[to] = keys[to], keys[at]
        try:
            design.order_items(form=item.form, by=membership.user, keys=keys)
        except Refused as no:
            return _form(request, membership, status=_status(no), refusal=no)
    return _back(slug, item)


@require_POST
def form_publish(request: HttpRequest, slug: str) -> HttpResponse:
    """Put the draft in force, for good."""
    membership = membership_or_404(request.user, slug, may="form")
    draft = get_object_or_404(Form, review=membership.review, published_at__isnull=True)
    try:
        published = design.publish_form(form=draft, by=membership.user)
    except Refused as no:
        return _form(request, membership, status=_status(no), refusal=no)
    messages.success(request, f"{published.name}, version {published.version}, is in force.")
    return redirect("form", slug)


def _item_or_404(membership: Membership, pk: int) -> Item:
    return get_object_or_404(Item.objects.select_related("form"), pk=pk, form__review=membership.review)


def _status(no: Refused) -> int:
    return 422 if isinstance(no, BadInput) else no.status


def _back(slug: str, item: Item) -> HttpResponse:
    return redirect(f"{reverse('form', args=[slug])}#item-{item.pk}")


urlpatterns: list[URLPattern] = [
    path("r/<slug:slug>/form/", form, name="form"),
    path("r/<slug:slug>/form/draft/", form_draft, name="form_draft"),
    path("r/<slug:slug>/form/publish/", form_publish, name="form_publish"),
    path("r/<slug:slug>/form/items/add/", form_item_add, name="form_item_add"),
    path("r/<slug:slug>/form/items/<int:pk>/change/", form_item_change, name="form_item_change"),
    path("r/<slug:slug>/form/items/<int:pk>/remove/", form_item_remove, name="form_item_remove"),
    path("r/<slug:slug>/form/items/<int:pk>/move/", form_item_move, name="form_item_move"),
]
