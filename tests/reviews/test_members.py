"""People and their place in a review: the verbs, and the database's word when two race."""

import hashlib
import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reviews import audit, members
from reviews.models import Event, Invitation, Membership, Review, User
from reviews.refusals import BadInput, Refused
from tests import factories


def refused(kind: type[Refused], act: Callable) -> Refused:
    """`act` must be refused, and leave no person, review, membership, invitation or event different."""

    def everything():
        tables = (User, Review, Membership, Invitation, Event)
        return [list(table.objects.order_by("pk").values()) for table in tables]

    before = everything()
    with pytest.raises(Refused) as no:
        act()
    assert type(no.value) is kind
    assert everything() == before
    return no.value


def last_event() -> Event:
    return Event.objects.latest("pk")


# ---------------------------------------------------------------- signing up


def test_signing_up_makes_a_person_who_can_sign_in(db, client):
    person = members.sign_up(email=" Dora@Example.ORG ", name="Dora  Diaz", password="four plain words here")
    assert (person.email, person.name) == ("dora@example.org", "Dora Diaz")
    assert person.check_password("four plain words here")


def test_signing_up_writes_one_event_without_password_or_address(db):
    person = members.sign_up(email="dora@example.org", name="Dora", password="four plain words here")
    event = Event.objects.get()
    assert (event.review, event.verb, event.actor_id) == (None, "person.signed_up", person.pk)
    assert (event.subject, event.after, event.actor_label) == ({"user": person.pk}, {"name": "Dora"}, "Dora")
    assert "example.org" not in audit.canonical(event) and "plain words" not in audit.canonical(event)
    assert audit.verify(None).ok


def test_a_taken_address_is_refused_whatever_its_case(alice):
    no = refused(
        Refused, lambda: members.sign_up(email="ALICE@example.org", name="A", password="four plain words")
    )
    assert no.what == "There is already an account with this e-mail address."


@pytest.mark.parametrize(
    ("fields", "what"),
    [
        ({"name": "   "}, "A name is needed."),
        ({"name": "x" * 121}, "A name is needed."),
        ({"email": ""}, "This is not an e-mail address."),
        ({"email": "dora at home"}, "This is not an e-mail address."),
        ({"email": f"{'d' * 250}@example.org"}, "This is not an e-mail address."),
        ({"password": "short"}, "This password is too short. It must contain at least 10 characters."),
        ({"password": "1234567890"}, "This password is too common."),
        ({"password": "dora@example.org"}, "The password is too similar to the e-mail address."),
    ],
)
def test_what_cannot_be_an_account_is_refused(db, fields, what):
    given = {"email": "dora@example.org", "name": "Dora", "password": "four plain words here"} | fields
    assert refused(BadInput, lambda: members.sign_up(**given)).what == what


# ---------------------------------------------------------------- the review


def test_who_creates_a_review_leads_it(alice):
    review = members.create_review(
        by=alice, title="  Plerixafor  in myeloma ", question="Does it help?\n", registration="CRD1"
    )
    assert (review.slug, review.title, review.question) == (
        "plerixafor-in-myeloma",
        "Plerixafor in myeloma",
        "Does it help?",
    )
    membership = Membership.objects.get()
    assert (membership.user, membership.role, membership.deactivated_at) == (alice, "lead", None)
    event = Event.objects.get()
    assert (event.verb, event.actor, event.role, event.review) == ("review.created", alice, "lead", review)
    assert event.after == {
        "slug": "plerixafor-in-myeloma",
        "title": "Plerixafor in myeloma",
        "question": "Does it help?",
        "registration": "CRD1",
        "lead": alice.pk,
    }


def test_a_second_review_of_the_same_title_gets_another_address(alice, bob):
    slugs = [members.create_review(by=person, title="Plerixafor").slug for person in (alice, bob, alice)]
    assert slugs == ["plerixafor", "plerixafor-2", "plerixafor-3"]


def test_an_address_that_was_asked_for_is_that_or_nothing(alice, bob):
    assert members.create_review(by=alice, title="T", slug="my-review").slug == "my-review"
    no = refused(Refused, lambda: members.create_review(by=bob, title="T", slug="my-review"))
    assert no.what == "The address “my-review” is taken."


@pytest.mark.parametrize("slug", ["Caps", "two--hyphens", "-edge", "under_score", "a/b", "ümlaut"])
def test_an_address_that_cannot_be_one_is_refused(alice, slug):
    refused(BadInput, lambda: members.create_review(by=alice, title="T", slug=slug))


def test_a_review_needs_a_title_that_fits(alice):
    refused(BadInput, lambda: members.create_review(by=alice, title=" \n "))
    refused(BadInput, lambda: members.create_review(by=alice, title="t" * 301))
    refused(BadInput, lambda: members.create_review(by=alice, title="T", slug="s" * 61))


@settings(max_examples=200, deadline=None)
@given(title=st.text(min_size=1, max_size=300).filter(lambda t: t.strip() and "\x00" not in t))
def test_any_title_makes_an_address_that_works_in_a_link(title):
    slug = members._slug_of(" ".join(title.split()))
    assert len(slug) <= 60
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slug)


