"""The same verbs, several people at the same moment, on a database that lets them try."""

import threading
from collections.abc import Callable

import pytest
from django.db import connection

from reviews import audit, members
from reviews.models import Event, Invitation, Review, User
from reviews.refusals import Refused
from tests import factories


def at_once(*acts: Callable) -> list[str]:
    """Run every act in a thread of its own, released together; what each gave: 'done', or why not."""
    gate, outcomes = threading.Barrier(len(acts)), [""] * len(acts)

    def run(place: int, act: Callable) -> None:
        gate.wait()
        try:
            act()
            outcomes[place] = "done"
        except Refused as no:
            outcomes[place] = no.what
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(place, act)) for place, act in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("_again", range(5))
def test_two_leads_who_demote_each_other_at_once_leave_one_lead(_again):
    alice, bob = factories.person("alice"), factories.person("bob")
    review = factories.review(lead=alice, reviewers=[bob])
    review.memberships.update(role="lead")
    a, b = review.memberships.get(user=alice), review.memberships.get(user=bob)
    outcomes = at_once(
        lambda: members.change_role(by=alice, membership=b, role="reviewer", reason="me"),
        lambda: members.change_role(by=bob, membership=a, role="reviewer", reason="no, me"),
    )
    assert sorted(outcome.split()[-1] for outcome in outcomes) == ["done", "review."]
    assert review.memberships.filter(role="lead").count() == 1
    assert Event.objects.filter(verb="member.role_changed").count() == 1


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("_again", range(5))
def test_two_leads_who_leave_at_once_leave_one_lead(_again):
    alice, bob = factories.person("alice"), factories.person("bob")
    review = factories.review(lead=alice, reviewers=[bob])
    review.memberships.update(role="lead")
    a, b = review.memberships.get(user=alice), review.memberships.get(user=bob)
    outcomes = at_once(
        lambda: members.deactivate(by=alice, membership=a), lambda: members.deactivate(by=bob, membership=b)
    )
    assert outcomes.count("done") == 1
    assert review.memberships.filter(deactivated_at__isnull=True).count() == 1


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_one_link_opened_by_five_at_once_takes_in_one():
    alice = factories.person("alice")
    review = factories.review(lead=alice)
    _, secret = members.invite(review=review, by=alice, role="reviewer")
    five = [factories.person(f"p{n}") for n in range(5)]
    outcomes = at_once(*[lambda p=p: members.join(secret=secret, user=p) for p in five])
    assert sorted(outcomes) == ["This invitation has been used."] * 4 + ["done"]
    assert review.memberships.count() == 2
    assert Event.objects.filter(verb="member.joined").count() == 1


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_one_person_who_joins_five_times_at_once_joins_once():
    alice, dora = factories.person("alice"), factories.person("dora")
    review = factories.review(lead=alice)
    _, secret = members.invite(review=review, by=alice, role="reviewer")
    assert at_once(*[lambda: members.join(secret=secret, user=dora)] * 5) == ["done"] * 5
    assert review.memberships.count() == 2
    assert Event.objects.filter(verb="member.joined").count() == 1
    assert audit.verify(review).ok


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_one_person_with_two_links_at_once_joins_once_and_leaves_one_link_open():
    alice, dora = factories.person("alice"), factories.person("dora")
    review = factories.review(lead=alice)
    secrets = [members.invite(review=review, by=alice, role="reviewer")[1] for _ in range(2)]
    outcomes = at_once(*[lambda s=s: members.join(secret=s, user=dora) for s in secrets])
    assert sorted(outcomes) == ["You are a member of this review already, as reviewer.", "done"]
    assert Invitation.objects.filter(accepted_at__isnull=True).count() == 1


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_one_address_signed_up_five_times_at_once_makes_one_account():
    def sign_up():
        members.sign_up(email="dora@example.org", name="Dora", password="four plain words here")

    outcomes = at_once(*[sign_up] * 5)
    assert sorted(outcomes) == ["There is already an account with this e-mail address."] * 4 + ["done"]
    assert (User.objects.count(), Event.objects.count()) == (1, 1)
    assert audit.verify(None).ok


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_five_reviews_of_one_title_at_once_get_five_addresses():
    people = [factories.person(f"p{n}") for n in range(5)]
    outcomes = at_once(*[lambda p=p: members.create_review(by=p, title="Plerixafor") for p in people])
    assert outcomes == ["done"] * 5
    assert sorted(Review.objects.values_list("slug", flat=True)) == [
        "plerixafor",
        "plerixafor-2",
        "plerixafor-3",
        "plerixafor-4",
        "plerixafor-5",
    ]
