"""Bringing decisions along from another tool: whose is each name, what would happen, doing it, undoing it."""

from typing import Any

from django.contrib import messages
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from reviews.forms.records import WhyForm
from reviews.models import Membership, Search
from reviews.pages import page
from reviews.permissions import membership_or_404
from reviews.refusals import Refused
from screening import moving
from screening.carried_plan import LEFT, Plan, foresee, offer
from screening.criteria import criteria_in_force
from screening.forms.moving import BringForm
from screening.models import Bringing, Stage
from screening.models.protocol import SCREENING_STAGES
from screening.pilot_seats import screeners


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def bring_decisions(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """GET ?stage=: the form. POST with `look`: what would happen; with `bring`: do it."""
    membership = membership_or_404(request.user, slug, may="bring")
    search = _search(membership, pk)
    form = _form(request, membership, search)
    if request.method != "POST":
        return _show(request, membership, search, form)
    if not form.is_valid():
        return _show(request, membership, search, form, status=422)
    try:
        wish = form.wish()
        moving.check_wish(wish)
        if "bring" not in request.POST:
            return _show(request, membership, search, form, plan=foresee(wish), sent=_sent(request))
        brought = moving.bring(wish=wish, by=membership.user)
    except Refused as no:
        return _show(request, membership, search, form, status=no.status, refusal=no)
    messages.success(request, in_words(brought.plan))
    return redirect("search", slug, pk)


def in_words(plan: Plan) -> str:
    """What was done, in a sentence or two."""
    parts = [
        f"{n:,} {what}"
        for n, what in ((plan.settled, "settled"), (plan.conflicts, "in conflict"), (plan.waiting, "waiting"))
        if n
    ]
    s = "" if plan.decisions == 1 else "s"
    return f"{plan.decisions:,} decision{s} brought along. Records: {', '.join(parts)}."


@require_POST
def bringing_undo(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Undo a bringing along, with a reason."""
    membership = membership_or_404(request.user, slug, may="bring")
    bringing = get_object_or_404(
        Bringing.objects.select_related("search"), pk=pk, search__review=membership.review
    )
    search = _search(membership, bringing.search_id)
    form = _form(request, membership, search, unbound=True)
    why = WhyForm(request.POST)
    if not why.is_valid():
        return _show(request, membership, search, form, status=422, why_form=why)
    try:
        undone = moving.send_back(bringing=bringing, by=membership.user, reason=why.cleaned_data["reason"])
    except Refused as no:
        return _show(request, membership, search, form, status=no.status, refusal=no)
    said = f"{undone.withdrawn:,} decision{'' if undone.withdrawn == 1 else 's'} withdrawn. Votes made here stay."
    if undone.kept:
        said += (
            f" {undone.kept:,} stay too: people have settled their conflict, or judged at full text, since."
        )
    messages.success(request, said)
    return redirect("bring_decisions", slug, bringing.search_id)


def _search(membership: Membership, pk: int) -> Search:
    return get_object_or_404(Search.objects.select_related("review"), review=membership.review, pk=pk)


def _form(
    request: HttpRequest, membership: Membership, search: Search, *, unbound: bool = False
) -> BringForm:
    """The form for the stage asked for; 404 where the file carries nothing."""
    found = offer(search)
    if found is None:
        raise Http404("This file carries nothing from another tool.")
    sent = None if unbound or request.method != "POST" else request.POST
    asked = (request.POST if sent else request.GET).get("stage", "")
    stage = asked if asked in SCREENING_STAGES else Stage.TITLE_ABSTRACT
    return BringForm(
        sent,
        search=search,
        offer=found,
        stage=stage,
        members=list(screeners(membership.review)),
        criteria=criteria_in_force(membership.review, stage),
    )


def _sent(request: HttpRequest) -> list[tuple[str, str]]:
    """What was looked at, to be sent again unchanged with the word to do it."""
    skipped = ("csrfmiddlewaretoken", "look")
    return [(name, str(value)) for name, value in request.POST.items() if name not in skipped]


def _show(
    request: HttpRequest, membership: Membership, search: Search, form: BringForm, **context: Any
) -> HttpResponse:
    status = context.pop("status", 200)
    plan: Plan | None = context.get("plan")
    bringings = search.bringings.select_related("by", "undone_by").order_by("-pk")
    shared: dict[str, Any] = {
        "search": search,
        "form": form,
        "offer": form.offer,
        "stage": form.at,
        "stages": SCREENING_STAGES,
        "left": [(n, LEFT[why]) for why, n in plan.left_out.items()] if plan else [],
        "bringings": bringings.annotate(
            live=Count("decisions", filter=Q(decisions__withdrawn_at__isnull=True))
        ),
        "why_form": WhyForm(),
        "nav": "searches",
    }
    return page(request, "screening/bring.html", membership, status=status, **(shared | context))


urlpatterns: list[URLPattern] = [
    path("r/<slug:slug>/searches/<int:pk>/decisions/", bring_decisions, name="bring_decisions"),
    path("r/<slug:slug>/bringings/<int:pk>/undo/", bringing_undo, name="bringing_undo"),
]
