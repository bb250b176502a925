"""What was judged under an older version of the criteria, and putting it up for screening again."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from reviews.models import Membership, Record
from reviews.pages import page
from reviews.permissions import membership_or_404
from reviews.refusals import Refused
from screening import rescreening as verbs
from screening.criteria import current_version
from screening.forms.pilots import numbers_in
from screening.models import Sample, Stage

from .pilots import rounds_of
from .screen import known_stage

LIST_PAGE = 100


@require_safe
@never_cache
def screen_again(request: HttpRequest, slug: str, stage: str) -> HttpResponse:
    """Settled and disputed records judged under an older version; `?pilot=` for one round."""
    membership = membership_or_404(request.user, slug, may="read")
    known_stage(stage)
    return _listed(request, membership, stage, request.GET.get("pilot", ""))


@require_POST
@never_cache
def put_up_again(request: HttpRequest, slug: str, stage: str) -> HttpResponse:
    """Put the records ticked up for screening again."""
    membership = membership_or_404(request.user, slug, may="protocol")
    known_stage(stage)
    typed, pilot = request.POST.get("reason", ""), request.POST.get("pilot", "")
    wanted = numbers_in(request.POST.getlist("record"))
    records = Record.objects.filter(review=membership.review, number__in=wanted)
    try:
        done = verbs.put_up_again(records=records, stage=stage, by=membership.user, reason=typed)
    except Refused as no:
        context = {"refusal": no, "typed": typed, "ticked": wanted}
        return _listed(request, membership, stage, pilot, status=no.status, **context)
    n = len(done.done)
    messages.success(request, f"{n} record{'' if n == 1 else 's'} put up for screening again.")
    for _, why in done.left:
        messages.warning(request, f"Left as it is: {why}")
    return redirect(reverse("screen_again", args=[slug, stage]) + (f"?pilot={pilot}" if pilot else ""))


def _listed(
    request: HttpRequest,
    membership: Membership,
    stage: str,
    wanted: str,
    *,
    status: int = 200,
    **context: Any,
) -> HttpResponse:
    pilot: Sample | None = None
    if wanted:
        pk = int(wanted) if wanted.isdecimal() and len(wanted) < 19 else 0
        pilot = get_object_or_404(rounds_of(membership), pk=pk, stage=stage)
    found = verbs.affected(membership.review, stage, pilot)
    listed = Paginator(found, LIST_PAGE).get_page(request.GET.get("page"))
    shared: dict[str, Any] = {
        "stage": stage,
        "stage_name": Stage(stage).label,
        "pilot": pilot,
        "version": current_version(membership.review, stage),
        "page": listed,
        "refusal": None,
        "typed": "",
        "ticked": [],
    }
    return page(
        request, "screening/screen_again.html", membership, status=status, nav="criteria", **shared | context
    )


urlpatterns: list[URLPattern] = [
    path("r/<slug:slug>/screen-again/<slug:stage>/", screen_again, name="screen_again"),
    path("r/<slug:slug>/screen-again/<slug:stage>/put-up/", put_up_again, name="put_up_again"),
]
