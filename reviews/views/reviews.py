"""A review's own words: starting one, and changing its title, question and registration."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path
from django.views.decorators.http import require_http_methods

from reviews import members
from reviews.forms.people import ChangeReviewForm, NewReviewForm
from reviews.models import User
from reviews.pages import page
from reviews.permissions import membership_or_404
from reviews.refusals import Refused


@require_http_methods(["GET", "HEAD", "POST"])
def review_new(request: HttpRequest) -> HttpResponse:
    """Anybody with an account may start a review; they become its lead."""
    assert isinstance(request.user, User)
    form, refusal, status = NewReviewForm(request.POST or None), None, 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                review = members.create_review(by=request.user, **form.cleaned_data)
            except Refused as no:
                refusal, status = no, no.status
            else:
                messages.success(request, "The review is there, and you lead it. Next: criteria and people.")
                return redirect("criteria", review.slug)
    return render(request, "reviews/review_new.html", {"form": form, "refusal": refusal}, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def review_change(request: HttpRequest, slug: str) -> HttpResponse:
    """Title, question and registration; the address stays."""
    membership = membership_or_404(request.user, slug, may="protocol")
    review = membership.review
    now = {"title": review.title, "question": review.question, "registration": review.registration}
    form, refusal, status = ChangeReviewForm(request.POST or None, initial=now), None, 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                members.change_review(review=review, by=membership.user, **form.cleaned_data)
            except Refused as no:
                refusal, status = no, no.status
            else:
                messages.success(request, "Changed. What it said before is in the trail.")
                return redirect("protocol", slug)
    context = {"form": form, "refusal": refusal, "nav": "protocol"}
    return page(request, "reviews/review_change.html", membership, status=status, **context)


urlpatterns: list[URLPattern] = [
    path("reviews/new/", review_new, name="review_new"),
    path("r/<slug:slug>/change/", review_change, name="review_change"),
]
