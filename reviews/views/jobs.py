"""Long work under way: how far it is, cancelling it, and where to go when it has ended."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect

from reviews import audit, importing
from reviews import jobs as verbs
from reviews.models import Job, Membership, Review
from reviews.pages import page
from reviews.permissions import membership_or_404
from reviews.refusals import Refused

from .rules import in_words as rules_in_words

FAILED_SHOWN = timedelta(days=3)  # how long a failed import stands on the page of the searches
NO_WORKER = timedelta(seconds=30)  # waited for so long, it is said that a worker may be missing


def in_words(job: Job) -> str:
    """What came of a finished job, in a sentence or two."""
    return RESULTS[job.kind](job.result)


def _imported(result: dict[str, Any]) -> str:
    said = f"{_count(result['found'], 'record')} imported."
    if result["linked"]:
        said += f" {_count(result['linked'], 'duplicate')} linked: each link can be undone."
    if result["queued"]:
        said += f" {_count(result['queued'], 'likely pair')} to look at under Duplicates."
    if result["problems"]:
        said += f" {_count(result['problems'], 'problem')} noted below."
    return said


def _sought(result: dict[str, Any]) -> str:
    return (
        f"{result['compared']:,} pairs compared: {result['linked']:,} newly linked, {result['queued']:,} newly to "
        "look at. What people decided was left as it is."
    )


def _count(n: int, noun: str) -> str:
    return f"{n:,} {noun}{'' if n == 1 else 's'}"


def _applied(result: dict[str, Any]) -> str:
    return rules_in_words(result["removed"], result["records"])


RESULTS: dict[str, Callable[[dict[str, Any]], str]] = {
    Job.Kind.IMPORT: _imported,
    Job.Kind.DUPLICATES: _sought,
    Job.Kind.RULES: _applied,
}
# The page of the review that each kind belongs to; an import belongs to the searches.
ROOMS: dict[str, str] = {Job.Kind.DUPLICATES: "duplicates", Job.Kind.RULES: "rules"}
TITLES: dict[str, str] = {
    Job.Kind.DUPLICATES: "Looking for duplicates",
    Job.Kind.RULES: "Applying the rules before screening",
}


def home_of(job: Job) -> str:
    """The page that shows what came of a finished job."""
    slug = job.review.slug
    if job.search_id:
        return reverse("search", args=[slug, job.search_id])
    if application := job.result.get("application"):
        return reverse("rule_application", args=[slug, application])
    return reverse(ROOMS.get(job.kind, "searches"), args=[slug])


def title_of(job: Job) -> str:
    """What it is about, in words."""
    if job.kind == Job.Kind.IMPORT:
        return f"Importing {job.argument('source', '')}".strip()
    return TITLES.get(job.kind, job.name)


def imports_shown(review: Review) -> QuerySet[Job]:
    """Imports that are not among the searches: under way, waiting for somebody, or failed of late."""
    lately = Q(failed_at__gte=audit.now() - FAILED_SHOWN, search__isnull=True)
    still = Q(failed_at__isnull=True, finished_at__isnull=True, cancelled_at__isnull=True)
    return Job.objects.filter(lately | still, review=review, kind=Job.Kind.IMPORT).order_by("-pk")


@require_safe
@never_cache
def job(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """One job: how far it is. When it has come to its end, on to what came of it."""
    membership = membership_or_404(request.user, slug, may="read")
    shown = _job_or_404(membership, pk)
    htmx = bool(request.htmx)  # type: ignore[attr-defined]
    if shown.finished_at and htmx:
        return HttpResponseClientRedirect(reverse("job", args=[slug, pk]))
    if shown.finished_at:
        messages.success(request, in_words(shown))
        return redirect(home_of(shown))
    return _show(request, membership, shown, template="_job_polled" if htmx else "job")


def _show(
    request: HttpRequest, membership: Membership, shown: Job, *, template: str = "job", **context: Any
) -> HttpResponse:
    status = context.pop("status", 200)
    return page(request, f"reviews/{template}.html", membership, status=status, **_standing(shown) | context)


def _standing(shown: Job) -> dict[str, Any]:
    """How far it is. One query at most."""
    moment = audit.now()
    gone = (moment - shown.phase_at).total_seconds() if shown.phase_at else 0
    waits_for = None
    if shown.state == "waiting":
        waits_for = Job.objects.filter(review=shown.review).exclude(lease="").first()
    return {
        "job": shown,
        "title": title_of(shown),
        "state": shown.state,
        "about": shown.phase == importing.READING,
        "rate": round(shown.done / gone) if gone > 1 and shown.done else None,
        "left": _in_time(shown.seconds_left(moment)),
        "waits_for": title_of(waits_for) if waits_for else "",
        "no_worker": bool(shown.queued_at and not waits_for and moment - shown.queued_at > NO_WORKER),
        "nav": ROOMS.get(shown.kind, "searches"),
    }


def _in_time(seconds: float | None) -> str:
    """A rough length of time in words, "" when it is not known."""
    if seconds is None:
        return ""
    if seconds < 90:
        return f"about {max(1, round(seconds))} s left"
    return f"about {round(seconds / 60)} min left"


@require_POST
def job_cancel(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Stop it; what it had begun is cleared away."""
    membership = membership_or_404(request.user, slug, may="import")
    shown = _job_or_404(membership, pk)
    try:
        verbs.cancel(job=shown)
    except Refused as no:
        shown.refresh_from_db()
        return _show(request, membership, shown, status=no.status, refusal=no)
    return redirect("job", slug, pk)


def _job_or_404(membership: Membership, pk: int) -> Job:
    jobs = Job.objects.select_related("review", "started_by")
    return get_object_or_404(jobs, pk=pk, review=membership.review)


urlpatterns: list[URLPattern] = [
    path("r/<slug:slug>/jobs/<int:pk>/", job, name="job"),
    path("r/<slug:slug>/jobs/<int:pk>/cancel/", job_cancel, name="job_cancel"),
]
