"""Who may do what: one table, and the first line of every door.

A stranger gets 404 (they cannot learn that the review exists), a member whose role is not enough gets 403.
"""

from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.http import Http404

from .models import Membership, Role, User

# What each act covers is listed in docs/architecture.md, "Who may do what".
MAY: dict[str, frozenset[str]] = {
    Role.LEAD: frozenset(
        {
            *("read", "export", "people", "protocol", "criteria", "rules", "form", "propose"),
            *("import", "bring", "dedup", "screen", "resolve", "retrieve", "extract", "consensus"),
        }
    ),
    Role.REVIEWER: frozenset(
        {"read", "export", "import", "dedup", "screen", "resolve", "retrieve", "extract", "consensus"}
    ),
    Role.OBSERVER: frozenset({"read", "export"}),
}
ACTS = frozenset().union(*MAY.values())


def membership_or_404(user: User | AnonymousUser, slug: str, *, may: str) -> Membership:
    """The active membership of `user` in the review called `slug`, with the review at `.review`.

    Raises:
        Http404: no such review, or not (or no longer) a member of it.
        PermissionDenied: a member whose role does not allow `may`.
    """
    if may not in ACTS:
        raise KeyError(f"no such act: {may}")
    membership = (
        Membership.objects.select_related("review", "user")
        .filter(review__slug=slug, user_id=user.pk or 0, deactivated_at__isnull=True)
        .first()
    )
    if membership is None:
        raise Http404("No such review.")
    if not allows(membership, may):
        raise PermissionDenied(f"As {membership.get_role_display().lower()} you cannot do this here.")
    return membership


def allows(membership: Membership, act: str) -> bool:
    """Whether this member's role allows `act`."""
    return act in MAY[membership.role]
