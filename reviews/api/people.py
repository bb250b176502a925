"""Members and invitations for programs."""

from typing import Any

from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from reviews import members
from reviews.models import Invitation, Membership, Role
from reviews.permissions import allows, membership_or_404


class InviteFields(serializers.Serializer):
    """Whom a link is for, and what it makes of them."""

    role = serializers.ChoiceField(choices=Role.choices)
    meant_for = serializers.CharField(required=False, allow_blank=True, max_length=200)
    days = serializers.IntegerField(required=False, min_value=1, max_value=90)


class RoleFields(serializers.Serializer):
    """A new role and why."""

    role = serializers.ChoiceField(choices=Role.choices)
    reason = serializers.CharField(max_length=500)


class ReasonFields(serializers.Serializer):
    """Why, where it must or may be said (the verb knows)."""

    reason = serializers.CharField(required=False, allow_blank=True, max_length=500)


class SecretFields(serializers.Serializer):
    """The last part of an invitation's link."""

    secret = serializers.CharField(max_length=200)


def as_json(member: Membership, *, with_email: bool) -> dict[str, Any]:
    """A member; the address is for leads."""
    shown = {
        "id": member.pk,
        "name": member.user.name,
        "role": member.role,
        "joined_at": member.joined_at,
        "deactivated_at": member.deactivated_at,
    }
    return shown | ({"email": member.user.email} if with_email else {})


class MembersView(APIView):
    """GET -> {"members": [...]}, those who left included."""

    def get(self, request: Request, slug: str) -> Response:
        """See the class."""
        membership = membership_or_404(request.user, slug, may="read")
        everybody = membership.review.memberships.select_related("user").order_by("joined_at", "pk")
        with_email = allows(membership, "people")
        return Response({"members": [as_json(member, with_email=with_email) for member in everybody]})


class MemberView(APIView):
    """PATCH role and reason; DELETE with a reason ends the membership (what the person decided stays)."""

    def patch(self, request: Request, slug: str, pk: int) -> Response:
        """See the class."""
        membership = membership_or_404(request.user, slug, may="people")
        fields = RoleFields(data=request.data)
        fields.is_valid(raise_exception=True)
        member = get_object_or_404(Membership, pk=pk, review=membership.review)
        changed = members.change_role(by=membership.user, membership=member, **fields.validated_data)
        return Response(as_json(changed, with_email=True))

    def delete(self, request: Request, slug: str, pk: int) -> Response:
        """See the class."""
        membership = membership_or_404(request.user, slug, may="people")
        fields = ReasonFields(data=request.data)
        fields.is_valid(raise_exception=True)
        member = get_object_or_404(Membership, pk=pk, review=membership.review)
        gone = members.deactivate(by=membership.user, membership=member, **fields.validated_data)
        return Response(as_json(gone, with_email=True))


class LeaveView(APIView):
    """POST, with a reason if you like: leave the review yourself."""

    def post(self, request: Request, slug: str) -> Response:
        """See the class."""
        membership = membership_or_404(request.user, slug, may="read")
        fields = ReasonFields(data=request.data)
        fields.is_valid(raise_exception=True)
        gone = members.deactivate(by=membership.user, membership=membership, **fields.validated_data)
        return Response(as_json(gone, with_email=False))


class InvitationsView(APIView):
    """POST role, meant_for, days -> 201 with the link. It is in this answer and nowhere else ever again."""

    def post(self, request: Request, slug: str) -> Response:
        """See the class."""
        membership = membership_or_404(request.user, slug, may="people")
        fields = InviteFields(data=request.data)
        fields.is_valid(raise_exception=True)
        invitation, secret = members.invite(
            review=membership.review, by=membership.user, **fields.validated_data
        )
        answer = {
            "id": invitation.pk,
            "role": invitation.role,
            "meant_for": invitation.meant_for,
            "expires_at": invitation.expires_at,
            "secret": secret,
            "link": request.build_absolute_uri(reverse("join", args=[secret])),
        }
        return Response(answer, status=201, headers={"Cache-Control": "no-store"})


class InvitationView(APIView):
    """DELETE takes an open invitation back."""

    def delete(self, request: Request, slug: str, pk: int) -> Response:
        """See the class."""
        membership = membership_or_404(request.user, slug, may="people")
        fields = ReasonFields(data=request.data)
        fields.is_valid(raise_exception=True)
        invitation = get_object_or_404(Invitation, pk=pk, review=membership.review)
        members.revoke_invitation(invitation=invitation, by=membership.user, **fields.validated_data)
        return Response(status=204)


class JoinView(APIView):
    """POST {"secret"} -> {"review", "role"}."""

    def post(self, request: Request) -> Response:
        """See the class."""
        fields = SecretFields(data=request.data)
        fields.is_valid(raise_exception=True)
        membership = members.join(user=request.user, **fields.validated_data)
        return Response({"review": membership.review.slug, "role": membership.role})


urlpatterns: list[URLPattern] = [
    path("join/", JoinView.as_view(), name="api_join"),
    path("r/<slug:slug>/members/", MembersView.as_view(), name="api_members"),
    path("r/<slug:slug>/members/<int:pk>/", MemberView.as_view(), name="api_member"),
    path("r/<slug:slug>/leave/", LeaveView.as_view(), name="api_leave"),
    path("r/<slug:slug>/invitations/", InvitationsView.as_view(), name="api_invitations"),
    path("r/<slug:slug>/invitations/<int:pk>/", InvitationView.as_view(), name="api_invitation"),
]
