"""People and their place in a review: create, invite, join, change role, leave (sign_up is in signing_up.py).

Every change to who is in a review happens under a lock on the Review row, so that a review always keeps a
lead: two leads who demote each other in the same moment are heard one after the other.
"""

import hashlib
import re
import secrets
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.text import slugify

from . import audit
from .models import Invitation, Membership, Review, Role, User, Verb
from .refusals import BadInput, Refused
from .signing_up import sign_up

__all__ = [
    "change_review",
    "change_role",
    "create_review",
    "deactivate",
    "invitation_for",
    "invite",
    "join",
    "revoke_invitation",
    "sign_up",
]

SLUG_LENGTH = 60
LONGEST_INVITATION = 90  # days
LONGEST = {"title": 300, "registration": 120}  # characters
CHANGEABLE = ("title", "question", "registration")


# ---------------------------------------------------------------- the review itself


def create_review(
    *, by: User, title: str, question: str = "", registration: str = "", slug: str = ""
) -> Review:
    """A new review with `by` as its lead. Its address is `slug`, or made from the title and then never taken.

    Raises:
        BadInput: no title, or an address that cannot be one.
        Refused: the address asked for is taken.
    """
    fields = _review_fields({"title": title, "question": question, "registration": registration})
    if slug and not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slug):
        raise BadInput(
            "This cannot be the address of a review.", mend="Use small letters, figures and single hyphens."
        )
    if len(slug) > SLUG_LENGTH:
        raise BadInput("This address is too long.", mend=f"Use at most {SLUG_LENGTH} characters.")
    with transaction.atomic():
        review = _insert_review(slug or _slug_of(title), must_be_this=bool(slug), by=by, **fields)
        Membership.objects.create(review=review, user=by, role=Role.LEAD, joined_at=review.created_at)
        audit.log(
            review=review,
            verb=Verb.REVIEW_CREATED,
            actor=by,
            subject={"review": review.pk},
            after={"slug": review.slug, **fields, "lead": by.pk},
        )
    return review


def _insert_review(slug: str, *, must_be_this: bool, by: User, **fields: str) -> Review:
    """Insert under the first free slug; the unique constraint decides what is free, not a look beforehand."""
    number = 1
    while True:
        ending = "" if number == 1 else f"-{number}"
        tried = slug[: SLUG_LENGTH - len(ending)].rstrip("-") + ending
        taken = Review.objects.filter(slug=tried).exists()
        if not taken:
            try:
                with transaction.atomic():
                    return Review.objects.create(slug=tried, created_by=by, created_at=audit.now(), **fields)
            except IntegrityError:
                pass  # somebody was quicker
        if must_be_this:
            raise Refused(
                f"The address “{slug}” is taken.", mend="Choose another, or leave it empty to get a free one."
            )
        number += 1


def _slug_of(title: str) -> str:
    return re.sub(r"[-_]+", "-", slugify(title))[:SLUG_LENGTH].strip("-") or "review"


def change_review(*, review: Review, by: User, reason: str = "", **changes: str) -> Review:
    """New title, question or registration; what is not passed stays. The address never changes.

    Raises:
        BadInput: an empty title, a field that cannot be changed.
        Refused: nothing would be different.
    """
    wanted = _review_fields(changes)
    with transaction.atomic():
        locked = Review.objects.select_for_update(no_key=True).get(pk=review.pk)
        before = {name: getattr(locked, name) for name in wanted if getattr(locked, name) != wanted[name]}
        if not before:
            raise Refused("This is what the review already says.")
        after = {name: wanted[name] for name in before}
        for name, value in after.items():
            setattr(locked, name, value)
        locked.save(update_fields=list(after))
        audit.log(
            review=locked,
            verb=Verb.REVIEW_CHANGED,
            actor=by,
            subject={"review": locked.pk},
            before=before,
            after=after,
            reason=reason.strip(),
        )
    return locked


def _review_fields(given: dict[str, str]) -> dict[str, str]:
    if unknown := sorted(set(given) - set(CHANGEABLE)):
        raise BadInput(f"A review has no {unknown[0]} that could be changed.")
    fields = {name: value.strip() for name, value in given.items()}
    if "title" in fields:
        fields["title"] = " ".join(fields["title"].split())
        if not fields["title"]:
            raise BadInput("A review needs a title.", mend="Write what it is about in one line.")
    for name, limit in LONGEST.items():
        if len(fields.get(name, "")) > limit:
            raise BadInput(f"The {name} is too long.", mend=f"Use at most {limit} characters.")
    return fields


# ---------------------------------------------------------------- invitations


