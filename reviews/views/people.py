"""Who is in a review: members and their roles, invitations, leaving."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from reviews import audit, members
from reviews.forms.people import InviteForm, OptionalReasonForm, ReasonForm, RoleForm
from reviews.letters import send_invitation
from reviews.models import Invitation, Membership, Role
from reviews.pages import page
from reviews.permissions import allows, membership_or_404
from reviews.refusals import BadInput, Refused


@require_safe
def people(request: HttpRequest, slug: str) -> HttpResponse:
    """Everybody in the review may see who is in it; leads also see addresses and open invitations."""
    return _people(request, membership_or_404(request.user, slug, may="read"))


def _people(
    request: HttpRequest, membership: Membership, *, status: int = 200, **context: Any
) -> HttpResponse:
    everybody = membership.review.memberships.select_related("user").order_by("joined_at", "pk")
    shared: dict[str, Any] = {
        "active": [m for m in everybody if m.deactivated_at is None],
        "former": [m for m in everybody if m.deactivated_at is not None],
        "roles": Role.choices,
        "nav": "people",
    }
    if allows(membership, "people"):
        shared["invitations"] = list(
            Invitation.objects.filter(
                review=membership.review,
                accepted_at__isnull=True,
                revoked_at__isnull=True,
                expires_at__gt=audit.now(),
            )
            .select_related("created_by")
            .order_by("-created_at", "pk")
        )
        shared["invite_form"] = InviteForm()
    return page(request, "reviews/people.html", membership, status=status, **(shared | context))


@require_POST
@never_cache
def people_invite(request: HttpRequest, slug: str) -> HttpResponse:
    """Make an invitation; its link is on the page that answers, and nowhere else ever again."""
    membership = membership_or_404(request.user, slug, may="people")
    form = InviteForm(request.POST)
    if not form.is_valid():
        return _people(request, membership, status=422, invite_form=form)
    try:
        invitation, secret = members.invite(review=membership.review, by=membership.user, **form.cleaned_data)
    except Refused as no:
        return _people(request, membership, status=no.status, invite_form=form, refusal=no)
    link = request.build_absolute_uri(reverse("join", args=[secret]))
    mailed = send_invitation(invitation, link)
    return _people(request, membership, link=link, made=invitation, mailed=mailed)


@require_POST
def people_revoke(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Make an open invitation useless."""
    membership = membership_or_404(request.user, slug, may="people")
    invitation = get_object_or_404(Invitation, pk=pk, review=membership.review)
    members.revoke_invitation(invitation=invitation, by=membership.user)
    messages.success(request, "The invitation was taken back: its link no longer works.")
    return redirect("people", slug)


@require_POST
def people_role(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Give a member another role."""
    membership = membership_or_404(request.user, slug, may="people")
    member = get_object_or_404(Membership.objects.select_related("user"), pk=pk, review=membership.review)
    form = RoleForm(request.POST)
    try:
        if not form.is_valid():
            raise _incomplete()
        members.change_role(by=membership.user, membership=member, **form.cleaned_data)
    except Refused as no:
        return _people(request, membership, status=no.status, refusal=no)
    role = Role(form.cleaned_data["role"]).label.lower()
    messages.success(request, f"{member.user} is now {role}.")
    return redirect("people", slug)


@require_POST
def people_deactivate(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """End somebody's membership; their decisions stay."""
    membership = membership_or_404(request.user, slug, may="people")
    member = get_object_or_404(Membership.objects.select_related("user"), pk=pk, review=membership.review)
    form = ReasonForm(request.POST)
    try:
        if not form.is_valid():
            raise _incomplete()
        members.deactivate(by=membership.user, membership=member, **form.cleaned_data)
    except Refused as no:
        return _people(request, membership, status=no.status, refusal=no)
    messages.success(request, f"{member.user} is no longer in the review. What they decided stays.")
    return redirect("home") if member == membership else redirect("people", slug)


@require_POST
def people_leave(request: HttpRequest, slug: str) -> HttpResponse:
    """Leave the review oneself; every role may."""
    membership = membership_or_404(request.user, slug, may="read")
    form = OptionalReasonForm(request.POST)
    try:
        if not form.is_valid():
            raise _incomplete()
        members.deactivate(by=membership.user, membership=membership, **form.cleaned_data)
    except Refused as no:
        return _people(request, membership, status=no.status, refusal=no)
    messages.success(request, f"You have left “{membership.review.title}”. What you decided stays there.")
    return redirect("home")


def _incomplete() -> BadInput:
    return BadInput(
        "A role from the list and a reason of at most 500 characters are needed.",
        mend="Fill in both and send it again.",
    )


urlpatterns: list[URLPattern] = [
    path("r/<slug:slug>/people/", people, name="people"),
    path("r/<slug:slug>/people/invite/", people_invite, name="people_invite"),
    path("r/<slug:slug>/people/leave/", people_leave, name="people_leave"),
    path("r/<slug:slug>/people/<int:pk>/role/", people_role, name="people_role"),
    path("r/<slug:slug>/people/<int:pk>/deactivate/", people_deactivate, name="people_deactivate"),
    path("r/<slug:slug>/invitations/<int:pk>/revoke/", people_revoke, name="people_revoke"),
]