def test_a_long_title_still_leaves_room_for_a_number(alice):
    title = "word " * 50
    first, second = (members.create_review(by=alice, title=title).slug for _ in range(2))
    assert len(first) <= 60 and len(second) <= 60
    assert second == first[:58].rstrip("-") + "-2"


def test_changing_a_review_keeps_what_it_said_in_the_trail(review, alice):
    before = review.question
    changed = members.change_review(
        review=review, by=alice, question="Another one?", title=review.title, reason="after the pilot"
    )
    assert (changed.question, Review.objects.get().question, changed.slug) == (
        "Another one?",
        "Another one?",
        "myeloma",
    )
    event = last_event()
    assert (event.verb, event.before, event.after, event.reason) == (
        "review.changed",
        {"question": before},
        {"question": "Another one?"},
        "after the pilot",
    )


def test_a_change_that_changes_nothing_is_refused(review, alice):
    refused(Refused, lambda: members.change_review(review=review, by=alice, title=review.title))
    refused(BadInput, lambda: members.change_review(review=review, by=alice, title=" "))
    refused(BadInput, lambda: members.change_review(review=review, by=alice, slug="elsewhere"))


# ---------------------------------------------------------------- invitations


@pytest.fixture
def invitation(review, alice):
    return members.invite(review=review, by=alice, role="reviewer", meant_for="Dora")


@pytest.fixture
def dora(db):
    return factories.person("dora")


def test_only_the_hash_of_an_invitation_is_kept(invitation):
    made, secret = invitation
    assert len(secret) == 43
    assert made.secret_sha256 == hashlib.sha256(secret.encode()).hexdigest()
    assert made.expires_at - made.created_at == timedelta(days=14)
    event = last_event()
    assert (event.verb, event.subject) == ("member.invited", {"invitation": made.pk})
    assert event.after == {
        "role": "reviewer",
        "meant_for": "Dora",
        "expires_at": made.expires_at.isoformat(),
    }
    assert secret not in audit.canonical(event) and made.secret_sha256 not in audit.canonical(event)


@pytest.mark.parametrize("fields", [{"role": "owner"}, {"days": 0}, {"days": 91}, {"meant_for": "x" * 201}])
def test_an_invitation_that_makes_no_sense_is_refused(review, alice, fields):
    wanted = {"role": "reviewer"} | fields
    refused(BadInput, lambda: members.invite(review=review, by=alice, **wanted))


def test_joining_makes_a_member_in_the_role_of_the_invitation(invitation, dora, review):
    made, secret = invitation
    membership = members.join(secret=secret, user=dora)
    assert (membership.review, membership.user, membership.role) == (review, dora, "reviewer")
    made.refresh_from_db()
    assert (made.accepted_by, made.accepted_at is not None) == (dora, True)
    event = last_event()
    assert (event.verb, event.actor, event.role, event.before, event.after) == (
        "member.joined",
        dora,
        "reviewer",
        {},
        {"role": "reviewer"},
    )


def test_a_link_that_is_none_is_refused(review, dora):
    refused(BadInput, lambda: members.join(secret="nothing", user=dora))
    refused(BadInput, lambda: members.invitation_for("nothing"))


def test_a_used_link_is_refused_to_everybody_else(invitation, dora, mallory):
    _, secret = invitation
    members.join(secret=secret, user=dora)
    no = refused(Refused, lambda: members.join(secret=secret, user=mallory))
    assert no.what == "This invitation has been used."


def test_joining_twice_with_one_link_joins_once_and_is_no_error(invitation, dora):
    _, secret = invitation
    first = members.join(secret=secret, user=dora)
    events = Event.objects.count()
    assert members.join(secret=secret, user=dora) == first
    assert Event.objects.count() == events


def test_a_used_link_does_not_bring_back_who_left(invitation, dora, alice):
    _, secret = invitation
    membership = members.join(secret=secret, user=dora)
    members.deactivate(by=alice, membership=membership, reason="moved away")
    refused(Refused, lambda: members.join(secret=secret, user=dora))


def test_a_revoked_link_is_refused(invitation, dora, alice):
    made, secret = invitation
    members.revoke_invitation(invitation=made, by=alice, reason="wrong address")
    event = last_event()
    assert (event.verb, event.subject, event.reason) == (
        "invitation.revoked",
        {"invitation": made.pk},
        "wrong address",
    )
    assert refused(Refused, lambda: members.join(secret=secret, user=dora)).what == (
        "This invitation was taken back."
    )
    refused(Refused, lambda: members.revoke_invitation(invitation=made, by=alice))


def test_a_link_past_its_day_is_refused(invitation, dora):
    made, secret = invitation
    long_ago = audit.now() - timedelta(days=15)
    Invitation.objects.filter(pk=made.pk).update(
        created_at=long_ago, expires_at=long_ago + timedelta(days=14)
    )
    no = refused(Refused, lambda: members.join(secret=secret, user=dora))
    assert no.what.startswith("This invitation was good until ")


