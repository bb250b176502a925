"""The trail as a page, a record's own story, the state of the chain, and the list of exports."""

from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from extraction.export import SHAPES
from reviews import audit, export, exporting
from reviews.flow_files import TYPES
from reviews.forms.trail import TrailForm, position
from reviews.models import Membership, Record, Review, TrailHead
from reviews.pages import page
from reviews.permissions import membership_or_404
from reviews.trail_reading import Filters, read

VERIFIED_AT_ONCE = 5000  # longer chains are verified when somebody asks: about 10 ms per 100 events
FORMS = {"csv": "text/csv", "json": "application/json", "ris": "application/x-research-info-systems"}


@dataclass(frozen=True)
class Chain:
    """The state of a review's chain as a page tells it; `verified` says whether it was looked at link by link."""

    events: int
    head: str
    verified: bool
    broken_at: int = 0
    why: str = ""


def chain_of(review: Review, *, at_most: int = VERIFIED_AT_ONCE, anyway: bool = False) -> Chain:
    """How the chain stands; verified only up to `at_most` events, or `anyway`."""
    head = TrailHead.objects.filter(review=review).first()
    length = head.length if head else 0
    if length > at_most and not anyway:
        return Chain(length, head.hash if head else audit.GENESIS, verified=False)
    found = audit.verify(review)
    return Chain(found.events, found.head, True, found.broken_at, found.why)


@require_safe
@never_cache
def trail(request: HttpRequest, slug: str) -> HttpResponse:
    """The trail, newest first, a hundred at a time; sealed where this person may not look yet."""
    membership = membership_or_404(request.user, slug, may="read")
    form = TrailForm(membership.review, request.GET or None)
    filters = form.filters()
    reading = read(
        membership,
        filters,
        before=position(request.GET.get("before")),
        after=position(request.GET.get("after")),
    )
    chain = chain_of(membership.review, anyway="verify" in request.GET)
    context: dict[str, Any] = {"form": form, "reading": reading, "chain": chain, "filtered": bool(filters)}
    return page(request, "reviews/trail.html", membership, **context)


@require_safe
@never_cache
def trail_verify(request: HttpRequest, slug: str) -> HttpResponse:
    """The chain's state alone, verified link by link: what the button of a long trail asks for."""
    membership = membership_or_404(request.user, slug, may="read")
    chain = chain_of(membership.review, anyway=True)
    return page(request, "reviews/_chain.html", membership, chain=chain)


@require_safe
@never_cache
def record_trail(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """What happened to one record, as far as this person may know it."""
    membership = membership_or_404(request.user, slug, may="read")
    record = get_object_or_404(
        Record.objects.select_related("search"), review=membership.review, number=number
    )
    reading = read(
        membership,
        Filters(number=number),
        before=position(request.GET.get("before")),
        after=position(request.GET.get("after")),
    )
    # An application of rules is one event about many records, so a record's story tells of it from its rows.
    ruled = record.removals.filter(rule__isnull=False).select_related("rule", "by").order_by("-pk")
    context: dict[str, Any] = {"record": record, "reading": reading, "ruled": ruled, "nav": "records"}
    return page(request, "reviews/record_trail.html", membership, **context)


@require_safe
@never_cache
def exports(request: HttpRequest, slug: str) -> HttpResponse:
    """What can be taken out of the review, and what is in each file."""
    membership = membership_or_404(request.user, slug, may="export")
    kinds = [{"key": key, "kind": kind, "forms": kind.forms} for key, kind in export.KINDS.items()]
    return page(
        request,
        "reviews/export.html",
        membership,
        kinds=kinds,
        flow_forms=list(TYPES),
        shapes=SHAPES,
        nav="prisma",
    )


@require_safe
@never_cache
def export_file(request: HttpRequest, slug: str, kind: str, form: str) -> StreamingHttpResponse:
    """One export as a file."""
    return export_answer(membership_or_404(request.user, slug, may="export"), kind, form)


def export_answer(membership: Membership, kind: str, form: str) -> StreamingHttpResponse:
    """The file itself, in pieces. It leaves a line in the trail before the first row goes out."""
    if kind not in export.KINDS or form not in export.KINDS[kind].forms:
        raise Http404("There is no such export.")
    review = membership.review
    exporting.log_export(
        review=review, by=membership.user, what=kind, form=form, rows=export.rows(review, kind).count()
    )
    answer = StreamingHttpResponse(
        export.streamed(review, kind, form), content_type=f"{FORMS[form]}; charset=utf-8"
    )
    answer["Content-Disposition"] = f'attachment; filename="{review.slug}-{kind}.{form}"'
    return answer


urlpatterns: list[URLPattern] = [
    path("r/<slug:slug>/trail/", trail, name="trail"),
    path("r/<slug:slug>/trail/verify/", trail_verify, name="trail_verify"),
    path("r/<slug:slug>/records/<int:number>/trail/", record_trail, name="record_trail"),
    path("r/<slug:slug>/export/", exports, name="export"),
    path("r/<slug:slug>/export/<slug:kind>.<slug:form>", export_file, name="export_file"),
]
