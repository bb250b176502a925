"""The people of a review as pages: who sees what, inviting, roles, leaving."""

import re

import pytest

from reviews import members
from reviews.models import Event, Invitation, Membership
from tests import factories

PEOPLE = "/r/myeloma/people/"


def test_a_lead_sees_members_addresses_and_open_invitations(as_person, review, alice):
    members.invite(review=review, by=alice, role="observer", meant_for="Erik of the library")
    words = as_person(alice).get(PEOPLE).content.decode()
    for shown in (
        "Alice",
        "Bob",
        "Carol",
        "Olive",
        "bob@example.org",
        "Erik of the library",
        "Make the link",
    ):
        assert shown in words


@pytest.mark.parametrize("who", ["bob", "olive"])
def test_others_see_names_and_nothing_to_change(as_person, review, alice, who, request):
    members.invite(review=review, by=alice, role="observer", meant_for="Erik of the library")
    words = as_person(request.getfixturevalue(who)).get(PEOPLE).content.decode()
    assert "Carol" in words and "Leave the review" in words
    for hidden in ("carol@example.org", "Erik of the library", "Make the link", "/role/", "/deactivate/"):
        assert hidden not in words


@pytest.mark.parametrize("rows", [1, 3])
def test_people_asks_the_same_questions_for_one_row_and_three(
    rows, as_person, review, alice, django_assert_num_queries
):
    for number in range(rows):
        person = factories.person(f"p{number}")
        Membership.objects.create(review=review, user=person, role="reviewer", joined_at=review.created_at)
        members.invite(review=review, by=alice, role="reviewer", meant_for=f"x{number}")
    browser = as_person(alice)
    with django_assert_num_queries(5):  # session, person, membership, members, invitations
        browser.get(PEOPLE)


# ---------------------------------------------------------------- inviting


def invite(browser, **fields):
    return browser.post(f"{PEOPLE}invite/", {"role": "reviewer", "meant_for": "Dora", "days": "14"} | fields)


def link_on(page) -> str:
    return re.search(r'value="(http://testserver/join/[^"]+)"', page.content.decode()).group(1)


def test_an_invitations_link_is_shown_once_and_works(as_person, review, alice, mallory):
    browser = as_person(alice)
    page = invite(browser, role="observer")
    link = link_on(page)
    assert "no-store" in page["Cache-Control"]
    assert "/join/" not in browser.get(PEOPLE).content.decode()
    as_person(mallory).post(link.removeprefix("http://testserver"))
    assert review.memberships.get(user=mallory).role == "observer"


@pytest.mark.parametrize("fields", [{"role": "king"}, {"days": "0"}, {"days": "91"}, {"days": "soon"}])
def test_an_invitation_that_makes_no_sense_is_not_made(as_person, review, alice, fields):
    page = invite(as_person(alice), **fields)
    assert page.status_code == 422 and list(page.context["invite_form"].errors) == list(fields)
    assert (Invitation.objects.count(), Event.objects.count()) == (0, 0)


def test_an_invitation_is_taken_back(as_person, client, review, alice):
    browser = as_person(alice)
    link = link_on(invite(browser))
    invitation = Invitation.objects.get()
    assert browser.post(f"/r/myeloma/invitations/{invitation.pk}/revoke/")["Location"] == PEOPLE
    assert client.get(link.removeprefix("http://testserver")).status_code == 409
    page = browser.post(f"/r/myeloma/invitations/{invitation.pk}/revoke/")
    assert page.status_code == 409 and "This invitation was revoked already." in page.content.decode()


def test_an_invitation_of_another_review_is_out_of_reach(as_person, review, alice, mallory):
    elsewhere = factories.review(lead=mallory, slug="other")
    invitation, _ = members.invite(review=elsewhere, by=mallory, role="reviewer")
    assert as_person(alice).post(f"/r/myeloma/invitations/{invitation.pk}/revoke/").status_code == 404
    invitation.refresh_from_db()
    assert invitation.revoked_at is None


# ---------------------------------------------------------------- roles, removing, leaving


def test_a_lead_changes_a_role_with_a_reason(as_person, review, alice, bob):
    membership = review.memberships.get(user=bob)
    page = as_person(alice).post(f"{PEOPLE}{membership.pk}/role/", {"role": "lead", "reason": "shares"})
    assert page["Location"] == PEOPLE
    membership.refresh_from_db()
    assert (membership.role, Event.objects.get().reason) == ("lead", "shares")


@pytest.mark.parametrize("fields", [{"role": "lead"}, {"role": "king", "reason": "why"}])
def test_a_role_without_a_reason_or_of_no_list_is_not_given(as_person, review, alice, bob, fields):
    membership = review.memberships.get(user=bob)
    page = as_person(alice).post(f"{PEOPLE}{membership.pk}/role/", fields)
    assert page.status_code == 400 and "are needed" in page.content.decode()
    membership.refresh_from_db()
    assert (membership.role, Event.objects.count()) == ("reviewer", 0)


def test_the_last_lead_is_told_why_they_cannot_step_down(as_person, review, alice):
    membership = review.memberships.get(user=alice)
    page = as_person(alice).post(f"{PEOPLE}{membership.pk}/role/", {"role": "reviewer", "reason": "tired"})
    assert page.status_code == 409
    assert "Alice is the only lead of this review." in page.content.decode()
    assert Event.objects.count() == 0


def test_a_removed_member_is_a_stranger_at_once(as_person, review, alice, bob):
    browser = as_person(bob)
    assert browser.get(PEOPLE).status_code == 200
    membership = review.memberships.get(user=bob)
    as_person(alice).post(f"{PEOPLE}{membership.pk}/deactivate/", {"reason": "left the team"})
    assert browser.get(PEOPLE).status_code == 404
    words = as_person(alice).get(PEOPLE).content.decode()
    assert "1 no longer in the review" in words


def test_to_remove_somebody_needs_a_reason(as_person, review, alice, bob):
    membership = review.memberships.get(user=bob)
    page = as_person(alice).post(f"{PEOPLE}{membership.pk}/deactivate/", {"reason": ""})
    assert page.status_code == 400
    membership.refresh_from_db()
    assert (membership.deactivated_at, Event.objects.count()) == (None, 0)


@pytest.mark.parametrize("who", ["bob", "olive"])
def test_everybody_may_leave(as_person, review, who, request):
    person = request.getfixturevalue(who)
    assert as_person(person).post(f"{PEOPLE}leave/")["Location"] == "/"
    assert review.memberships.get(user=person).deactivated_at is not None


def test_the_last_lead_may_not_leave(as_person, review, alice):
    page = as_person(alice).post(f"{PEOPLE}leave/", {"reason": "tired"})
    assert page.status_code == 409
    assert review.memberships.get(user=alice).deactivated_at is None


def test_a_member_of_another_review_is_out_of_reach(as_person, review, alice, mallory):
    elsewhere = factories.review(lead=mallory, slug="other").memberships.get()
    for act, fields in (("role", {"role": "observer", "reason": "x"}), ("deactivate", {"reason": "x"})):
        assert as_person(alice).post(f"{PEOPLE}{elsewhere.pk}/{act}/", fields).status_code == 404
    elsewhere.refresh_from_db()
    assert (elsewhere.role, elsewhere.deactivated_at, Event.objects.count()) == ("lead", None, 0)