def invite(
    *, review: Review, by: User, role: str, meant_for: str = "", days: int = 14
) -> tuple[Invitation, str]:
    """An invitation and its secret. Only the secret's sha256 is kept: who loses the link asks for another.

    Raises:
        BadInput: an unknown role, or a time that is not 1 to 90 days.
    """
    meant_for = " ".join(meant_for.split())
    _check_role(role)
    if not 1 <= days <= LONGEST_INVITATION:
        raise BadInput(f"An invitation lasts 1 to {LONGEST_INVITATION} days.", mend="Give a number of days.")
    if len(meant_for) > 200:
        raise BadInput("The note on whom it is for is too long.", mend="Use at most 200 characters.")
    secret = secrets.token_urlsafe(32)
    now = audit.now()
    with transaction.atomic():
        invitation = Invitation.objects.create(
            review=review,
            role=role,
            meant_for=meant_for,
            secret_sha256=_sha256(secret),
            created_by=by,
            created_at=now,
            expires_at=now + timedelta(days=days),
        )
        audit.log(
            review=review,
            verb=Verb.MEMBER_INVITED,
            actor=by,
            subject={"invitation": invitation.pk},
            after={"role": role, "meant_for": meant_for, "expires_at": invitation.expires_at.isoformat()},
        )
    return invitation, secret


def revoke_invitation(*, invitation: Invitation, by: User, reason: str = "") -> Invitation:
    """Make the link useless. Raises Refused when it was used or revoked already."""
    with transaction.atomic():
        review = Review.objects.select_for_update(no_key=True).get(pk=invitation.review_id)
        locked = Invitation.objects.select_for_update().get(pk=invitation.pk)
        if locked.accepted_at:
            raise Refused(
                "Somebody has joined with this invitation already.", mend="Remove the member instead."
            )
        if locked.revoked_at:
            raise Refused("This invitation was revoked already.")
        locked.revoked_at = audit.now()
        locked.save(update_fields=["revoked_at"])
        audit.log(
            review=review,
            verb=Verb.INVITATION_REVOKED,
            actor=by,
            subject={"invitation": locked.pk},
            before={"role": locked.role, "meant_for": locked.meant_for},
            reason=reason.strip(),
        )
    return locked


def invitation_for(secret: str) -> Invitation:
    """The invitation a link stands for, if it can still be used (a look only: `join` checks again).

    Raises:
        BadInput: no such link.
        Refused: it was used, revoked, or is too old.
    """
    invitation = (
        Invitation.objects.select_related("review", "created_by")
        .filter(secret_sha256=_sha256(secret))
        .first()
    )
    if invitation is None:
        raise _no_such_link()
    _check_open(invitation)
    return invitation


def _no_such_link() -> BadInput:
    return BadInput(
        "This link leads to no invitation.", mend="Copy the whole link again, or ask the lead for a new one."
    )


def _check_open(invitation: Invitation) -> None:
    ask = "Ask the lead of the review for a new invitation."
    if invitation.accepted_at:
        raise Refused("This invitation has been used.", mend=f"If it was you, sign in. Otherwise: {ask}")
    if invitation.revoked_at:
        raise Refused("This invitation was taken back.", mend=ask)
    if invitation.expires_at <= audit.now():
        raise Refused(f"This invitation was good until {invitation.expires_at:%d %B %Y}.", mend=ask)


def join(*, secret: str, user: User) -> Membership:
    """Become a member by an invitation; who had left comes back, in the role of the invitation.

    Joining twice with one link (a double click) joins once and is no error. An active member keeps their
    role, and the invitation stays unused for whom it was meant.

    Raises:
        BadInput: no such link.
        Refused: it was used by somebody else, revoked or is too old; or the person is a member already.
    """
    with transaction.atomic():
        found = Invitation.objects.filter(secret_sha256=_sha256(secret)).only("review_id").first()
        if found is None:
            raise _no_such_link()
        review = Review.objects.select_for_update(no_key=True).get(pk=found.review_id)
        invitation = Invitation.objects.select_for_update().get(pk=found.pk)
        membership = Membership.objects.filter(review=review, user=user).first()
        active = membership if membership and membership.deactivated_at is None else None
        if active and invitation.accepted_by_id == user.pk:
            return active
        _check_open(invitation)
        if active:
            raise Refused(
                f"You are a member of this review already, as {active.get_role_display().lower()}.",
                kept="Your role is as it was, and the invitation can still be used by whom it is for.",
                mend="If your role should change, ask a lead to change it.",
            )
        return _take_in(review, invitation, membership, user)


