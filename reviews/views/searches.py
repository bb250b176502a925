"""Searches: what was searched, what it brought, adding one, undoing an import."""

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import RequestDataTooBig
from django.core.files.base import ContentFile
from django.core.paginator import Paginator
from django.db.models import Count, IntegerField, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from reviews import dedup, importing, jobs, uploads
from reviews.applying_rules import unchecked
from reviews.arriving import UndoneBefore
from reviews.forms.records import WhyForm
from reviews.forms.searches import SearchForm
from reviews.models import DuplicatePair, ImportProblem, Job, Membership, Review, Search
from reviews.newness import Brought, brought_by_searches
from reviews.pages import page
from reviews.permissions import membership_or_404
from reviews.refusals import Refused
from screening.carried_plan import offer
from screening.visibility import sealed_files
from workers.tasks import queue_job_on_commit

from .jobs import imports_shown, title_of

PROBLEMS_A_PAGE = 50


def searches_shown(review: Review) -> QuerySet[Search]:
    """Every search of a review, undone ones too, with `found` (its records) and `noted` (its problems)."""
    noted = (
        ImportProblem.objects.filter(search=OuterRef("pk"))
        .order_by()
        .values("search")
        .annotate(n=Count("pk"))
    )
    return (
        Search.objects.filter(review=review)
        .select_related("imported_by")
        .annotate(
            found=Count("records"),
            noted=Coalesce(Subquery(noted.values("n")), 0, output_field=IntegerField()),
        )
        .order_by("searched_on", "pk")
    )


def with_what_is_new(review: Review, searches: Iterable[Search]) -> list[Search]:
    """Searches of `searches_shown`, each with `brought`: what was new with it; an undone one brought nothing."""
    brought, shown = brought_by_searches(review), list(searches)
    for each in shown:
        each.brought = brought.get(each.pk)  # type: ignore[attr-defined]
    return shown


@require_safe
def searches(request: HttpRequest, slug: str) -> HttpResponse:
    """The table of searches, and what they add up to."""
    membership = membership_or_404(request.user, slug, may="read")
    rows = with_what_is_new(membership.review, searches_shown(membership.review))
    live = [row.brought for row in rows if row.brought]  # type: ignore[attr-defined]
    total = {name: sum(getattr(each, name) for each in live) for name in ("found", "again", "new")}
    coming = [(job, title_of(job)) for job in imports_shown(membership.review)]
    return page(
        request,
        "reviews/searches.html",
        membership,
        searches=rows,
        total=total,
        coming=coming,
        unchecked=len(unchecked(membership.review)),
    )


@csrf_exempt  # only until the size is known: reading the token would read all of the body (see _search_new)
@require_http_methods(["GET", "HEAD", "POST"])
def search_new(request: HttpRequest, slug: str) -> HttpResponse:
    """Ask about a search, and start the import of its file or text."""
    membership = membership_or_404(request.user, slug, may="import")
    try:
        if not uploads.too_large(request):
            return _search_new(request, membership)
    except RequestDataTooBig:  # a pasted text beyond what Django keeps in memory
        pass
    return page(request, "413.html", membership, status=413)


@csrf_protect
def _search_new(request: HttpRequest, membership: Membership) -> HttpResponse:
    if request.method != "POST":
        return _form(request, membership, SearchForm())
    form = SearchForm(request.POST, request.FILES)
    if not form.is_valid():
        return _form(request, membership, form, status=422)
    fields = dict(form.cleaned_data)
    file, text = fields.pop("file"), fields.pop("text")
    try:
        job = importing.start_import(
            review=membership.review,
            by=membership.user,
            file=file or ContentFile(text.encode("utf-8", "replace"), name="pasted.txt"),
            file_name=file.name if file else "",
            hold_if_guessed=True,
            **fields,
        )
    except UndoneBefore as no:
        return _form(request, membership, form, status=no.status, refusal=no, undone=no.search)
    except Refused as no:
        return _form(request, membership, form, status=no.status, refusal=no)
    if job.state == "held":
        return redirect("job_check", membership.review.slug, job.pk)
    queue_job_on_commit(job.pk)
    return redirect("job", membership.review.slug, job.pk)


def _form(
    request: HttpRequest, membership: Membership, form: SearchForm, *, status: int = 200, **context: Any
) -> HttpResponse:
    """The page of a new search; a browser cannot be given a chosen file back, so the page says so."""
    lost = bool(request.FILES) if request.method == "POST" else False
    return page(
        request,
        "reviews/search_new.html",
        membership,
        status=status,
        nav="searches",
        form=form,
        lost=lost,
        limit_mb=settings.MAX_UPLOAD_MB,
        **context,
    )


