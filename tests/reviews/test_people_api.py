"""Tokens, reviews, people and invitations for programs; every error in the one shape."""

import pytest
from django.core.cache import cache
from rest_framework.test import APIClient

from reviews import members
from reviews.models import Event, Invitation, Membership, Review, User
from tests import factories
from tests.factories import PASSWORD


@pytest.fixture(autouse=True)
def _no_throttle_left_over():
    cache.clear()


@pytest.fixture
def api():
    """`api(bob)` is a program with bob's token."""

    def with_token(person) -> APIClient:
        client = APIClient()
        answer = client.post("/api/token/", {"email": person.email, "password": PASSWORD}, format="json")
        client.credentials(HTTP_AUTHORIZATION=f"Token {answer.json()['token']}")
        return client

    return with_token


def error(answer) -> dict:
    """The one shape of every API error, and nothing beside it."""
    body = answer.json()
    assert list(body) == ["error"] and sorted(body["error"]) == ["code", "kept", "mend", "what"]
    return body["error"]


# ---------------------------------------------------------------- tokens


def test_a_token_opens_the_door(api, alice):
    assert api(alice).get("/api/reviews/").json() == {"reviews": []}
    token = APIClient().post(
        "/api/token/", {"email": " ALICE@example.org", "password": PASSWORD}, format="json"
    )
    assert token.json()["token"] == alice.auth_token.key


def test_a_wrong_password_is_401_in_the_one_shape(alice):
    answer = APIClient().post(
        "/api/token/", {"email": "alice@example.org", "password": "wrong"}, format="json"
    )
    assert answer.status_code == 401
    assert error(answer) == {
        "code": "wrong_password",
        "what": "The e-mail address or the password is wrong.",
        "kept": "Nothing was changed.",
        "mend": "",
    }


def test_a_closed_account_gets_no_token_and_its_old_one_stops_working(api, alice):
    client = api(alice)
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert client.get("/api/reviews/").status_code in (401, 403)
    answer = APIClient().post(
        "/api/token/", {"email": "alice@example.org", "password": PASSWORD}, format="json"
    )
    assert answer.status_code == 401


def test_ten_wrong_passwords_lock_the_address_here_too(alice, settings):
    settings.AXES_ENABLED = True
    sent = {"email": "alice@example.org", "password": "wrong"}
    for _ in range(10):
        APIClient().post("/api/token/", sent, format="json")
    answer = APIClient().post("/api/token/", sent | {"password": PASSWORD}, format="json")
    assert answer.status_code == 429 and error(answer)["code"] == "locked_out"


def test_tries_for_a_token_are_throttled(alice):
    answers = [
        APIClient().post("/api/token/", {"email": f"p{n}@example.org", "password": "x"}, format="json")
        for n in range(31)
    ]
    assert [answer.status_code for answer in answers] == [401] * 30 + [429]
    assert error(answers[-1])["code"] == "throttled" and int(answers[-1]["Retry-After"]) > 0


@pytest.mark.parametrize("sent", [{}, {"email": "alice@example.org"}, {"email": "x", "password": "y"}, []])
def test_a_token_needs_both(db, sent):
    answer = APIClient().post("/api/token/", sent, format="json")
    assert answer.status_code == 400 and error(answer)["code"] == "invalid"


@pytest.mark.django_db
def test_signing_up_by_program():
    sent = {"email": "dora@example.org", "name": "Dora", "password": "four plain words here"}
    answer = APIClient().post("/api/sign-up/", sent, format="json")
    assert (answer.status_code, answer.json()) == (201, {"name": "Dora", "email": "dora@example.org"})
    answer = APIClient().post("/api/sign-up/", sent, format="json")
    assert (answer.status_code, error(answer)["code"]) == (409, "refused")
    weak = APIClient().post(
        "/api/sign-up/", sent | {"email": "e@example.org", "password": "1"}, format="json"
    )
    assert weak.status_code == 400
    assert (User.objects.count(), Event.objects.count()) == (1, 1)


# ---------------------------------------------------------------- reviews


def test_a_review_is_started_listed_read_and_changed(api, mallory):
    client = api(mallory)
    answer = client.post("/api/reviews/", {"title": "Bortezomib", "question": "?"}, format="json")
    made = answer.json()
    assert answer.status_code == 201
    assert {name: made[name] for name in ("slug", "title", "question", "registration", "role")} == {
        "slug": "bortezomib",
        "title": "Bortezomib",
        "question": "?",
        "registration": "",
        "role": "lead",
    }
    assert client.get("/api/reviews/").json() == {"reviews": [made]}
    assert client.get("/api/r/bortezomib/").json() == made
    changed = client.patch("/api/r/bortezomib/", {"registration": "CRD42", "reason": "got it"}, format="json")
    assert changed.json() == made | {"registration": "CRD42"}
    assert Event.objects.latest("pk").reason == "got it"