def test_an_accepted_invitation_cannot_be_revoked(invitation, dora, alice):
    made, secret = invitation
    members.join(secret=secret, user=dora)
    refused(Refused, lambda: members.revoke_invitation(invitation=made, by=alice))


@pytest.mark.parametrize("role", ["lead", "reviewer", "observer"])
def test_an_invitation_changes_nothing_for_an_active_member(review, alice, bob, dora, role):
    _, secret = members.invite(review=review, by=alice, role=role)
    no = refused(Refused, lambda: members.join(secret=secret, user=bob))
    assert no.kept == "Your role is as it was, and the invitation can still be used by whom it is for."
    assert members.join(secret=secret, user=dora).role == role


def test_who_left_comes_back_in_the_role_of_the_invitation(review, alice, bob):
    membership = review.memberships.get(user=bob)
    members.deactivate(by=bob, membership=membership)
    left = Membership.objects.get(pk=membership.pk).deactivated_at
    _, secret = members.invite(review=review, by=alice, role="observer")
    again = members.join(secret=secret, user=bob)
    assert (again.pk, again.role, again.deactivated_at) == (membership.pk, "observer", None)
    assert last_event().before == {"role": "reviewer", "left": left.isoformat()}


# ---------------------------------------------------------------- roles and leaving


def test_a_change_of_role_is_told_with_its_reason(review, alice, bob):
    membership = review.memberships.get(user=bob)
    changed = members.change_role(by=alice, membership=membership, role="lead", reason=" shares the work ")
    assert (changed.role, Membership.objects.get(pk=membership.pk).role) == ("lead", "lead")
    event = last_event()
    assert (event.verb, event.subject, event.before, event.after, event.reason) == (
        "member.role_changed",
        {"membership": membership.pk, "user": bob.pk},
        {"role": "reviewer"},
        {"role": "lead"},
        "shares the work",
    )


def test_a_change_of_role_needs_a_reason_a_role_and_a_difference(review, alice, bob):
    membership = review.memberships.get(user=bob)

    def change(**fields):
        given = {"role": "lead", "reason": "why"} | fields
        return lambda: members.change_role(by=alice, membership=membership, **given)

    refused(BadInput, change(reason="  "))
    refused(BadInput, change(role="king"))
    refused(Refused, change(role="reviewer"))


def test_the_last_lead_can_neither_step_down_nor_leave(review, alice, bob):
    membership = review.memberships.get(user=alice)
    no = refused(
        Refused,
        lambda: members.change_role(by=alice, membership=membership, role="reviewer", reason="tired"),
    )
    assert (no.what, no.mend) == (
        "Alice is the only lead of this review.",
        "Make somebody else a lead first.",
    )
    refused(Refused, lambda: members.deactivate(by=alice, membership=membership))
    members.change_role(by=alice, membership=review.memberships.get(user=bob), role="lead", reason="new lead")
    assert members.deactivate(by=alice, membership=membership).deactivated_at is not None


def test_a_lead_whose_account_is_closed_does_not_count_as_one(review, alice, bob):
    members.change_role(
        by=alice, membership=review.memberships.get(user=bob), role="lead", reason="two leads"
    )
    User.objects.filter(pk=bob.pk).update(is_active=False)
    refused(Refused, lambda: members.deactivate(by=alice, membership=review.memberships.get(user=alice)))


def test_to_remove_somebody_else_needs_a_reason(review, alice, bob):
    membership = review.memberships.get(user=bob)
    refused(BadInput, lambda: members.deactivate(by=alice, membership=membership, reason=" "))
    members.deactivate(by=alice, membership=membership, reason="left the team")
    event = last_event()
    assert (event.verb, event.before, event.after, event.reason) == (
        "member.left",
        {"role": "reviewer"},
        {"by_themselves": False},
        "left the team",
    )
    refused(Refused, lambda: members.deactivate(by=alice, membership=membership, reason="again"))
    refused(
        Refused, lambda: members.change_role(by=alice, membership=membership, role="lead", reason="come back")
    )


@pytest.mark.parametrize("how", ["steps down", "leaves"])
def test_a_lead_who_goes_takes_their_open_invitations_along(review, alice, bob, dora, how):
    members.change_role(
        by=alice, membership=review.memberships.get(user=bob), role="lead", reason="two leads"
    )
    by_bob, kept_for_later = members.invite(review=review, by=bob, role="lead")
    _, other = members.invite(review=review, by=alice, role="reviewer")
    membership = review.memberships.get(user=bob)
    if how == "leaves":
        members.deactivate(by=alice, membership=membership, reason="dispute")
    else:
        members.change_role(by=alice, membership=membership, role="reviewer", reason="dispute")
    assert last_event().after["invitations_revoked"] == [by_bob.pk]
    refused(Refused, lambda: members.join(secret=kept_for_later, user=dora))
    assert members.join(secret=other, user=dora).role == "reviewer"
