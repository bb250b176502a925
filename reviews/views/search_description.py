"""Correcting what is said of a search (PRISMA-S), with a reason."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.views.decorators.http import require_http_methods

from reviews.describing import describe_search
from reviews.forms.searches import CorrectionForm
from reviews.models import Membership, Search
from reviews.pages import page
from reviews.permissions import membership_or_404
from reviews.refusals import Refused


@require_http_methods(["GET", "HEAD", "POST"])
def search_describe(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """The form with what is said of a search now; what is sent corrects it."""
    membership = membership_or_404(request.user, slug, may="import")
    search = get_object_or_404(Search, review=membership.review, pk=pk)
    if request.method != "POST":
        return _form(request, membership, search, CorrectionForm.of(search))
    form = CorrectionForm(request.POST)
    if not form.is_valid():
        return _form(request, membership, search, form, status=422)
    try:
        describe_search(search=search, by=membership.user, **form.cleaned_data)
    except Refused as no:
        return _form(request, membership, search, form, status=no.status, refusal=no)
    messages.success(request, "Corrected. What was said before stands in the trail, with your reason.")
    return redirect("search", slug, pk)


def _form(
    request: HttpRequest, membership: Membership, search: Search, form: CorrectionForm, **context: Any
) -> HttpResponse:
    context |= {"search": search, "form": form, "nav": "searches"}
    return page(request, "reviews/search_describe.html", membership, **context)


urlpatterns: list[URLPattern] = [
    path("r/<slug:slug>/searches/<int:pk>/describe/", search_describe, name="search_describe"),
]