def test_a_review_without_a_title_is_not_started(api, mallory):
    answer = api(mallory).post("/api/reviews/", {"title": ""}, format="json")
    assert answer.status_code == 400 and "title" in error(answer)["what"]
    assert Review.objects.count() == 0


@pytest.mark.parametrize("rows", [1, 3])
def test_my_reviews_ask_the_same_questions_for_one_and_three(
    rows, as_person, alice, django_assert_num_queries
):
    for number in range(rows):
        factories.review(lead=alice, slug=f"r{number}")
    browser = as_person(alice)
    with django_assert_num_queries(3):
        browser.get("/api/reviews/")


def test_a_stranger_gets_404_and_a_reviewer_403_in_the_one_shape(api, review, mallory, bob):
    stranger = api(mallory).get("/api/r/myeloma/")
    assert stranger.status_code == 404 and error(stranger)["code"] == "not_found"
    reviewer = api(bob).patch("/api/r/myeloma/", {"title": "Mine"}, format="json")
    assert reviewer.status_code == 403 and error(reviewer)["code"] == "forbidden"
    review.refresh_from_db()
    assert review.title == "Plerixafor in myeloma"


# ---------------------------------------------------------------- people


def test_members_are_listed_with_addresses_for_leads_only(api, review, alice, bob):
    rows = api(alice).get("/api/r/myeloma/members/").json()["members"]
    assert [(row["name"], row["role"], row["email"]) for row in rows] == [
        ("Alice", "lead", "alice@example.org"),
        ("Bob", "reviewer", "bob@example.org"),
        ("Carol", "reviewer", "carol@example.org"),
        ("Olive", "observer", "olive@example.org"),
    ]
    assert "email" not in api(bob).get("/api/r/myeloma/members/").json()["members"][0]


@pytest.mark.parametrize("rows", [1, 3])
def test_members_ask_the_same_questions_for_one_and_three(
    rows, as_person, review, alice, django_assert_num_queries
):
    for number in range(rows):
        person = factories.person(f"p{number}")
        Membership.objects.create(review=review, user=person, role="reviewer", joined_at=review.created_at)
    browser = as_person(alice)
    with django_assert_num_queries(4):
        browser.get("/api/r/myeloma/members/")


def test_an_invitation_is_made_used_and_used_up(api, review, alice, mallory):
    answer = api(alice).post("/api/r/myeloma/invitations/", {"role": "observer", "days": 3}, format="json")
    made = answer.json()
    assert (answer.status_code, made["role"], answer["Cache-Control"]) == (201, "observer", "no-store")
    assert made["link"] == f"http://testserver/join/{made['secret']}/"
    joined = api(mallory).post("/api/join/", {"secret": made["secret"]}, format="json")
    assert joined.json() == {"review": "myeloma", "role": "observer"}
    used = api(factories.person("dora")).post("/api/join/", {"secret": made["secret"]}, format="json")
    assert (used.status_code, error(used)["what"]) == (409, "This invitation has been used.")


def test_an_invitation_is_taken_back_by_program(api, review, alice):
    invitation, _ = members.invite(review=review, by=alice, role="reviewer")
    client = api(alice)
    assert client.delete(f"/api/r/myeloma/invitations/{invitation.pk}/").status_code == 204
    assert client.delete(f"/api/r/myeloma/invitations/{invitation.pk}/").status_code == 409


def test_an_invitation_that_makes_no_sense_is_refused(api, review, alice):
    answer = api(alice).post("/api/r/myeloma/invitations/", {"role": "king"}, format="json")
    assert answer.status_code == 400 and "role" in error(answer)["what"]
    assert (Invitation.objects.count(), Event.objects.count()) == (0, 0)


def test_a_role_is_changed_and_a_member_removed_by_program(api, review, alice, bob):
    membership = review.memberships.get(user=bob)
    client, address = api(alice), f"/api/r/myeloma/members/{membership.pk}/"
    assert client.patch(address, {"role": "observer"}, format="json").status_code == 400
    changed = client.patch(address, {"role": "observer", "reason": "only reads now"}, format="json")
    assert (changed.status_code, changed.json()["role"]) == (200, "observer")
    assert client.delete(address, {}, format="json").status_code == 400
    gone = client.delete(address, {"reason": "left the team"}, format="json")
    assert gone.status_code == 200 and gone.json()["deactivated_at"] is not None
    assert [e.reason for e in Event.objects.order_by("pk")] == ["only reads now", "left the team"]


def test_anybody_leaves_by_program_but_the_last_lead(api, review, alice, olive):
    assert api(olive).post("/api/r/myeloma/leave/", {}, format="json").status_code == 200
    answer = api(alice).post("/api/r/myeloma/leave/", {}, format="json")
    assert (answer.status_code, error(answer)["what"]) == (409, "Alice is the only lead of this review.")
