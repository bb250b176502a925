"""Reviews: mine, a new one, one in its own words."""

from typing import Any

from django.urls import URLPattern, path
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from reviews import members
from reviews.models import Membership
from reviews.permissions import membership_or_404


class ReviewFields(serializers.Serializer):
    """A review's own words."""

    title = serializers.CharField(max_length=300)
    question = serializers.CharField(required=False, allow_blank=True, max_length=20_000)
    registration = serializers.CharField(required=False, allow_blank=True, max_length=120)


class NewReviewFields(ReviewFields):
    """The same and, if wanted, the address."""

    slug = serializers.CharField(required=False, allow_blank=True, max_length=60)


class ChangeReviewFields(ReviewFields):
    """Any of them, and why."""

    title = serializers.CharField(required=False, max_length=300)
    reason = serializers.CharField(required=False, allow_blank=True, max_length=500)


def as_json(membership: Membership) -> dict[str, Any]:
    """A review as the person of this membership sees it."""
    review = membership.review
    return {
        "slug": review.slug,
        "title": review.title,
        "question": review.question,
        "registration": review.registration,
        "created_at": review.created_at,
        "role": membership.role,
    }


class ReviewsView(APIView):
    """GET -> {"reviews": [...]}, those I am in. POST title, question, registration, slug -> 201, the new one."""

    def get(self, request: Request) -> Response:
        """See the class."""
        mine = Membership.objects.filter(user=request.user, deactivated_at__isnull=True)
        rows = mine.select_related("review").order_by("review__title", "review_id")
        return Response({"reviews": [as_json(membership) for membership in rows]})

    def post(self, request: Request) -> Response:
        """See the class."""
        fields = NewReviewFields(data=request.data)
        fields.is_valid(raise_exception=True)
        review = members.create_review(by=request.user, **fields.validated_data)
        return Response(as_json(membership_or_404(request.user, review.slug, may="read")), status=201)


class ReviewView(APIView):
    """GET the review; PATCH its title, question or registration, with a reason if there is one."""

    def get(self, request: Request, slug: str) -> Response:
        """See the class."""
        return Response(as_json(membership_or_404(request.user, slug, may="read")))

    def patch(self, request: Request, slug: str) -> Response:
        """See the class."""
        membership = membership_or_404(request.user, slug, may="protocol")
        fields = ChangeReviewFields(data=request.data)
        fields.is_valid(raise_exception=True)
        membership.review = members.change_review(
            review=membership.review, by=membership.user, **fields.validated_data
        )
        return Response(as_json(membership))


urlpatterns: list[URLPattern] = [
    path("reviews/", ReviewsView.as_view(), name="api_reviews"),
    path("r/<slug:slug>/", ReviewView.as_view(), name="api_review"),
]
