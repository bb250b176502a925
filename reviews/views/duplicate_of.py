"""Marking a record as a duplicate of another: the dialog of the screening room and of a record's page.

It only finds and compares, as a page of its own where no script runs; linking is done by record_link, or, from the
screening room, by screening/views/duplicate.py.
"""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from reviews.likely_originals import likely_originals, removals_of, would_stay
from reviews.models import Membership, Record
from reviews.pages import page
from reviews.permissions import allows, membership_or_404
from reviews.record_search import LARGEST_NUMBER, number_in
from reviews.side_by_side import side_by_side
from screening.models.protocol import SCREENING_STAGES

MOST_WORDS = 300  # characters typed


@require_safe
@never_cache
def record_duplicate_of(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """Records it may be a duplicate of (?q= narrows them down), or, with ?original=, the two beside each other.

    ?stage= says that one comes from the screening room and goes on there.
    """
    membership = membership_or_404(request.user, slug, may="dedup")
    record = _record(membership, number)
    words = request.GET.get("q", "")[:MOST_WORDS]
    stage = request.GET.get("stage", "")
    if stage not in SCREENING_STAGES or not allows(membership, "screen"):
        stage = ""
    context: dict[str, Any] = {"record": record, "words": words, "stage": stage, "nav": "records"}
    wanted = number_in(request.GET.get("original", ""))
    if wanted is not None:
        context |= _compared(record, _record(membership, wanted))
    if context.get("original") is None:
        found = likely_originals(record, words)
        removed = removals_of(likely.stays for likely in found)
        context["candidates"] = [(likely, removed.get(likely.stays.pk)) for likely in found]
    context["action"] = _action(membership, record, stage)
    partial = request.htmx and not request.htmx.history_restore_request  # type: ignore[attr-defined]
    template = "reviews/_duplicate_of.html" if partial else "reviews/duplicate_of.html"
    return page(request, template, membership, partial=partial, **context)


def _record(membership: Membership, number: int) -> Record:
    records = Record.objects.select_related("search", "duplicate_of__search").defer(
        "raw", "duplicate_of__raw"
    )
    wanted = number if number <= LARGEST_NUMBER else 0
    return get_object_or_404(records, review=membership.review, number=wanted)


def _compared(record: Record, original: Record) -> dict[str, Any]:
    """Both records, and which would stay; nothing where they cannot be linked because they are one group."""
    if (record.duplicate_of_id or record.pk) == (original.duplicate_of_id or original.pk):
        return {"original": None, "together": original}
    stays = would_stay(record, original)
    root = original.duplicate_of or original
    return {
        "original": original,
        "root": root,
        "stays": stays,
        "sides": [record, original],
        "rows": side_by_side(record, original),
        "removal": removals_of([root]).get(root.pk),
    }


def _action(membership: Membership, record: Record, stage: str) -> str:
    if stage:
        return reverse("screen_duplicate", args=[membership.review.slug, stage])
    return reverse("record_link", args=[membership.review.slug, record.number])


urlpatterns: list[URLPattern] = [
    path("r/<slug:slug>/records/<int:number>/duplicate-of/", record_duplicate_of, name="record_duplicate_of"),
]
