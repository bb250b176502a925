"""Duplicates: the likely pairs one after the other, and every link with its undo."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_POST, require_safe

from reviews import dedup, jobs
from reviews.differences import Piece, marked
from reviews.models import DuplicatePair, Job, Membership, Record, Review
from reviews.pages import page
from reviews.permissions import membership_or_404
from reviews.refusals import BadInput, Refused
from workers.tasks import queue_job_on_commit

LINKS_A_PAGE = 25
DIFFERENT_SHOWN = 20
_ROWS = ("authors", "year", "journal", "volume", "issue", "pages", "doi", "pmid", "registry_ids")
_NAMES = {"doi": "DOI", "pmid": "PMID", "registry_ids": "Register"}


@dataclass(frozen=True)
class Side:
    """One record of a pair, with the words marked that the other has otherwise."""

    record: Record
    title: list[Piece]
    abstract: list[Piece]
    rows: list[tuple[str, list[Piece]]]


def sides_of(pair: DuplicatePair) -> tuple[Side, Side]:
    """Both records of a pair, ready to be set side by side."""
    titles = marked(pair.a.title, pair.b.title)
    abstracts = marked(pair.a.abstract, pair.b.abstract)
    rows: tuple[list[tuple[str, list[Piece]]], ...] = ([], [])
    for name in _ROWS:
        told = [_as_text(getattr(record, name)) for record in (pair.a, pair.b)]
        for side, pieces in zip(rows, marked(*told), strict=True):
            if any(told):
                side.append((_NAMES.get(name, name.capitalize()), pieces))
    return (
        Side(pair.a, titles[0], abstracts[0], rows[0]),
        Side(pair.b, titles[1], abstracts[1], rows[1]),
    )


def _as_text(value: Any) -> str:
    if isinstance(value, list):
        return "; ".join(map(str, value))
    return "" if value is None else str(value)


def _next_pair(review: Review, params: dict[str, str]) -> tuple[DuplicatePair | None, int]:
    """The pair to show, and how many wait: the one asked for, else the one after `after`, else the first."""
    waiting = dedup.waiting_pairs(review)
    with_records = ("a__search", "b__search", "decided_by")
    if (asked := params.get("pair", "")).isdigit():
        pair = (
            DuplicatePair.objects.filter(review=review, pk=int(asked[:18]))
            .select_related(*with_records)
            .first()
        )
        if pair:
            return pair, waiting.count()
    queue = waiting.select_related(*with_records)
    if (after := params.get("after", "")).isdigit():
        last = DuplicatePair.objects.filter(review=review, pk=int(after[:18])).first()
        if last:
            later = Q(score__lt=last.score) | Q(score=last.score, pk__gt=last.pk)
            if pair := queue.filter(later).first():
                return pair, waiting.count()
    return queue.first(), waiting.count()


def linked_records(review: Review) -> QuerySet[Record]:
    """Every record that is linked to another and was found by a search that counts, the latest first."""
    return (
        Record.objects.filter(review=review, duplicate_of__isnull=False)
        .found()
        .select_related("search", "duplicate_of__search")
        .defer("raw", "abstract", "duplicate_of__raw", "duplicate_of__abstract")
        .order_by("-number")
    )


def _reasons(rows: list[Record]) -> dict[int, DuplicatePair]:
    """Why each of these linked records is linked: its best pair that says so."""
    keys = [record.pk for record in rows]
    pairs = (
        DuplicatePair.objects.filter(Q(a__in=keys) | Q(b__in=keys), verdict=DuplicatePair.Verdict.SAME)
        .select_related("decided_by")
        .order_by("score")
    )
    return {key: pair for pair in pairs for key in (pair.a_id, pair.b_id)}


@require_safe
def duplicates(request: HttpRequest, slug: str) -> HttpResponse:
    """The pair that is most likely the same, the links there are, and the pairs judged different."""
    membership = membership_or_404(request.user, slug, may="read")
    review = membership.review
    pair, waiting = _next_pair(review, request.GET.dict())
    links = Paginator(linked_records(review), LINKS_A_PAGE).get_page(request.GET.get("page"))
    rows = list(links.object_list)
    reasons = _reasons(rows)
    different = DuplicatePair.objects.filter(review=review, verdict=DuplicatePair.Verdict.DIFFERENT)
    return page(
        request,
        "reviews/duplicates.html",
        membership,
        pair=pair,
        sides=sides_of(pair) if pair else (),
        waiting=waiting,
        links=links,
        linked=[(record, reasons.get(record.pk)) for record in rows],
        different=different.select_related("a", "b", "decided_by").order_by("-decided_at")[:DIFFERENT_SHOWN],
        different_count=different.count(),
    )


@require_POST
def duplicates_find(request: HttpRequest, slug: str) -> HttpResponse:
    """Start looking through all records again."""
    membership = membership_or_404(request.user, slug, may="dedup")
    job = jobs.start_unless_waiting(review=membership.review, kind=Job.Kind.DUPLICATES, by=membership.user)
    queue_job_on_commit(job.pk)
    return redirect("job", slug, job.pk)


@require_POST
def duplicate_judge(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Say of a pair that it is the same or not, and go on to the next."""
    membership = membership_or_404(request.user, slug, may="dedup")
    pair = get_object_or_404(DuplicatePair, pk=pk, review=membership.review)
    try:
        same = {"same": True, "different": False}.get(request.POST.get("verdict", ""))
        if same is None:
            raise BadInput("Neither “same” nor “different” was said.", mend="Press one of the two buttons.")
        judged = dedup.judge_pair(pair=pair, by=membership.user, same=same)
    except Refused as no:
        messages.error(request, " ".join(filter(None, (no.what, no.kept, no.mend))))
        return redirect(reverse("duplicates", args=[slug]) + f"?pair={pk}")
    messages.success(request, _in_words(judged, membership))
    return redirect(reverse("duplicates", args=[slug]) + f"?after={pk}")


def _in_words(pair: DuplicatePair, membership: Membership) -> str:
    records = Record.objects.filter(review=membership.review, pk__in=[pair.a_id, pair.b_id])
    numbers = " and ".join(
        f"#{number}" for number in records.order_by("number").values_list("number", flat=True)
    )
    if pair.verdict == DuplicatePair.Verdict.SAME:
        return f"{numbers} are linked. The link stands in the list below and can be undone."
    return f"{numbers} are different. You find the pair below under “judged different”."


urlpatterns: list[URLPattern] = [
    path("r/<slug:slug>/duplicates/", duplicates, name="duplicates"),
    path("r/<slug:slug>/duplicates/find/", duplicates_find, name="duplicates_find"),
    path("r/<slug:slug>/duplicates/<int:pk>/judge/", duplicate_judge, name="duplicate_judge"),
]