def _search(membership: Membership, pk: int) -> Search:
    return get_object_or_404(searches_shown(membership.review), pk=pk)


@require_safe
def search(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """One search: what was asked, what came, what could not be used, and the way to undo it."""
    membership = membership_or_404(request.user, slug, may="read")
    return _show(request, membership, _search(membership, pk))


def _show(
    request: HttpRequest, membership: Membership, shown: Search, *, status: int = 200, **context: Any
) -> HttpResponse:
    problems = Paginator(shown.problems.order_by("line", "pk"), PROBLEMS_A_PAGE).get_page(
        request.GET.get("page")
    )
    [shown] = with_what_is_new(membership.review, [shown])
    shared: dict[str, Any] = {
        "search": shown,
        "had": _had_by(shown),
        "pairs": waiting_pairs_of(shown).count(),
        "sealed": bool(sealed_files(membership.user, membership.review, [shown.pk])),
        "carries": offer(shown),
        "problems": problems,
        "why_form": WhyForm(),
        "nav": "searches",
    }
    return page(request, "reviews/search.html", membership, status=status, **(shared | context))


def _had_by(shown: Search) -> list[tuple[Search, int]]:
    """The earlier searches that had records of this one too, and how many."""
    brought: Brought | None = shown.brought  # type: ignore[attr-defined]
    had = brought.had if brought else {}
    return [(each, had[each.pk]) for each in Search.objects.filter(pk__in=had).order_by("pk")] if had else []


def waiting_pairs_of(shown: Search) -> QuerySet[DuplicatePair]:
    """Likely pairs that wait for a person and have a record of this search."""
    return dedup.waiting_pairs(shown.review).filter(Q(a__search=shown) | Q(b__search=shown))


@require_safe
def search_file(request: HttpRequest, slug: str, pk: int) -> HttpResponseBase:
    """The file or the pasted text as it came, to whom nothing it carries is sealed."""
    membership = membership_or_404(request.user, slug, may="read")
    found = _search(membership, pk)
    if sealed_files(membership.user, membership.review, [found.pk]):
        raise Refused(
            "This file is sealed: it carries what people decided in another tool.",
            kept="It is kept as it came.",
            mend="It opens to you once all of its records are judged.",
        )
    try:
        kept = found.file.open("rb")
    except (FileNotFoundError, ValueError) as gone:
        raise Http404("The file is not on this server any more.") from gone
    return FileResponse(
        kept,
        as_attachment=True,
        filename=found.file_name or "pasted.txt",
        content_type="application/octet-stream",
    )


@require_POST
def search_withdraw(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Undo an import, with a reason."""
    membership = membership_or_404(request.user, slug, may="import")
    found = _search(membership, pk)
    form = WhyForm(request.POST)
    if not form.is_valid():
        return _show(request, membership, found, status=422, why_form=form)
    try:
        importing.withdraw_search(search=found, by=membership.user, reason=form.cleaned_data["reason"])
    except Refused as no:
        return _show(request, membership, found, status=no.status, refusal=no)
    messages.success(
        request, "The import was undone. Its records are kept and count nowhere until you restore it."
    )
    return redirect("search", slug, pk)


@require_POST
def search_restore(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Take an undone import back."""
    membership = membership_or_404(request.user, slug, may="import")
    found = _search(membership, pk)
    try:
        importing.restore_search(
            search=found, by=membership.user, reason=request.POST.get("reason", "")[:300]
        )
    except Refused as no:
        return _show(request, membership, found, status=no.status, refusal=no)
    job = jobs.start_unless_waiting(
        review=membership.review, kind=Job.Kind.DUPLICATES, by=membership.user, arguments={"search": pk}
    )
    queue_job_on_commit(job.pk)
    messages.success(
        request,
        "The import was restored: its records count again, with the votes they had. They are being compared with "
        "what came since.",
    )
    return redirect("search", slug, pk)


urlpatterns: list[URLPattern] = [
    path("r/<slug:slug>/searches/", searches, name="searches"),
    path("r/<slug:slug>/searches/new/", search_new, name="search_new"),
    path("r/<slug:slug>/searches/<int:pk>/", search, name="search"),
    path("r/<slug:slug>/searches/<int:pk>/file/", search_file, name="search_file"),
    path("r/<slug:slug>/searches/<int:pk>/withdraw/", search_withdraw, name="search_withdraw"),
    path("r/<slug:slug>/searches/<int:pk>/restore/", search_restore, name="search_restore"),
]
