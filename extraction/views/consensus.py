"""Consensus: the sheets of a study side by side, differences first, each settled with a reason."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from extraction import consensus as verbs
from extraction import visibility
from extraction.forms.values import Typed, typed_in, value_in
from extraction.models import ConsensusValue, Form, Item, State, Value
from extraction.side_by_side import board
from reviews.models import Membership, Study
from reviews.pages import page
from reviews.permissions import membership_or_404
from reviews.refusals import BadInput, Refused

from .sheets import study_and_form


@require_safe
@never_cache
def consensus(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """What each took down, what is agreed; `?version=` shows an earlier form's. Closed until it may be seen."""
    membership = membership_or_404(request.user, slug, may="read")
    study, form = study_and_form(membership, pk)
    if (version := request.GET.get("version", "")).isdecimal() and len(version) < 6:
        form = get_object_or_404(
            Form, review=membership.review, version=int(version), published_at__isnull=False
        )
    return _consensus(request, membership, study, form)


def _consensus(
    request: HttpRequest,
    membership: Membership,
    study: Study,
    form: Form,
    *,
    status: int = 200,
    **context: Any,
) -> HttpResponse:
    shown = board(membership.user, study, form)
    shared = {"typed": Typed(), "failed": None, "sent": {}} | context
    if shown is None or shared["failed"] not in {row.item.pk for row in shown.to_settle}:
        shared["failed"] = None  # no form of its own stands on the page any more: say it at the top
    return page(
        request,
        "extraction/consensus.html",
        membership,
        status=status,
        nav="extraction",
        study=study,
        form=form,
        board=shown,
        **shared,
    )


@require_POST
@never_cache
def consensus_settle(request: HttpRequest, slug: str, pk: int, item_pk: int) -> HttpResponse:
    """Settle one item: `take` is the id of a value that was taken down, `third` or `not_reported`."""
    membership = membership_or_404(request.user, slug, may="consensus")
    study, _form = study_and_form(membership, pk)
    item = get_object_or_404(Item.objects.select_related("form"), pk=item_pk, form__review=membership.review)
    typed = typed_in(request.POST)
    try:
        if not visibility.sees_sheets(membership.user, study, item.form):
            raise Refused("You may not see these sheets yet.", mend="Hand in your own sheet first.")
        _settle(request, membership, study, item, typed)
    except Refused as no:
        return _consensus(
            request,
            membership,
            study,
            item.form,
            status=422 if isinstance(no, BadInput) else no.status,
            refusal=no,
            typed=typed,
            failed=item.pk,
            sent={"take": request.POST.get("take", ""), "reason": request.POST.get("reason", "")},
        )
    return redirect(f"{reverse('consensus', args=[slug, study.pk])}#settle")


def _settle(
    request: HttpRequest, membership: Membership, study: Study, item: Item, typed: Typed
) -> ConsensusValue:
    take, reason = request.POST.get("take", ""), request.POST.get("reason", "")
    by = membership.user
    if take == "not_reported":
        return verbs.write(study=study, item=item, by=by, state=State.NOT_REPORTED, value=None, reason=reason)
    if take == "third":
        value = value_in(item, typed)
        return verbs.write(
            study=study, item=item, by=by, state=State.GIVEN, value=value, quote=typed.quote, reason=reason
        )
    if not take.isdecimal() or len(take) > 18:
        raise BadInput("Nothing was chosen.", mend="Choose one of the values, or write a third.")
    chosen = get_object_or_404(
        Value.objects.select_related("sheet"), pk=int(take), item=item, sheet__study=study
    )
    return verbs.choose(study=study, item=item, by=by, value=chosen, reason=reason)


@require_POST
@never_cache
def consensus_reopen(request: HttpRequest, slug: str, pk: int, value_pk: int) -> HttpResponse:
    """Open an agreed value again, with a reason; it stays in the table."""
    membership = membership_or_404(request.user, slug, may="consensus")
    study, _form = study_and_form(membership, pk)
    agreed = get_object_or_404(
        ConsensusValue.objects.select_related("item__form", "study"), pk=value_pk, study=study
    )
    form = agreed.item.form
    try:
        if not visibility.sees_sheets(membership.user, study, form):
            raise Refused("You may not see these sheets yet.", mend="Hand in your own sheet first.")
        verbs.reopen(consensus=agreed, by=membership.user, reason=request.POST.get("reason", ""))
    except Refused as no:
        status = 422 if isinstance(no, BadInput) else no.status
        return _consensus(request, membership, study, form, status=status, refusal=no)
    return redirect(f"{reverse('consensus', args=[slug, study.pk])}#settle")


urlpatterns: list[URLPattern] = [
    path("r/<slug:slug>/extraction/<int:pk>/consensus/", consensus, name="consensus"),
    path(
        "r/<slug:slug>/extraction/<int:pk>/consensus/<int:item_pk>/",
        consensus_settle,
        name="consensus_settle",
    ),
    path(
        "r/<slug:slug>/extraction/<int:pk>/consensus/values/<int:value_pk>/reopen/",
        consensus_reopen,
        name="consensus_reopen",
    ),
]