def _take_in(review: Review, invitation: Invitation, former: Membership | None, user: User) -> Membership:
    now = audit.now()
    before = (
        {"role": former.role, "left": former.deactivated_at and former.deactivated_at.isoformat()}
        if former
        else {}
    )
    membership = former or Membership(review=review, user=user)
    membership.role, membership.joined_at, membership.deactivated_at = invitation.role, now, None
    membership.save()
    invitation.accepted_by, invitation.accepted_at = user, now
    invitation.save(update_fields=["accepted_by", "accepted_at"])
    audit.log(
        review=review,
        verb=Verb.MEMBER_JOINED,
        actor=user,
        subject={"membership": membership.pk, "user": user.pk, "invitation": invitation.pk},
        before=before,
        after={"role": membership.role},
    )
    return membership


# ---------------------------------------------------------------- roles, leaving


def change_role(*, by: User, membership: Membership, role: str, reason: str) -> Membership:
    """Give a member another role. Who stops being a lead loses the open invitations they made.

    Raises:
        BadInput: an unknown role, no reason.
        Refused: the member has left, has this role already, or is the last lead.
    """
    _check_role(role)
    _check_reason(reason)
    with transaction.atomic():
        locked = _locked_active(membership)
        if locked.role == role:
            raise Refused(f"{locked.user} is {locked.get_role_display().lower()} already.")
        _keep_a_lead(locked)
        before = {"role": locked.role}
        revoked = _revoke_made_by(locked)
        locked.role = role
        locked.save(update_fields=["role"])
        audit.log(
            review=locked.review,
            verb=Verb.MEMBER_ROLE_CHANGED,
            actor=by,
            subject={"membership": locked.pk, "user": locked.user_id},
            before=before,
            after={"role": role, **revoked},
            reason=reason.strip(),
        )
    return locked


def deactivate(*, by: User, membership: Membership, reason: str = "") -> Membership:
    """End a membership; everything the person decided stays. To leave oneself needs no reason.

    The open invitations a lead made go with them, so that nobody comes back by a link kept for later.

    Raises:
        BadInput: somebody else is removed without a reason.
        Refused: the member has left already, or is the last lead.
    """
    if by.pk != membership.user_id:
        _check_reason(reason)
    with transaction.atomic():
        locked = _locked_active(membership)
        _keep_a_lead(locked)
        revoked = _revoke_made_by(locked)
        locked.deactivated_at = audit.now()
        locked.save(update_fields=["deactivated_at"])
        audit.log(
            review=locked.review,
            verb=Verb.MEMBER_LEFT,
            actor=by,
            subject={"membership": locked.pk, "user": locked.user_id},
            before={"role": locked.role},
            after={"by_themselves": by.pk == locked.user_id, **revoked},
            reason=reason.strip(),
        )
    return locked


def _locked_active(membership: Membership) -> Membership:
    """The membership as it stands now, with its review locked; Refused if the person has left."""
    review = Review.objects.select_for_update(no_key=True).get(pk=membership.review_id)
    locked = Membership.objects.select_related("user").get(pk=membership.pk)
    locked.review = review
    if locked.deactivated_at:
        raise Refused(f"{locked.user} has left this review already.", mend="Invite them to come back.")
    return locked


def _keep_a_lead(leaving: Membership) -> None:
    """Refused when nobody would lead the review without `leaving`; the review must be locked."""
    if leaving.role != Role.LEAD:
        return
    leads = Membership.objects.filter(review=leaving.review, role=Role.LEAD, deactivated_at__isnull=True)
    if not leads.exclude(pk=leaving.pk).filter(user__is_active=True).exists():
        raise Refused(
            f"{leaving.user} is the only lead of this review.", mend="Make somebody else a lead first."
        )


def _revoke_made_by(membership: Membership) -> dict[str, Any]:
    """Take back the open invitations of a lead who stops being one; {} or what was revoked, for the trail."""
    if membership.role != Role.LEAD:
        return {}
    made = Invitation.objects.filter(
        review=membership.review,
        created_by=membership.user_id,
        accepted_at__isnull=True,
        revoked_at__isnull=True,
        expires_at__gt=audit.now(),
    )
    keys = sorted(made.values_list("pk", flat=True))
    made.filter(pk__in=keys).update(revoked_at=audit.now())
    return {"invitations_revoked": keys} if keys else {}


def _check_role(role: str) -> None:
    if role not in Role.values:
        raise BadInput("There is no such role.", mend=f"Choose one of {', '.join(Role.values)}.")


def _check_reason(reason: str) -> None:
    if not reason.strip():
        raise BadInput("A reason is needed.", mend="Write in a few words why; it goes into the trail.")


def _sha256(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
