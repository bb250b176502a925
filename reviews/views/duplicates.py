"""Duplicates: the likely pairs one after the other, the groups there are with an undo for every link, what differs."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_POST, require_safe

from reviews import dedup, jobs
from reviews.duplicate_queue import judged_different, place
from reviews.linked_groups import group_of, groups_of, linked_count, roots_with_duplicates
from reviews.models import DuplicatePair, Job, Membership, Record
from reviews.pages import page
from reviews.permissions import membership_or_404
from reviews.record_search import matching
from reviews.refusals import BadInput, Refused
from reviews.side_by_side import side_by_side
from workers.tasks import queue_job_on_commit

GROUPS_A_PAGE = 20
DIFFERENT_A_PAGE = 25


@require_safe
def duplicates(request: HttpRequest, slug: str) -> HttpResponse:
    """The pair that is most likely the same, or the one called ?pair=, or the one after ?after=."""
    membership = membership_or_404(request.user, slug, may="read")
    return _queue(
        request, membership, pair=_key(request.GET.get("pair")), after=_key(request.GET.get("after"))
    )


def _key(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else None


def _queue(
    request: HttpRequest,
    membership: Membership,
    *,
    pair: int | None = None,
    after: int | None = None,
    status: int = 200,
    **context: Any,
) -> HttpResponse:
    """The page, or for htmx the part of it that changes from pair to pair."""
    here = place(membership.review, pair=pair, after=after)
    shown = here.pair
    if shown is not None:
        groups = [group_of(shown.a), group_of(shown.b)]
        together = groups[0].root.pk == groups[1].root.pk
        context |= {
            "rows": side_by_side(shown.a, shown.b),
            "sides": [shown.a, shown.b],
            "groups": groups,
            "together": together,
            "in_all": 0 if together else sum(len(group.numbers) for group in groups),
        }
    context |= _counts(membership)
    partial = request.htmx and not request.htmx.history_restore_request  # type: ignore[attr-defined]
    template = "reviews/_pair_room.html" if partial else "reviews/duplicates.html"
    return page(
        request, template, membership, status=status, place=here, pair=shown, partial=partial, **context
    )


def _counts(membership: Membership) -> dict[str, Any]:
    """What the links between the three pages say."""
    return {
        "nav": "duplicates",
        "waiting_count": dedup.waiting_pairs(membership.review).count(),
        "linked_count": linked_count(membership.review),
        "different_count": judged_different(membership.review).count(),
    }


@require_safe
def duplicates_groups(request: HttpRequest, slug: str) -> HttpResponse:
    """Every group: the record that stays, what is linked to it, who or which rule linked it, an undo for each."""
    membership = membership_or_404(request.user, slug, may="read")
    roots = roots_with_duplicates(membership.review)
    asked = request.GET.get("q", "")
    if asked.strip():
        found = matching(Record.objects.filter(review=membership.review), asked)
        roots = roots.filter(pk__in=found.values(root=Coalesce("duplicate_of", "pk")))
    shown = Paginator(roots, GROUPS_A_PAGE).get_page(request.GET.get("page"))
    groups = groups_of(shown.object_list)
    return page(
        request,
        "reviews/duplicates_groups.html",
        membership,
        page=shown,
        groups=[groups[root.pk] for root in shown.object_list],
        asked=asked,
        **_counts(membership),
    )


@require_safe
def duplicates_different(request: HttpRequest, slug: str) -> HttpResponse:
    """Pairs that people judged different, the latest first; each can be looked at and judged again."""
    membership = membership_or_404(request.user, slug, may="read")
    pairs = Paginator(judged_different(membership.review), DIFFERENT_A_PAGE)
    return page(
        request,
        "reviews/duplicates_different.html",
        membership,
        page=pairs.get_page(request.GET.get("page")),
        **_counts(membership),
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
    before = pair.verdict
    try:
        same = {"same": True, "different": False}.get(request.POST.get("verdict", ""))
        if same is None:
            raise BadInput("Neither “same” nor “different” was said.", mend="Press one of the two buttons.")
        judged = dedup.judge_pair(pair=pair, by=membership.user, same=same)
    except Refused as no:
        return _refused(request, membership, pk, no)
    return _go_on(request, membership, after=pk, words=_in_words(judged), undo=pk, undo_to=before)


@require_POST
def duplicate_take_back(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Take back what was said of a pair, and show it again."""
    membership = membership_or_404(request.user, slug, may="dedup")
    pair = get_object_or_404(DuplicatePair.objects.select_related("a", "b"), pk=pk, review=membership.review)
    names = f"#{pair.a.number} and #{pair.b.number}"
    try:
        together = dedup.take_back(pair=pair, by=membership.user)
    except Refused as no:
        return _refused(request, membership, pk, no)
    words = f"Taken back: {names} are a question again."
    if together:
        words = f"Taken back. {names} are still in one group: other links hold it together."
    return _go_on(request, membership, pair=pk, words=words)


def _go_on(request: HttpRequest, membership: Membership, *, words: str, **where: Any) -> HttpResponse:
    """To the next pair, or to the one named: the room itself for htmx, a redirect without it."""
    address = reverse("duplicates", args=[membership.review.slug])
    key, value = ("pair", where["pair"]) if "pair" in where else ("after", where["after"])
    if not request.htmx:  # type: ignore[attr-defined]
        messages.success(request, words)
        return redirect(f"{address}?{key}={value}")
    answer = _queue(request, membership, said=words, **where)
    answer["HX-Replace-Url"] = f"{address}?{key}={value}"
    return answer


def _refused(request: HttpRequest, membership: Membership, pk: int, no: Refused) -> HttpResponse:
    if request.htmx:  # type: ignore[attr-defined]
        return _queue(request, membership, pair=pk, refusal=no, status=422)
    messages.error(request, " ".join(filter(None, (no.what, no.kept, no.mend))))
    return redirect(reverse("duplicates", args=[membership.review.slug]) + f"?pair={pk}")


def _in_words(pair: DuplicatePair) -> str:
    a, b = (Record.objects.only("number", "duplicate_of").get(pk=key) for key in (pair.a_id, pair.b_id))
    if pair.verdict == DuplicatePair.Verdict.SAME:
        stays = a.duplicate_of or a
        return f"#{a.number} and #{b.number} are linked; #{stays.number} stays."
    return f"#{a.number} and #{b.number} are different."


urlpatterns: list[URLPattern] = [
    path("r/<slug:slug>/duplicates/", duplicates, name="duplicates"),
    path("r/<slug:slug>/duplicates/groups/", duplicates_groups, name="duplicates_groups"),
    path("r/<slug:slug>/duplicates/different/", duplicates_different, name="duplicates_different"),
    path("r/<slug:slug>/duplicates/find/", duplicates_find, name="duplicates_find"),
    path("r/<slug:slug>/duplicates/<int:pk>/judge/", duplicate_judge, name="duplicate_judge"),
    path("r/<slug:slug>/duplicates/<int:pk>/take-back/", duplicate_take_back, name="duplicate_take_back"),
]
